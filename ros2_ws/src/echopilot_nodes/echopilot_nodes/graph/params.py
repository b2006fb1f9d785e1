"""ROS parameters: each node's set is a frozen dataclass, declared once with description and range."""

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterValueException, ParameterException
from rclpy.node import Node

from echopilot_control.force.regulator import CROSSOVER_RAD_S, LOWEST_CROSSOVER_RAD_S
from echopilot_core import EchoPilotError

P = TypeVar("P")


def param(
    default: Any,
    description: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    live: bool = False,
) -> Any:
    """A dataclass field that becomes a ROS parameter; `low`/`high` bound numbers, `choices` strings.

    It is read-only unless `live`; the node then says what a change does.
    """
    metadata = {"description": description, "low": low, "high": high, "choices": choices, "live": live}
    return field(default=default, metadata=metadata)


def read_params(node: Node, kind: type[P]) -> P:
    """Declare every field of the dataclass `kind` on `node` and return the values; EchoPilotError on a bad one."""
    values: dict[str, Any] = {}
    for f in fields(kind):  # type: ignore[arg-type]
        assert f.default is not MISSING, f"parameter {f.name} needs a default"
        try:
            given = _whole_as_float(node, f.name, f.default)
            descriptor = _descriptor(f.default, f.metadata)
            value = node.declare_parameter(
                f.name, f.default if given is None else given, descriptor, given is not None
            ).value
        except (ParameterException, InvalidParameterValueException) as error:
            raise EchoPilotError(f"parameter {f.name}: {error}") from error
        choices = f.metadata["choices"]
        if choices and value not in choices:
            raise EchoPilotError(f"parameter {f.name} is {value!r}; valid: {', '.join(choices)}")
        values[f.name] = value
    return kind(**values)


def _whole_as_float(node: Node, name: str, default: Any) -> float | None:
    """The float that was meant where a whole number is given for one; None otherwise."""
    if not isinstance(default, float):
        return None
    given = node.declare_parameter(name, default, ParameterDescriptor(dynamic_typing=True)).value
    node.undeclare_parameter(name)
    return float(given) if isinstance(given, int) and not isinstance(given, bool) else None


def _descriptor(default: Any, metadata: Any) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(description=metadata["description"], read_only=not metadata["live"])
    if metadata["choices"]:
        descriptor.additional_constraints = f"one of: {', '.join(metadata['choices'])}"
    low, high = metadata["low"], metadata["high"]
    if low is None and high is None:
        return descriptor
    if isinstance(default, float):
        bound = FloatingPointRange(from_value=-1e300 if low is None else low, to_value=1e300 if high is None else high)
        descriptor.floating_point_range = [bound]
    else:
        lowest, highest = (-(2**62) if low is None else low), (2**62 if high is None else high)
        descriptor.integer_range = [IntegerRange(from_value=lowest, to_value=highest, step=1)]
    return descriptor


@dataclass(frozen=True)
class PerceptionParams:
    """The `perception` node."""

    model: str = param("", "model folder; empty: the shipped one")
    runtime: str = param(
        "auto", "auto, tensorrt, cuda, onnxruntime or torch; with :fp32, :fp16 or :int8 behind it for a precision"
    )
    lockstep: bool = param(True, "take every frame in order (reliable) instead of the newest")
    listeners: int = param(0, "lockstep: take the first frame when this many subscribe to the results", low=0)


@dataclass(frozen=True)
class ControllerParams:
    """The `controller` node."""

    lockstep: bool = param(True, "wait for due results and exam state before computing a tick")
    peer_timeout_s: float = param(0.5, "wall time after which a silent peer counts as absent [s]", low=0.01)
    max_force_setpoint_n: float = param(
        12.0, "operator's ceiling on the force set-point; can only lower it [N]", low=1.0, high=12.0
    )
    force_crossover_rad_s: float = param(
        CROSSOVER_RAD_S,
        "gain of the force loop; lower for a slow arm [rad/s]",
        low=LOWEST_CROSSOVER_RAD_S,
        high=CROSSOVER_RAD_S,
        live=True,
    )


@dataclass(frozen=True)
class SafetyParams:
    """The `safety` node."""

    command_wait_ms: int = param(
        30, "age of the newest command after which a tick is answered without one [ms]", low=10, high=50
    )
    zones: str = param("", "places to keep out of: 'NAME LEFT HEAD RADIUS; ...', meters from the xiphoid")
    absent: str = param(
        "", "what this robot has no sensor for, and safety does not wait for: 'skin' without a depth camera"
    )
    enabling_device: bool = param(False, "move only while operator/enabled says true at least every 0.1 s")


@dataclass(frozen=True)
class ExamParams:
    """The `exam` node."""

    out: str = param("out/exam", "folder of exam records; each exam writes a sub-folder")
    patient: str = param("", "identifier written into the record")
    lockstep: bool = param(True, "wait for the tick's status and due results")
    peer_timeout_s: float = param(0.5, "wall time after which a silent peer counts as absent [s]", low=0.01)
    calibration: str = param("out/calibration", "folder with probe.json and time.json; 'simulated': exact ones")
    run: str = param("", "protocol to start by itself once robot state is heard; empty: wait for exam/run")


@dataclass(frozen=True)
class ManagerParams:
    """The `lifecycle_manager` node."""

    nodes: str = param("perception controller exam", "lifecycle nodes in the order of activation, blank separated")
    call_timeout_s: float = param(60.0, "wall time for one transition [s]", low=0.1)


@dataclass(frozen=True)
class RecorderParams:
    """The `recorder` node."""

    out: str = param("out/exam", "folder for recordings where there is no exam folder on this machine")
    attach: str = param("", "files to attach, such as calibrations, blank separated")
    max_megabytes: int = param(500, "frames stop being recorded at this file size [MB]", low=1)
    idle_frame_hz: float = param(5.0, "rate of frames outside sweep, hold and record [Hz]", low=0.0)
    record_all_frames: bool = param(False, "keep every frame, as for a replayed clip")


@dataclass(frozen=True)
class RobotBridgeParams:
    """The `robot_bridge` node."""

    arm: str = param("topics", "driver of the arm: topics (docs/hardware.md), or fr3:HOST (docs/fr3.md)")
    description: str = param(
        "fr3_like",
        "URDF file of the arm with links base and probe, or the name of a shipped one: fr3, fr3_like, ur5e_like",
    )
    rate: float = param(500.0, "rate of the driver's joint states [Hz]", low=50.0, high=2000.0)
    joint_states: str = param("driver/joint_states", "topic of the driver's JointState")
    transforms: str = param("", "topic of tf in the place of joint_states; empty: joint_states")
    wrench: str = param("robot/ft_raw", "topic of the force sensor's WrenchStamped, with the tool's weight and bias")
    command: str = param("driver/commands", "topic of joint velocities, or of twists where command_kind says so")
    command_kind: str = param(
        "joint_velocities",
        "joint_velocities: Float64MultiArray of a forward_command_controller; twists: TwistStamped of MoveIt Servo",
        choices=("joint_velocities", "twists"),
    )
    sensor_link: str = param("", "link of the description in whose frame the sensor reads; empty: its frame_id")
    sensor_sign: int = param(1, "1: the sensor tells the force on the tool; -1: the force of the tool", low=-1, high=1)
    filter_s: float = param(0.004, "window of the mean over wrenches [s]; half of it is delay", low=0.0, high=0.05)
    calibration: str = param("", "folder with tool.json; empty: the tool of the description")
    rest: str = param("", "joint positions that free motion returns to [rad], blank separated; empty: at the start")
    pull: str = param("", "how fast each joint would return there [1/s], blank separated; empty: 0.4")
    driver_clock: str = param(
        "ros", "own: the driver's stamps count from any time and are moved", choices=("ros", "own")
    )
    self_collision: bool = param(True, "refuse motions that bring two links of the arm together")


@dataclass(frozen=True)
class ProbeSourceParams:
    """The `probe_source` node."""

    clip: str = param("", "clip: DICOM, video, images, bag (docs/clips.md)")
    scanner: str = param(
        "",
        "live scanner instead of a clip: v4l2:DEVICE, igtl:HOST:PORT, igtl-listen:HOST:PORT, topic:NAME or bag:FILE "
        "(docs/scanners.md)",
    )
    calibration_image: str = param("", "image of a live scanner's screen that gives crop and scale, with depth_m")
    rate: float = param(1.0, "speed relative to the clip's own frame times", low=0.01)
    lossless: bool = param(False, "send the next frame only after perception answered the last one")
    loop: bool = param(False, "start again at the end (sequence and stamps go on)")
    depth_m: float = param(
        0.0,
        "depth of the sector [m] of images without a scale, 0: not known; of a live scanner also while it runs",
        low=0.0,
        high=0.4,
        live=True,
    )
    mirror: bool = param(False, "exchange left and right: the marker of the clip's display was on the left")
    listeners: int = param(1, "lossless: begin when this many subscribe to the frames", low=1)
    ends: bool = param(False, "end this process once the clip has ended, and under ros2 launch the graph with it")


@dataclass(frozen=True)
class IgtlServerParams:
    """The `igtl_server` node."""

    host: str = param("127.0.0.1", "address of this machine to listen on; whoever reaches it sees the images")
    port: int = param(18944, "port to listen on; 0: any free one", low=0, high=65535)
    commands: bool = param(False, "pass settings that clients ask for (SetUsParameter) on to the scanner")


@dataclass(frozen=True)
class PageParams:
    """The `page` node."""

    host: str = param("127.0.0.1", "address to listen on; anything but loopback needs a certificate and passwords")
    port: int = param(8080, "port to listen on; 0: any free one", low=0, high=65535)
    passwords: str = param("", "file made by `echopilot page password`; empty: the user's own")
    certificate: str = param("", "PEM file of the TLS certificate")
    key: str = param("", "PEM file of its key")
    names: str = param("", "names in the certificate by which browsers reach this page, blank separated")
    audit: str = param("", "file of the audit log of commands; empty: the user's own")
    foxglove_port: int = param(0, "port of a read-only Foxglove server on loopback; 0: none", low=0, high=65535)

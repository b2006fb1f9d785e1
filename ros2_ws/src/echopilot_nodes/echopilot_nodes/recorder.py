"""Node `recorder`: the graph's topics into one MCAP file that ROS 2 tools, rosbags and Foxglove read."""

import struct
import time
from pathlib import Path
from typing import Any

from echopilot_msgs.msg import (
    BodyLandmarks,
    ControlStatus,
    ExamState,
    Finding,
    Measurement,
    PerceptionResult,
    ProbeCommand,
    RobotState,
    SafetyState,
    UltrasoundFrame,
)
from geometry_msgs.msg import TwistStamped, WrenchStamped
from mcap.writer import CompressionType, Writer
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import String

from echopilot_core import to_ns
from echopilot_nodes import names, qos
from echopilot_nodes.message_definitions import definition
from echopilot_nodes.params import RecorderParams, read_params
from echopilot_nodes.process import run
from tf2_msgs.msg import TFMessage

FILE_NAME = "recording.mcap"
FULL_RATE_STATES = frozenset({"SWEEP", "HOLD", "RECORD"})
WITHOUT_HEADER = (String, TFMessage)
TOPICS: tuple[tuple[type, str, QoSProfile], ...] = (
    (UltrasoundFrame, names.PROBE_FRAME, qos.FRAMES_RECORDED),
    (PerceptionResult, names.PERCEPTION_RESULT, qos.STATE_RECORDED),
    (RobotState, names.ROBOT_STATE, qos.STATE_RECORDED),
    (WrenchStamped, names.ROBOT_MEASURED_CF, qos.STATE_RECORDED),
    (JointState, names.JOINT_STATES, qos.STATE_RECORDED),
    (TFMessage, names.TF, qos.STATE_RECORDED),
    (String, names.ROBOT_DESCRIPTION, qos.LATCHED),
    (PointCloud2, names.BODY_SURFACE, qos.STATE_RECORDED),
    (BodyLandmarks, names.BODY_LANDMARKS, qos.LATCHED),
    (ProbeCommand, names.CONTROL_COMMAND, qos.STATE_RECORDED),
    (TwistStamped, names.ROBOT_SERVO_CV, qos.STATE_RECORDED),
    (ControlStatus, names.CONTROL_STATUS, qos.STATE_RECORDED),
    (SafetyState, names.SAFETY_STATE, qos.STATE_RECORDED),
    (ExamState, names.EXAM_STATE, qos.STATE_RECORDED),
    (Measurement, names.EXAM_MEASUREMENTS, qos.EVENTS),
    (Finding, names.EXAM_FINDINGS, qos.EVENTS),
)


class Recorder(Node):
    """Writes messages as they came over the wire. Times in the file are the messages' own stamps.

    Frames are kept in full while the exam sweeps, holds or records, and at a low rate otherwise.
    """

    def __init__(self) -> None:
        super().__init__("recorder")
        self._params = read_params(self, RecorderParams)
        folder = Path(self._params.out)
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / FILE_NAME).open("wb")
        self._writer = Writer(self._file, compression=CompressionType.ZSTD)
        self._writer.start(profile="ros2", library="echopilot")
        self._counts: dict[str, int] = {}
        self._full_rate = self._params.record_all_frames
        self._last_frame_ns = -(2**62)
        self._newest_ns = 0
        self._is_full = False
        for kind, name, profile in TOPICS:
            self._record(kind, name, profile)

    def _record(self, kind: Any, name: str, profile: QoSProfile) -> None:
        package, module = kind.__module__.split(".")[0], "msg"
        type_name = f"{package}/{module}/{kind.__name__}"
        schema = self._writer.register_schema(type_name, "ros2msg", definition(type_name).encode())
        channel = self._writer.register_channel(self.resolve_topic_name(name), "cdr", schema)
        handlers = {UltrasoundFrame: self._wants_frame, ExamState: self._follow_exam}
        wants = handlers.get(kind)
        stamped = kind not in WITHOUT_HEADER

        def write(raw: bytes) -> None:
            stamp_ns = self._stamp_ns(raw) if stamped else self._newest_ns
            if wants is not None and not wants(raw, stamp_ns):
                return
            count = self._counts[name] = self._counts.get(name, 0) + 1
            self._writer.add_message(channel, max(stamp_ns, 0), raw, max(stamp_ns, 0), count)

        self.create_subscription(kind, name, write, profile, raw=True)

    def _stamp_ns(self, raw: bytes) -> int:
        """Stamp of a message that begins with a header: two 32-bit words after the CDR encapsulation."""
        sec, nanosec = struct.unpack_from("<iI" if raw[1] & 1 else ">iI", raw, 4)
        self._newest_ns = int(sec) * 1_000_000_000 + int(nanosec)
        return self._newest_ns

    def _follow_exam(self, raw: bytes, stamp_ns: int) -> bool:
        state: ExamState = deserialize_message(raw, ExamState)
        self._full_rate = self._params.record_all_frames or state.state in FULL_RATE_STATES
        return True

    def _wants_frame(self, raw: bytes, stamp_ns: int) -> bool:
        if self._is_full:
            return False
        if self._file.tell() > self._params.max_megabytes * 1_000_000:
            self._is_full = True
            self.get_logger().warning(f"{self._params.max_megabytes} MB reached: frames are no longer recorded")
            return False
        rate_hz = self._params.idle_frame_hz
        due = rate_hz > 0.0 and abs(stamp_ns - self._last_frame_ns) >= to_ns(1.0 / rate_hz)
        if self._full_rate or due:
            self._last_frame_ns = stamp_ns
            return True
        return False

    def close(self) -> None:
        """Finish the file: index and footer."""
        started_s = time.monotonic()
        self._writer.finish()
        self._file.close()
        total = sum(self._counts.values())
        print(f"recorder: {total} messages written, file closed in {time.monotonic() - started_s:.1f} s")


def main() -> None:
    """Run the node until a signal comes."""
    run(Recorder)


if __name__ == "__main__":
    main()

"""Node `arm_driver`: the simulated arm over its patient as hardware would be, in wall time, behind topics of a driver.

It publishes driver/joint_states and robot/ft_raw as a driver does, frames as a scanner, skin and landmarks as a depth
camera and an operator's pointer do; it takes joint velocities and knows nothing of twists, safety or a hold.
`driver/take_off` is the operator's hand that takes the probe off the patient.
"""

import math
import time
from dataclasses import replace
from typing import Any, Literal, TypeVar, cast

import numpy as np
from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from geometry_msgs.msg import WrenchStamped
from rcl_interfaces.msg import SetParametersResult
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger
from ultrasound_msgs.msg import UltrasoundFrame
from ultrasound_msgs.srv import SetImaging

from echopilot_core import BodyLandmarks, BodySurface, EchoPilotError, Frame, ScannerSettings, to_ns, to_s
from echopilot_core.timing import SURFACE_TICKS, TICK_NS
from echopilot_nodes.diagnostics.health import Health, Severity
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.params import read_params
from echopilot_nodes.graph.process import freeze_heap, run
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.arm.arm_models import ArmName
from echopilot_sim.arm.joint_driven import JointDrivenSimulation
from echopilot_sim.bmode.imaging_limits import check_imaging
from echopilot_sim.frame_schedule import STEP_NS
from echopilot_sim.frame_state import FrameState
from echopilot_sim.render_thread import RenderThread
from echopilot_sim.simulation import SimConfig
from echopilot_sim_nodes.imaging_request import asked_settings
from echopilot_sim_nodes.params import ArmDriverParams
from echopilot_sim_nodes.render_process import RenderProcess
from echopilot_wire import to_cloud, to_frame, to_landmarks, to_time
from echopilot_wire.store import geometry_msgs, sensor_msgs, std_msgs

T = TypeVar("T", Frame, BodySurface, BodyLandmarks)

SENSOR_FRAME = "probe"
HAND_M_S, HAND_S = 0.02, 2.0
SILENT_S = 0.1  # an arm stops by itself when commands stay away for so long
RATES_HZ = (1000, 500, 250, 200, 125, 100)
SURFACE_STEPS = SURFACE_TICKS * TICK_NS // STEP_NS


class ArmDriver(Node):
    """Steps the physics at the pace of the wall clock; stamps are ROS time, unless a fault of the clock is tried."""

    def __init__(self) -> None:
        super().__init__("arm_driver")
        self._params = p = read_params(self, ArmDriverParams)
        if p.rate not in RATES_HZ:
            raise EchoPilotError(f"parameter rate is {p.rate:g}; valid: {', '.join(map(str, RATES_HZ))}")
        quality: Literal["full", "fast"] = "full" if p.quality == "full" else "fast"
        config = SimConfig(frame_hz=p.frame_hz, quality=quality, arm=cast(ArmName, p.arm), gel_m=p.gel)
        self._simulation = JointDrivenSimulation(sample_patient(p.seed), config)
        self._steps = round(1000 / p.rate)
        self._stamps, self._shift_ns = p.stamps, to_ns(p.clock_shift)
        self._commanded_s = self._hand_s = -math.inf
        self._began_ns = 0  # ROS time of the simulation's zero
        self._behind_s = 0.0  # longest that a sample was late since the last look
        self._imaging: ScannerSettings | None = None
        state = qos.STATE_OFFERED
        self._joints = Outlet(self, JointState, "driver/joint_states", lambda message: message, state)
        self._wrenches = Outlet(self, WrenchStamped, topics.ROBOT_FT_RAW, lambda message: message, state)
        self._frames = Outlet(self, UltrasoundFrame, topics.PROBE_FRAME, to_frame, qos.FRAMES_OFFERED)
        self._surface = Outlet(self, PointCloud2, topics.BODY_SURFACE, to_cloud, qos.ANSWER_OFFERED)
        self._landmarks = Outlet(self, BodyLandmarksMsg, topics.BODY_LANDMARKS, to_landmarks, qos.LATCHED)
        self._renderer = RenderProcess(p.seed, config)
        self._images = RenderThread(self._renderer.render, self._publish_image, lossless=False)
        self._diagnostics = Diagnostics(self, self._health, hardware_id=f"simulated {p.arm}")
        self.create_subscription(Float64MultiArray, "driver/commands", self._on_command, qos.COMMAND)
        self.create_service(Trigger, "driver/take_off", self._on_hand)
        self.create_service(SetImaging, topics.SET_IMAGING, self._on_imaging)
        self.add_on_set_parameters_callback(self._on_parameters)

    def run(self, executor: Executor) -> None:
        """Compile the kernels with a first frame, then follow the wall clock until the context is shut down."""
        self._renderer.render(self._simulation.run(1)[0])
        freeze_heap()
        self._began_ns = time.time_ns() - self._simulation.now_ns
        began_ns = time.monotonic_ns() - self._simulation.now_ns
        self._landmarks.send(self._stamped(self._simulation.landmarks()))
        while True:
            due_ns = self._simulation.now_ns + self._steps * STEP_NS
            left_s = to_s(began_ns + due_ns - time.monotonic_ns())
            if left_s > 0.0:
                executor.spin_once(timeout_sec=left_s)
                continue
            executor.spin_once(timeout_sec=0.0)
            self._behind_s = max(self._behind_s, -left_s)
            if time.monotonic() - self._hand_s < HAND_S:
                self._simulation.joints.lift(HAND_M_S)
            elif time.monotonic() - self._commanded_s > SILENT_S:
                self._simulation.joints.command(np.zeros(len(self._simulation.joint_state.names)))
            if self._imaging is not None:
                self._simulation.imaging, self._imaging = self._imaging, None
            self._images.put(self._simulation.run(self._steps))
            self._tell_sample()

    def close(self) -> None:
        """End the rendering thread and its process."""
        self._images.close()
        self._renderer.close()

    def _tell_sample(self) -> None:
        now_ns, joints = self._simulation.now_ns, self._simulation.joint_state
        if self._stamps != "stand":
            self._stamp = to_time(0 if self._stamps == "zero" else self._began_ns + now_ns + self._shift_ns)
        fx, fy, fz, tx, ty, tz = self._simulation.joints.raw.tolist()
        vector = geometry_msgs.Vector3
        wrench = geometry_msgs.Wrench(vector(fx, fy, fz), vector(tx, ty, tz))
        self._wrenches.send(geometry_msgs.WrenchStamped(std_msgs.Header(self._stamp, SENSOR_FRAME), wrench))
        self._joints.send(
            sensor_msgs.JointState(
                std_msgs.Header(self._stamp, ""),
                list(joints.names),
                joints.position_rad,
                joints.velocity_rad_s,
                joints.torque_n_m,
            )
        )
        if now_ns // STEP_NS % SURFACE_STEPS < self._steps:
            self._surface.send(self._stamped(self._simulation.surface()))

    def _stamped(self, item: T) -> T:
        """A thing of the simulation in ROS time."""
        return replace(item, stamp_ns=self._began_ns + item.stamp_ns)

    def _publish_image(self, frame_state: FrameState, frame: Frame) -> None:
        self._frames.send(self._stamped(frame))

    def _on_command(self, message: Float64MultiArray) -> None:
        velocity = np.array(message.data, dtype=np.float64)
        if velocity.shape == (len(self._simulation.joint_state.names),) and np.isfinite(velocity).all():
            self._commanded_s = time.monotonic()
            self._simulation.joints.command(velocity)

    def _on_hand(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._hand_s = time.monotonic()
        response.success, response.message = True, f"the probe rises by {1e3 * HAND_M_S * HAND_S:.0f} mm"
        return response

    def _on_imaging(self, request: SetImaging.Request, response: SetImaging.Response) -> SetImaging.Response:
        try:
            asked = asked_settings(request, self._imaging or self._simulation.imaging)
            check_imaging(asked)
        except (EchoPilotError, ValueError) as error:
            response.message = str(error)
        else:
            self._imaging, response.success, response.message = asked, True, "acts at once"
        return response

    def _on_parameters(self, changed: "list[Parameter[Any]]") -> SetParametersResult:
        for parameter in changed:
            if parameter.name == "stamps":
                self._stamps = parameter.value
            elif parameter.name == "clock_shift":
                self._shift_ns = to_ns(parameter.value)
        return SetParametersResult(successful=True)

    def _health(self) -> Health:
        simulation = self._simulation
        values: dict[str, object] = {
            "largest true force [N]": simulation.max_normal_force_n,
            "true force [N]": simulation.true_normal_force_n,
            "late at most [ms]": 1e3 * self._behind_s,
        }
        self._behind_s = 0.0
        return Health("drives the arm" if self._began_ns else "compiles", Severity.OK, values)


def main() -> None:
    """Run the node until a signal comes."""
    run(ArmDriver)


if __name__ == "__main__":
    main()

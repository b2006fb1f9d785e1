"""Node `crtk`: the probe as an arm of the CRTK convention, for the consoles of surgical robots (docs/crtk.md)."""

import numpy as np
from echopilot_msgs.msg import RobotState as RobotStateMsg
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from geometry_msgs.msg import PoseStamped, TwistStamped, WrenchStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool

from crtk_msgs.msg import OperatingState, StringStamped
from echopilot_control.console import Console
from echopilot_core import Array, RobotState, SafetyState, se3
from echopilot_core.robot_interface import SILENCE_NS
from echopilot_nodes.diagnostics.health import Health
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.process import run
from echopilot_wire import (
    from_robot_state,
    from_safety_state,
    to_jog,
    to_joint_state,
    to_measured_cf,
    to_measured_cp,
    to_measured_cv,
)

FRAMES = ("", "base")
SAID_TICKS = 100  # the operating state is repeated this often


class Crtk(Node):
    """Hears a console, and speaks to the controller as a stick does: nothing here reaches the robot but by safety."""

    def __init__(self) -> None:
        super().__init__("crtk")
        self._console = Console()
        self._robot: RobotState | None = None
        self._safety: SafetyState | None = None
        self._had_control = False
        self._said: tuple[str, bool] = ("", False)
        state, command = qos.STATE_OFFERED, qos.COMMAND
        self._states = self.create_publisher(OperatingState, topics.CRTK_OPERATING_STATE, qos.LATCHED)
        self._cp = Outlet(self, PoseStamped, topics.CRTK_MEASURED_CP, to_measured_cp, state)
        self._cv = Outlet(self, TwistStamped, topics.CRTK_MEASURED_CV, to_measured_cv, state)
        self._cf = Outlet(self, WrenchStamped, topics.CRTK_MEASURED_CF, to_measured_cf, state)
        self._js = Outlet(self, JointState, topics.CRTK_MEASURED_JS, to_joint_state, state)
        self._jogs = Outlet(self, TwistStamped, topics.CONTROL_JOG, to_jog, state)
        self._control = self.create_publisher(Bool, topics.CONTROL_CONSOLE, state)
        self._diagnostics = Diagnostics(self, lambda: Health(f"console {self._console.state.value}"))
        Inlet(self, RobotStateMsg, topics.ROBOT_STATE, from_robot_state, qos.STATE_LOCKSTEP, self._on_robot)
        Inlet(self, SafetyStateMsg, topics.SAFETY_STATE, from_safety_state, qos.ANSWER_LOCKSTEP, self._on_safety)
        self.create_subscription(StringStamped, topics.CRTK_STATE_COMMAND, self._on_command, command)
        self.create_subscription(TwistStamped, topics.CRTK_SERVO_CV, self._on_servo_cv, command)
        self.create_subscription(PoseStamped, topics.CRTK_SERVO_CP, lambda m: self._on_pose(m, False), command)
        self.create_subscription(PoseStamped, topics.CRTK_MOVE_CP, lambda m: self._on_pose(m, True), command)

    def _on_safety(self, safety: SafetyState) -> None:
        if self._safety is None or safety.stamp_ns >= self._safety.stamp_ns:
            self._safety = safety

    def _on_robot(self, robot: RobotState) -> None:
        self._robot = robot
        safety = self._safety
        heard = safety is not None and robot.stamp_ns - safety.stamp_ns < SILENCE_NS
        jog = self._console.step(robot, safety if heard else None)
        if jog is not None:
            self._jogs.send(robot.stamp_ns, jog)
        if jog is not None or self._had_control:
            self._control.publish(Bool(data=jog is not None))
        self._had_control = jog is not None
        self._cp.send(robot)
        self._cv.send(robot)
        self._cf.send(robot.stamp_ns, robot.wrench)
        self._js.send(robot)
        self._say(robot.tick % SAID_TICKS == 0)

    def _on_command(self, message: StringStamped) -> None:
        self._refuse(self._console.command(message.string, self._robot))
        if self._robot is not None and self._console.has_control and not self._had_control:
            self._control.publish(Bool(data=True))  # with the next tick is a tick too late
            self._had_control = True
        self._say()

    def _on_servo_cv(self, message: TwistStamped) -> None:
        v, w = message.twist.linear, message.twist.angular
        if self._robot is not None and self._is_of_base(message.header.frame_id):
            self._refuse(self._console.servo_cv(np.array([v.x, v.y, v.z, w.x, w.y, w.z]), self._robot.stamp_ns))

    def _on_pose(self, message: PoseStamped, moves: bool) -> None:
        if self._robot is not None and self._is_of_base(message.header.frame_id):
            self._refuse(self._console.servo_cp(_pose(message), self._robot.stamp_ns, moves))

    def _is_of_base(self, frame: str) -> bool:
        if frame not in FRAMES:
            self._refuse(f"frame_id is {frame[:20]!r}; expected base, or none")
        return frame in FRAMES

    def _refuse(self, why: str) -> None:
        if why:
            self.get_logger().warning(why, throttle_duration_sec=1.0)

    def _say(self, again: bool = True) -> None:
        console = self._console
        now = (console.state.value, console.is_busy)
        if not again and now == self._said:
            return
        self._said = now
        message = OperatingState(state=now[0], is_homed=console.is_homed, is_busy=now[1])
        message.header.stamp = self.get_clock().now().to_msg()
        self._states.publish(message)


def _pose(message: PoseStamped) -> Array:
    p, q = message.pose.position, message.pose.orientation
    quaternion = np.array([q.x, q.y, q.z, q.w])
    norm = float(np.linalg.norm(quaternion))
    if not 0.5 < norm < 2.0:
        return np.full((4, 4), np.nan)
    return se3.transform(se3.from_quaternion(quaternion / norm), np.array([p.x, p.y, p.z]))


def main() -> None:
    """Run the node until a signal comes."""
    run(Crtk)


if __name__ == "__main__":
    main()

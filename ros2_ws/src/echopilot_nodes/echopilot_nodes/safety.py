"""Node `safety`: the last process in the command path; answers every robot tick exactly once."""

import time
from dataclasses import replace

from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from echopilot_msgs.msg import ExamState as ExamStateMsg
from echopilot_msgs.msg import ProbeCommand as ProbeCommandMsg
from echopilot_msgs.msg import RobotState as RobotStateMsg
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from echopilot_msgs.srv import ResetSafety
from geometry_msgs.msg import TwistStamped
from numpy import float64, inf, isfinite
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from echopilot_control.safety import Limits, SafetyInputs, SafetyMemory, Zone, check, log_line
from echopilot_control.safety.command_checks import CONTROLLER
from echopilot_control.safety.zones import on_skin, read_zones
from echopilot_core import BodyLandmarks, BodySurface, ProbeCommand, RobotState, SafetyMode, SteadyClock, to_ns
from echopilot_nodes import conversions as conv
from echopilot_nodes import names, qos
from echopilot_nodes.bond import Bonds
from echopilot_nodes.chain import Joint, manipulability, read_chain
from echopilot_nodes.clock import NodeClock, wall_clock
from echopilot_nodes.exam_goals import ExamGoals, TimedGoal, exam_tick_needed
from echopilot_nodes.joint_limits import joint_limits_rad
from echopilot_nodes.lockstep import Gate, Inbox
from echopilot_nodes.params import SafetyParams, read_params
from echopilot_nodes.process import run
from echopilot_nodes.rates import SURFACE_TICKS

COMMANDERS_EVERY_TICKS = 10
WATCH_S = 0.05  # wall time between looks at the age of the robot state
EXAM, BODY = "exam", "body"
ENABLE_S = 0.1  # an enabling device that is silent for longer counts as released
TICK_NS = 10_000_000
LATCHED = (SafetyMode.RETRACT, SafetyMode.STOPPED)
_NS_PER_MS = 1_000_000


class Safety(Node):
    """Checks the command of a tick when it arrives, or the tick alone when the newest command is too old.

    The twist leaves before the state of the same tick; a state without a twist tells the robot side that the tick
    has none. The running goal's preset chooses the row of the limits; in lockstep a tick waits for it as the controller
    does, because the two hear the exam independently.
    """

    def __init__(self) -> None:
        super().__init__("safety")
        params = read_params(self, SafetyParams)
        self._wait_ns = params.command_wait_ms * _NS_PER_MS
        self._limits = Limits()
        self._marked = read_zones(params.zones)
        self._has_enabling_device = params.enabling_device
        self._is_simulated = bool(self.get_parameter("use_sim_time").value)
        self._bonds = Bonds(self.get_namespace(), self.get_logger().error)
        self._memory = SafetyMemory()
        self._time = NodeClock(self)
        self._robot: RobotState | None = None
        self._command: ProbeCommand | None = None
        self._landmarks: BodyLandmarks | None = None
        self._surface: BodySurface | None = None
        self._surfaces: Inbox[BodySurface] = Inbox(4)
        self._zones: tuple[Zone, ...] | None = None
        self._enabled, self._enabled_ns = False, 0
        self._joint_limits_rad: NDArray[float64] | None = None
        self._chain: tuple[Joint, ...] = ()
        self._goals = ExamGoals()
        self._gate = Gate(SteadyClock())
        self._exam_heard = False
        self._reset = self._stop = self._lift_off = False
        self._commanders = 1
        self._answered_ns = -1
        self._first_ns: int | None = None
        self._answer: tuple[TwistStamped | None, SafetyStateMsg] | None = None
        self._mode = SafetyMode.OK
        self._reasons: tuple[str, ...] = ()
        self._twists = self.create_publisher(TwistStamped, names.ROBOT_SERVO_CV, qos.COMMAND)
        self._states = self.create_publisher(SafetyStateMsg, names.SAFETY_STATE, qos.ANSWER_OFFERED)
        self.create_subscription(ProbeCommandMsg, names.CONTROL_COMMAND, self._on_command, qos.COMMAND)
        self.create_subscription(RobotStateMsg, names.ROBOT_STATE, self._on_robot, qos.STATE_LOCKSTEP)
        self.create_subscription(BodyLandmarksMsg, names.BODY_LANDMARKS, self._on_landmarks, qos.LATCHED)
        self.create_subscription(ExamStateMsg, names.EXAM_STATE, self._on_exam, qos.ANSWER_LOCKSTEP)
        self.create_subscription(PointCloud2, names.BODY_SURFACE, self._on_surface, qos.ANSWER_LOCKSTEP)
        if self._has_enabling_device:
            self.create_subscription(Bool, names.OPERATOR_ENABLED, self._on_enabled, qos.STATE)
        self.create_subscription(String, names.ROBOT_DESCRIPTION, self._on_description, qos.LATCHED)
        self.create_service(ResetSafety, names.RESET_SAFETY, self._on_reset)
        self.create_service(ResetSafety, names.SAFETY_LIFT_OFF, self._on_lift_off)
        self.create_service(Trigger, names.SAFETY_STOP, self._on_stop)
        self.create_timer(WATCH_S, self._watch, clock=wall_clock())

    def _on_landmarks(self, message: BodyLandmarksMsg) -> None:
        self._landmarks = conv.from_landmarks(message)
        self._zones = None

    def _on_surface(self, message: PointCloud2) -> None:
        try:
            surface = conv.from_cloud(message)
        except ValueError as error:
            self.get_logger().error(f"body surface refused: {error}", throttle_duration_sec=1.0)
            return
        self._surfaces.put(surface.stamp_ns, surface)
        self._gate.heard(BODY, surface.stamp_ns)
        self._answer_command()

    def _on_enabled(self, message: Bool) -> None:
        self._enabled, self._enabled_ns = bool(message.data), self._time.now_ns()

    def _on_description(self, message: String) -> None:
        try:
            self._joint_limits_rad = joint_limits_rad(message.data)
            self._chain = read_chain(message.data)
        except ValueError as error:
            self.get_logger().error(f"joint limits and singular poses are not checked: {error}")

    def _on_exam(self, message: ExamStateMsg) -> None:
        try:
            timed = TimedGoal(conv.from_time(message.header.stamp), conv.from_goal(message.goal), message.active)
            self._goals.put(message.tick, timed)
        except ValueError as error:
            self.get_logger().error(f"exam state refused: {error}", throttle_duration_sec=1.0)
        self._exam_heard = True
        self._gate.heard(EXAM, message.tick)
        self._answer_command()

    def _on_robot(self, message: RobotStateMsg) -> None:
        try:
            robot = conv.from_robot_state(message)
        except ValueError as error:
            self.get_logger().error(f"robot state refused: {error}", throttle_duration_sec=1.0)
            return
        if self._robot is not None and robot.tick < self._robot.tick:
            self._restart()
        self._robot = robot
        self._time.hear(robot.stamp_ns)
        if robot.tick % COMMANDERS_EVERY_TICKS == 0:
            self._commanders = max(1, self.count_publishers(names.CONTROL_COMMAND))
        if robot.stamp_ns == self._answered_ns:
            self._send()  # a repeated tick: the robot side did not hear the answer
            return
        if self._exam_heard and robot.due_frame_sequence >= 0:
            self._gate.expect(EXAM, exam_tick_needed(robot.tick))
        if robot.due_frame_sequence >= 0 and robot.tick >= SURFACE_TICKS:
            self._gate.expect(BODY, robot.tick // SURFACE_TICKS * SURFACE_TICKS * TICK_NS)
        if robot.stamp_ns - self._newest_ns(robot) >= self._wait_ns or CONTROLLER in self._bonds.lost():
            self._decide(robot)
        else:
            self._answer_command()

    def _on_command(self, message: ProbeCommandMsg) -> None:
        self._command = conv.from_probe_command(message)
        self._answer_command()

    def _answer_command(self) -> None:
        """Decide the tick once a command that is not older and, in lockstep, the goal in force are here."""
        robot, command = self._robot, self._command
        if robot is None or command is None or robot.stamp_ns == self._answered_ns:
            return
        if command.stamp_ns >= robot.stamp_ns and self._gate.is_open():
            self._decide(robot)

    def _watch(self) -> None:
        """A robot that fell silent: safety says so and latches, although there is no tick to answer."""
        robot = self._robot
        if robot is not None and self._time.now_ns() - robot.stamp_ns > to_ns(self._limits.robot_age_s):
            self._decide(robot)

    def _newest_ns(self, robot: RobotState) -> int:
        """Stamp of the newest command; before the first one, a tick before the first state, which then waits too."""
        if self._command is not None:
            return self._command.stamp_ns
        if self._first_ns is None:
            self._first_ns = robot.stamp_ns - 1
        return self._first_ns

    def _decide(self, robot: RobotState) -> None:
        now_ns = self._time.now_ns()
        lockstep = robot.due_frame_sequence >= 0
        self._goals.at(robot.tick, robot.stamp_ns, lockstep)
        self._surface = self._surfaces.newest_until(robot.stamp_ns if lockstep else None, self._surface)
        inputs = SafetyInputs(
            now_ns=now_ns,
            robot=robot,
            command=self._command,
            landmarks=self._landmarks,
            preset=self._goals.fresh_preset(robot.stamp_ns),
            commanders=self._commanders,
            operator_stop=self._stop,
            reset=self._reset,
            lift_off=self._lift_off,
            joint_limits_rad=self._joint_limits_rad,
            surface=self._surface,
            zones=self._zones_now(),
            manipulability=self._manipulability(robot),
            lost_nodes=self._bonds.lost(),
            enabled=self._is_enabled(now_ns) if self._has_enabling_device else None,
            clock_offset_ns=0 if self._is_simulated else time.time_ns() - time.monotonic_ns(),
        )
        decision = check(self._memory, inputs, self._limits)
        self._memory = decision.memory
        self._reset = self._stop = self._lift_off = False
        self._answered_ns = robot.stamp_ns
        twist = None if decision.twist is None else conv.to_safe_twist(replace(decision.twist, stamp_ns=robot.stamp_ns))
        is_stale = now_ns - robot.stamp_ns > to_ns(self._limits.robot_age_s)
        stamp_ns = now_ns if is_stale else robot.stamp_ns
        state = conv.to_safety_state(replace(decision.state, stamp_ns=stamp_ns))
        self._answer = twist, state
        self._send()
        if (decision.state.mode, decision.state.reasons) != (self._mode, self._reasons):
            self._mode, self._reasons = decision.state.mode, decision.state.reasons
            if self._mode is SafetyMode.OK:  # one call for each severity: rclpy raises when a call changes its own
                self.get_logger().info(log_line(decision.state))
            else:
                self.get_logger().warning(log_line(decision.state))

    def _zones_now(self) -> tuple[Zone, ...]:
        """Marked zones on the skin, placed once landmarks and skin are known."""
        if self._zones is None and self._landmarks is not None and self._surface is not None:
            self._zones = on_skin(self._marked, self._landmarks, self._surface)
        return self._zones or ()

    def _manipulability(self, robot: RobotState) -> float:
        """Infinite while the arm is not described, or is another one (its limits do not fit either, and hold it)."""
        q = robot.joint_position_rad
        fits = bool(self._chain) and self._joint_limits_rad is not None and len(self._joint_limits_rad) == q.size
        return manipulability(self._chain, q) if fits and bool(isfinite(q).all()) else inf

    def _is_enabled(self, now_ns: int) -> bool:
        return self._enabled and now_ns - self._enabled_ns <= to_ns(ENABLE_S)

    def close(self) -> None:
        """Let a successor have the address of the heart-beats."""
        self._bonds.close()

    def _send(self) -> None:
        if self._answer is None:
            return
        twist, state = self._answer
        if twist is not None:
            self._twists.publish(twist)
        self._states.publish(state)

    def _on_reset(self, request: ResetSafety.Request, response: ResetSafety.Response) -> ResetSafety.Response:
        if not request.operator_name.strip():
            response.success, response.message = False, "operator_name must not be empty"
            return response
        self._reset = True
        response.success = True
        response.message = "asked for; latched causes clear at the next tick if the probe is off the patient"
        self.get_logger().warning(f"reset asked for by {request.operator_name}")
        return response

    def _on_lift_off(self, request: ResetSafety.Request, response: ResetSafety.Response) -> ResetSafety.Response:
        if not request.operator_name.strip():
            response.success, response.message = False, "operator_name must not be empty"
        elif self._mode not in LATCHED:
            response.success, response.message = False, "safety has not stopped: stop the exam, it lifts off by itself"
        else:
            self._lift_off = True
            response.success, response.message = True, "asked for; STOP ends it"
            self.get_logger().warning(f"lift-off asked for by {request.operator_name}")
        return response

    def _on_stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._stop = True
        response.success, response.message = True, "stopped until an operator resets"
        return response

    def _restart(self) -> None:
        """The simulation began anew with another patient."""
        self._memory = SafetyMemory()
        self._command = None
        self._surface, self._surfaces, self._zones = None, Inbox(4), None
        self._goals = ExamGoals()
        self._gate.forget()
        self._exam_heard = False
        self._first_ns = None
        self._answered_ns = -1
        self._time.restart()


def main() -> None:
    """Run the node until a signal comes."""
    run(Safety)


if __name__ == "__main__":
    main()

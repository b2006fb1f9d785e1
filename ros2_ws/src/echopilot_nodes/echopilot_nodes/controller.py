"""Node `controller`: one command per robot tick, from the goal in force and the newest result that is due."""

from dataclasses import replace
from typing import Any

from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from echopilot_msgs.msg import ControlStatus as ControlStatusMsg
from echopilot_msgs.msg import ExamState as ExamStateMsg
from echopilot_msgs.msg import PerceptionResult
from echopilot_msgs.msg import ProbeCommand as ProbeCommandMsg
from echopilot_msgs.msg import RobotState as RobotStateMsg
from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2

from echopilot_control.controller import ControlInputs, Controller
from echopilot_control.safety import Limits
from echopilot_core import BodyLandmarks, BodySurface, ControlStatus, EchoPilotError, RobotState, Seen, SteadyClock
from echopilot_nodes import conversions as conv
from echopilot_nodes import names, qos
from echopilot_nodes.bond import Bond
from echopilot_nodes.clock import NodeClock, wall_clock
from echopilot_nodes.exam_goals import ExamGoals, TimedGoal, exam_tick_needed
from echopilot_nodes.lockstep import CONNECT_S, Gate, Inbox
from echopilot_nodes.manual_goals import ManualGoals
from echopilot_nodes.params import ControllerParams, read_params
from echopilot_nodes.process import run
from echopilot_nodes.rates import SURFACE_TICKS

POLL_S = 0.05  # wall time between looks at the gate while nothing arrives
TICK_NS = 10_000_000
PERCEPTION, EXAM, BODY = "perception", "exam", "body"


class ControllerNode(LifecycleNode):
    """Computes on arrival of robot/state; in lockstep it first waits for what the tick may use, and for no more."""

    def __init__(self) -> None:
        super().__init__("controller")
        self._params = read_params(self, ControllerParams)
        self._time = NodeClock(self)
        self._commands = self.create_publisher(ProbeCommandMsg, names.CONTROL_COMMAND, qos.COMMAND)
        self._statuses = self.create_publisher(ControlStatusMsg, names.CONTROL_STATUS, qos.ANSWER_OFFERED)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._manual = ManualGoals(self)
        self._bond = Bond(self)
        self._inputs: list[object] = []
        self._timer: object | None = None
        self._landmarks: BodyLandmarks | None = None
        self._forget()

    def _forget(self) -> None:
        """Start anew: at configuration and when the simulation begins again with another patient."""
        self._core = Controller(Limits().lowered(self._params.max_force_setpoint_n))
        self._core.retune(self._params.force_crossover_rad_s)
        self._manual.end("controller starts anew")
        self._gate = Gate(SteadyClock(), self._params.peer_timeout_s, CONNECT_S)
        self._goals = ExamGoals()
        self._results: Inbox[Seen] = Inbox()
        self._surfaces: Inbox[BodySurface] = Inbox(4)
        self._seen: Seen | None = None
        self._surface: BodySurface | None = None
        self._waiting: RobotState | None = None
        self._tick = -1
        self._answer: tuple[ProbeCommandMsg, ControlStatusMsg] | None = None
        self._time.restart()

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start listening."""
        self._forget()
        self._manual.accepts = True
        subscribe, profile = self.create_subscription, qos.ANSWER_LOCKSTEP
        self._inputs = [
            subscribe(RobotStateMsg, names.ROBOT_STATE, self._on_robot, qos.STATE_LOCKSTEP),
            subscribe(PerceptionResult, names.PERCEPTION_RESULT, self._on_result, profile),
            subscribe(ExamStateMsg, names.EXAM_STATE, self._on_exam, profile),
            subscribe(PointCloud2, names.BODY_SURFACE, self._on_surface, profile),
            subscribe(BodyLandmarksMsg, names.BODY_LANDMARKS, self._on_landmarks, qos.LATCHED),
        ]
        self._timer = self.create_timer(POLL_S, self._compute, clock=wall_clock())
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening; without commands safety sends nothing and the arm falls into its compliant hold."""
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._inputs = []
        if self._timer is not None:
            self.destroy_timer(self._timer)
        self._timer = None
        self._manual.accepts = False
        self._manual.end("controller deactivated")
        return super().on_deactivate(state)

    def _on_parameters(self, changed: "list[Parameter[Any]]") -> SetParametersResult:
        for parameter in changed:
            if parameter.name == "force_crossover_rad_s":
                try:
                    self._core.retune(parameter.value)
                except EchoPilotError as error:
                    return SetParametersResult(successful=False, reason=str(error))
                self._params = replace(self._params, force_crossover_rad_s=parameter.value)
                self.get_logger().info(f"crossover of the force loop: {parameter.value:g} rad/s")
        return SetParametersResult(successful=True)

    def _on_result(self, message: PerceptionResult) -> None:
        try:
            self._results.put(message.sequence, conv.from_result(message))
        except ValueError as error:
            self.get_logger().error(f"result refused: {error}", throttle_duration_sec=1.0)
        self._gate.heard(PERCEPTION, message.sequence)
        self._compute()

    def _on_exam(self, message: ExamStateMsg) -> None:
        try:
            goal = conv.from_goal(message.goal)
        except ValueError as error:
            self.get_logger().error(f"exam state refused: {error}", throttle_duration_sec=1.0)
            return
        self._goals.put(message.tick, TimedGoal(conv.from_time(message.header.stamp), goal, message.active))
        self._gate.heard(EXAM, message.tick)
        self._compute()

    def _on_surface(self, message: PointCloud2) -> None:
        try:
            surface = conv.from_cloud(message)
        except ValueError as error:
            self.get_logger().error(f"body surface refused: {error}", throttle_duration_sec=1.0)
            return
        self._surfaces.put(surface.stamp_ns, surface)
        self._gate.heard(BODY, surface.stamp_ns)
        self._compute()

    def _on_landmarks(self, message: BodyLandmarksMsg) -> None:
        self._landmarks = conv.from_landmarks(message)

    def _on_robot(self, message: RobotStateMsg) -> None:
        try:
            robot = conv.from_robot_state(message)
        except ValueError as error:
            self.get_logger().error(f"robot state refused: {error}", throttle_duration_sec=1.0)
            return
        if robot.tick < self._tick:
            self._forget()
        if robot.tick == self._tick:
            self._send()  # a repeated tick: the answer was not heard
            return
        if self._waiting is not None and self._waiting.tick == robot.tick:
            return
        self._time.hear(robot.stamp_ns)
        self._waiting = robot
        if self._params.lockstep:
            self._expect(robot)
        self._compute()

    def _expect(self, robot: RobotState) -> None:
        if robot.due_frame_sequence >= 0:
            self._gate.expect(PERCEPTION, robot.due_frame_sequence)
        if exam_tick_needed(robot.tick) >= 1:
            self._gate.expect(EXAM, exam_tick_needed(robot.tick))
        if robot.tick >= SURFACE_TICKS:
            self._gate.expect(BODY, robot.tick // SURFACE_TICKS * SURFACE_TICKS * TICK_NS)

    def _compute(self) -> None:
        robot = self._waiting
        if robot is None or not self._gate.is_open():
            return
        self._waiting, self._tick = None, robot.tick
        if self._gate.absent():
            self.get_logger().warning(f"silent: {', '.join(sorted(self._gate.absent()))}", throttle_duration_sec=5.0)
        lockstep = self._params.lockstep
        self._seen = self._results.newest_until(robot.due_frame_sequence if lockstep else None, self._seen)
        self._surface = self._surfaces.newest_until(robot.stamp_ns if lockstep else None, self._surface)
        goal = self._goals.at(robot.tick, robot.stamp_ns, lockstep)
        self._manual.exam_active = self._goals.active
        if self._goals.active:
            self._manual.end("an exam took over")
        else:
            goal = self._manual.goal(goal)
        now_ns = robot.stamp_ns if lockstep else self._time.now_ns()  # /clock may run ahead until all have joined
        output = self._core.step(
            ControlInputs(
                now_ns, robot, self._seen, self._surface, self._landmarks, goal, self._manual.jog.newest(now_ns)
            )
        )
        self._answer = conv.to_probe_command(output.command), conv.to_status(output.status)
        self._send()
        self._note(output.status)

    def _send(self) -> None:
        if self._answer is not None:
            command, status = self._answer
            self._statuses.publish(status)
            self._commands.publish(command)

    def _note(self, status: ControlStatus) -> None:
        assert self._answer is not None
        self._manual.note(status, self._answer[1])


def main() -> None:
    """Run the node until a signal comes."""
    run(ControllerNode)


if __name__ == "__main__":
    main()

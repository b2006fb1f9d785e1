"""Node `controller`: one command per robot tick, from the goal in force and the newest result that is due."""

from dataclasses import replace
from typing import Any

from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from echopilot_msgs.msg import ControlStatus as ControlStatusMsg
from echopilot_msgs.msg import ExamState as ExamStateMsg
from echopilot_msgs.msg import PerceptionResult as PerceptionResultMsg
from echopilot_msgs.msg import ProbeCommand as ProbeCommandMsg
from echopilot_msgs.msg import RobotState as RobotStateMsg
from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2

from echopilot_control.controller import Controller
from echopilot_control.goal_schedule import GoalSchedule, TimedGoal, exam_tick_needed
from echopilot_control.observation import ControlInputs
from echopilot_control.safety import Limits
from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    ControlStatus,
    EchoPilotError,
    PerceptionResult,
    RobotState,
    SteadyClock,
)
from echopilot_core.robot_interface import FUTURE_NS
from echopilot_core.timing import CONNECT_S, SURFACE_TICKS, TICK_NS, LockstepBarrier, StampedBuffer
from echopilot_core.timing.ordering import Order, StreamOrder
from echopilot_nodes.bonds import ROBOT, Bond, BondState, Peers
from echopilot_nodes.diagnostics.health import Health, Severity
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import NodeClock, wall_clock
from echopilot_nodes.graph.inlet import Inlet, from_exam_goal
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.params import ControllerParams, read_params
from echopilot_nodes.graph.process import freeze_heap, run
from echopilot_nodes.operator.console_input import ConsoleInput
from echopilot_nodes.operator.manual_goals import ManualGoals
from echopilot_wire import (
    from_cloud,
    from_landmarks,
    from_result,
    from_robot_state,
    peek_stamp,
    to_command,
    to_status,
)

POLL_S = 0.02  # wall time between looks at the bonds and the gate while nothing arrives
PERCEPTION, EXAM = "perception", "exam"


class ControllerNode(LifecycleNode):
    """Computes on arrival of robot/state; in lockstep it first waits for what the tick may use, and for no more."""

    def __init__(self) -> None:
        super().__init__("controller")
        self._params = read_params(self, ControllerParams)
        self._time = NodeClock(self)
        self._commands = Outlet(self, ProbeCommandMsg, topics.CONTROL_COMMAND, to_command, qos.COMMAND)
        self._statuses = Outlet(self, ControlStatusMsg, topics.CONTROL_STATUS, to_status, qos.ANSWER_OFFERED)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._manual = ManualGoals(self)
        self._console = ConsoleInput(self)
        namespace = self.get_namespace()
        self._bond = Bond(namespace, self.get_name(), BondState(active=False))
        self._peers = Peers(namespace, (ROBOT, PERCEPTION, EXAM), self.get_logger().error)
        self._barrier = LockstepBarrier(SteadyClock(), self._params.peer_timeout_s, CONNECT_S, self._peers)
        self._session = ""
        self._inlets: list[Inlet[Any]] = []
        self._timer: object | None = None
        self._landmarks: BodyLandmarks | None = None
        self._forget()
        self._diagnostics = Diagnostics(self, self._health)

    def _forget(self) -> None:
        """Start anew: at configuration and when the simulation begins again with another patient."""
        self._core = Controller(Limits().lowered(self._params.max_force_setpoint_n))
        self._core.retune(self._params.force_crossover_rad_s)
        self._manual.end("controller starts anew")
        self._barrier.forget()
        self._goals = GoalSchedule()
        self._order = StreamOrder()
        self._results: StampedBuffer[bytes] = StampedBuffer(order=None if self._params.lockstep else StreamOrder())
        self._surfaces: StampedBuffer[BodySurface] = StampedBuffer(4)
        self._result: PerceptionResult | None = None
        self._surface: BodySurface | None = None
        self._waiting: RobotState | None = None
        self._tick = -1
        self._robot_lost = False
        self._answer: tuple[bytes, bytes] | None = None  # status, command
        self._status: ControlStatus | None = None
        self._time.restart()

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start listening."""
        freeze_heap()
        self._forget()
        self._manual.accepts = True
        profile = qos.ANSWER_LOCKSTEP
        self._robots = Inlet(
            self, RobotStateMsg, topics.ROBOT_STATE, from_robot_state, qos.STATE_LOCKSTEP, on_data=self._on_robot
        )
        self._result_inlet = Inlet(
            self, PerceptionResultMsg, topics.PERCEPTION_RESULT, from_result, profile, on_data=self._on_result
        )
        self._goal_inlet = Inlet(self, ExamStateMsg, topics.EXAM_STATE, from_exam_goal, profile, self._on_goal)
        self._inlets = [
            self._robots,
            self._result_inlet,
            self._goal_inlet,
            Inlet(self, PointCloud2, topics.BODY_SURFACE, from_cloud, profile, self._on_surface),
            Inlet(self, BodyLandmarksMsg, topics.BODY_LANDMARKS, from_landmarks, qos.LATCHED, self._on_landmarks),
        ]
        self._timer = self.create_timer(POLL_S, self._watch, clock=wall_clock())
        self._bond.say(active=True)
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening; without commands safety sends nothing and the arm falls into its compliant hold."""
        self._bond.say(active=False)
        for inlet in self._inlets:
            inlet.close()
        self._inlets = []
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

    def _on_result(self, sequence: int, data: bytes) -> None:
        self._look_at_bonds()
        if self._results.put(sequence, data) and self._barrier.received(PERCEPTION, sequence):
            self._compute()
        else:
            self._result_inlet.refuse(f"frame {sequence} cannot exist yet")

    def _on_goal(self, numbered: tuple[int, TimedGoal]) -> None:
        tick, goal = numbered
        self._goals.put(tick, goal)
        if not self._barrier.received(EXAM, tick):
            self._goal_inlet.refuse(f"exam tick {tick} cannot be now")
        self._compute()

    def _on_surface(self, surface: BodySurface) -> None:
        self._look_at_bonds()  # a new session is told before the first message of it
        self._surfaces.put(surface.stamp_ns, surface)
        self._barrier.received(ROBOT, surface.stamp_ns)
        self._compute()

    def _on_landmarks(self, landmarks: BodyLandmarks) -> None:
        self._landmarks = landmarks

    def _on_robot(self, tick: int, data: bytes) -> None:
        self._look_at_bonds()
        stamp_ns = peek_stamp(data)
        order = self._order.judge(tick, stamp_ns)
        if order is Order.REFUSED:
            self._robots.refuse(f"tick {tick} after {self._order.newest}")
            return
        if order is Order.ANEW:
            self.get_logger().error(f"the robot's ticks begin anew at {tick} without a word: starts anew too")
            self._forget()
            self._order.judge(tick, stamp_ns)
        if tick == self._tick:
            self._send()  # a repeated tick: the answer was not heard
            return
        if self._waiting is not None and self._waiting.tick == tick:
            self._compute()
            return
        robot = self._robots.read(data)
        if robot is None:
            return
        self._time.note_tick(robot.stamp_ns)
        self._waiting = robot
        if self._params.lockstep:
            self._expect(robot)
        else:
            self._barrier.bound(EXAM, exam_tick_needed(tick))
        self._compute()

    def _expect(self, robot: RobotState) -> None:
        if robot.due_frame_sequence >= 0:
            self._barrier.expect(PERCEPTION, robot.due_frame_sequence)
        if exam_tick_needed(robot.tick) >= 1:
            self._barrier.expect(EXAM, exam_tick_needed(robot.tick))
        if robot.tick >= SURFACE_TICKS:
            self._barrier.expect(ROBOT, robot.tick // SURFACE_TICKS * SURFACE_TICKS * TICK_NS, TICK_NS)

    def _watch(self) -> None:
        """Look at the bonds: a robot source that ended, peers that are waited for no more."""
        self._look_at_bonds()
        if ROBOT in self._peers.lost() and not self._robot_lost:
            self._robot_lost = True
            self._waiting = None
            self._manual.end("the robot's process ended")
            self.get_logger().error("the robot's process ended")
        self._compute()

    def _look_at_bonds(self) -> None:
        """A robot source that says so begins at another tick, as for another patient."""
        self._peers.poll()
        state = self._peers.state(ROBOT)
        if state is not None and state.session != self._session:
            if self._session:
                self._forget()
            self._session = state.session

    def _compute(self) -> None:
        robot = self._waiting
        if robot is None or not self._barrier.is_open():
            return
        self._waiting, self._tick = None, robot.tick
        if absent := self._barrier.absent():
            self._bond.say(breaks=dict(self._barrier.breaks))
            if self._goals.active:
                self.get_logger().warning(f"goes on without {', '.join(sorted(absent))}", throttle_duration_sec=5.0)
        lockstep = self._params.lockstep
        newest = self._results.newest_until(robot.due_frame_sequence if lockstep else None, None)
        if newest is not None:
            seen = self._result_inlet.read(newest)
            if seen is not None and seen.stamp_ns > robot.stamp_ns + FUTURE_NS:
                self._result_inlet.refuse(f"frame {seen.sequence} is of the future")
                seen = None
            self._result = seen or self._result
        self._surface = self._surfaces.newest_until(robot.stamp_ns if lockstep else None, self._surface)
        goal = self._goals.at(robot.tick, robot.stamp_ns, lockstep)
        self._manual.exam_active = self._goals.active
        if self._goals.active:
            self._manual.end("an exam took over")
        else:
            goal = self._manual.goal(goal)
        goal = self._console.goal(goal, robot.stamp_ns)
        now_ns = robot.stamp_ns if lockstep else self._time.now_ns()  # /clock may run ahead until all have joined
        output = self._core.step(
            ControlInputs(
                now_ns, robot, self._result, self._surface, self._landmarks, goal, self._manual.jog.newest(now_ns)
            )
        )
        self._status = output.status
        status = self._statuses.send(output.status)
        self._answer = status, self._commands.send(output.command)
        self._manual.note(output.status, status)

    def _health(self) -> Health:
        status = self._status
        if status is None:
            return Health("no tick computed yet")
        values: dict[str, object] = {
            "tick": status.tick,
            "frame age [s]": status.frame_age_s,
            "contact force [N]": status.contact_force_n,
            "force set-point [N]": status.force_setpoint_n,
            "ticks without a peer": sum(self._barrier.breaks.values()),
        }
        if self._robot_lost:
            return Health("the robot's process ended", Severity.ERROR, values)
        return Health(f"{status.kind.name} {status.phase.name}: {status.detail or 'no remark'}", Severity.OK, values)

    def close(self) -> None:
        """Say goodbye."""
        self._peers.close()
        self._bond.close()

    def _send(self) -> None:
        if self._answer is not None:
            status, command = self._answer
            self._statuses.send_again(status)
            self._commands.send_again(command)


def main() -> None:
    """Run the node until a signal comes."""
    run(ControllerNode)


if __name__ == "__main__":
    main()

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
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from echopilot_control.goal_schedule import GoalSchedule, exam_tick_needed
from echopilot_control.safety import Limits, OperatorInputs, Reason, SafetyInputs, SafetyMonitor, log_line
from echopilot_control.safety.command_checks import CONTROLLER
from echopilot_control.safety.command_queue import CommandQueue
from echopilot_control.safety.zones import read_zones
from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    ProbeCommand,
    RobotState,
    SafetyMode,
    SafetyState,
    SteadyClock,
    to_ns,
)
from echopilot_core.robot import CONTACT_N
from echopilot_core.timing import CONNECT_S, SURFACE_TICKS, TICK_NS, TIMEOUT_S, LockstepBarrier, StampedBuffer
from echopilot_nodes.bonds import ROBOT, Bond, Peers
from echopilot_nodes.diagnostics.health import Health
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.diagnostics.repeat_filter import RepeatFilter
from echopilot_nodes.diagnostics.safety_health import safety_health
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import NodeClock, wall_clock
from echopilot_nodes.graph.inlet import Inlet, from_exam_goal
from echopilot_nodes.graph.latch_file import LatchFile
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.params import SafetyParams, read_params
from echopilot_nodes.graph.process import run
from echopilot_nodes.graph.speakers import SPEAKERS, SpeakerCount
from echopilot_wire import (
    from_cloud,
    from_command,
    from_landmarks,
    from_robot_state,
    to_safe_twist,
    to_safety_state,
)

COMMANDERS_EVERY_TICKS = 10
WATCH_S = 0.02  # wall time between looks at the bonds and at the age of the robot state
SILENT_S = 0.5  # wall time without a robot state, outside lockstep, on simulated time
EXAM = "exam"
LEASE_S = 25.0  # after which DDS lists nothing of a process that was killed
OWN = tuple(speaker for speaker in SPEAKERS if speaker.by == "safety")
ROLES = (ROBOT, CONTROLLER, "perception", EXAM, "lifecycle_manager")
ENABLE_S = 0.1  # an enabling device that is silent for longer counts as released
LATCHED = (SafetyMode.RETRACT, SafetyMode.STOPPED)
_NS_PER_MS = 1_000_000


class Safety(Node):
    """Checks the command of a tick when it arrives, or the tick alone when the newest command is too old.

    The twist leaves before the state of the same tick; a state without a twist tells the robot side that the tick
    has none. The running goal's preset chooses the row of the limits; in lockstep a tick waits for it as the controller
    does, because the two hear the exam independently. A latched reason is on disk before it is announced; what moves
    the probe off the patient does not wait for the disk.
    """

    def __init__(self) -> None:
        super().__init__("safety")
        params = read_params(self, SafetyParams)
        self._wait_ns = params.command_wait_ms * _NS_PER_MS
        namespace = self.get_namespace()
        self._bond = Bond(namespace, self.get_name())
        self._peers = Peers(namespace, ROLES, self.get_logger().error)
        self._latches = LatchFile(namespace)
        self._monitor = SafetyMonitor(
            Limits(),
            read_zones(params.zones),
            latched=self._latches.read(),
            absent=frozenset(params.absent.split()),
        )
        if self._monitor.latched:
            self.get_logger().warning(self._latches.line(self._monitor.latched))
        self._has_enabling_device = params.enabling_device
        self._is_simulated = bool(self.get_parameter("use_sim_time").value)
        self._session = ""
        self._robot_gone = False
        self._heard_s = time.monotonic()
        self._time = NodeClock(self)
        self._robot: RobotState | None = None
        self._commands = CommandQueue()
        self._landmarks: BodyLandmarks | None = None
        self._surface: BodySurface | None = None
        self._surfaces: StampedBuffer[BodySurface] = StampedBuffer(4)
        self._enabled, self._enabled_ns = False, 0
        self._goals = GoalSchedule()
        self._barrier = LockstepBarrier(SteadyClock(), TIMEOUT_S, CONNECT_S, self._peers)
        self._exam_received = False
        self._reset = self._stop = self._lift_off = False
        self._speakers = SpeakerCount(self)
        self._own_speakers_s = time.monotonic() + LEASE_S
        self._counts = self._count_speakers()
        self._answered_ns = -1
        self._first_ns: int | None = None
        self._answer: tuple[bytes | None, bytes] | None = None  # twist, state
        self._mode = SafetyMode.OK
        self._reasons: tuple[str, ...] = ()
        self._state: SafetyState | None = None
        self._changes = RepeatFilter()
        self._diagnostics = Diagnostics(self, self._health)
        self._twists = Outlet(self, TwistStamped, topics.ROBOT_SERVO_CV, to_safe_twist, qos.COMMAND)
        self._states = Outlet(self, SafetyStateMsg, topics.SAFETY_STATE, to_safety_state, qos.ANSWER_OFFERED)
        profile = qos.ANSWER_LOCKSTEP
        Inlet(self, ProbeCommandMsg, topics.CONTROL_COMMAND, from_command, qos.COMMAND, self._on_command)
        Inlet(self, RobotStateMsg, topics.ROBOT_STATE, from_robot_state, qos.STATE_LOCKSTEP, self._on_robot)
        Inlet(self, BodyLandmarksMsg, topics.BODY_LANDMARKS, from_landmarks, qos.LATCHED, self._on_landmarks)
        self._exam_goals = Inlet(self, ExamStateMsg, topics.EXAM_STATE, from_exam_goal, profile, on_data=self._on_exam)
        Inlet(self, PointCloud2, topics.BODY_SURFACE, from_cloud, profile, self._on_surface)
        if self._has_enabling_device:
            self.create_subscription(Bool, topics.OPERATOR_ENABLED, self._on_enabled, qos.STATE)
        self.create_subscription(String, topics.ROBOT_DESCRIPTION, self._on_description, qos.LATCHED)
        self.create_service(ResetSafety, topics.RESET_SAFETY, self._on_reset)
        self.create_service(ResetSafety, topics.SAFETY_LIFT_OFF, self._on_lift_off)
        self.create_service(Trigger, topics.SAFETY_STOP, self._on_stop)
        self.create_timer(WATCH_S, self._watch, clock=wall_clock())

    def _on_landmarks(self, landmarks: BodyLandmarks) -> None:
        self._look_at_bonds()
        self._landmarks = landmarks

    def _on_surface(self, surface: BodySurface) -> None:
        self._look_at_bonds()  # a new session is told before the first message of it
        self._surfaces.put(surface.stamp_ns, surface)
        self._barrier.received(ROBOT, surface.stamp_ns)
        self._answer_command()

    def _on_enabled(self, message: Bool) -> None:
        self._enabled, self._enabled_ns = bool(message.data), self._time.now_ns()

    def _on_description(self, message: String) -> None:
        try:
            self._monitor.describe(message.data)
        except ValueError as error:
            self.get_logger().error(f"joint limits and singular poses are not checked: {error}")

    def _on_exam(self, tick: int, data: bytes) -> None:
        numbered = self._exam_goals.read(data)
        if numbered is not None:
            self._goals.put(*numbered)
        self._exam_received = True
        if not self._barrier.received(EXAM, tick):
            self._exam_goals.refuse(f"exam tick {tick} cannot be now")
        self._answer_command()

    def _on_robot(self, robot: RobotState) -> None:
        self._look_at_bonds()
        if not self._monitor.follows(robot):
            self._decide(robot)
            return
        self._robot, self._robot_gone = robot, False
        self._heard_s = time.monotonic()
        self._time.note_tick(robot.stamp_ns)
        if robot.tick % COMMANDERS_EVERY_TICKS == 0:
            self._counts = self._count_speakers()
        if robot.stamp_ns == self._answered_ns:
            self._send()  # a repeated tick: the robot side did not hear the answer
            return
        if self._is_lockstep(robot):
            self._expect(robot)
            self._answer_command()
            return
        self._barrier.bound(EXAM, exam_tick_needed(robot.tick))
        if robot.stamp_ns - self._newest_ns(robot) >= self._wait_ns or self._peers.is_away(CONTROLLER):
            self._commands.take(robot.stamp_ns)  # the newest there is, however old: its age is the reason, no repeat
            self._decide(robot)
        else:
            self._answer_command()

    def _count_speakers(self) -> dict[str, int]:
        """Speakers by stream; DDS may still list a predecessor of this process among its own."""
        counts = self._speakers.counts()
        if time.monotonic() < self._own_speakers_s:
            counts.update({speaker.stream: 1 for speaker in OWN})
        return counts

    def _is_lockstep(self, robot: RobotState) -> bool:
        """Whether the robot source waits for answers; one without a bond says so while it asks for results."""
        state = self._peers.state(ROBOT)
        return robot.due_frame_sequence >= 0 if state is None else state.lockstep

    def _expect(self, robot: RobotState) -> None:
        if self._peers.state(ROBOT) is not None or self._commands.newest is not None:
            self._barrier.expect(CONTROLLER, robot.stamp_ns, TICK_NS)
        exam_tick = exam_tick_needed(robot.tick)
        if exam_tick >= 1 and (self._exam_received or self._peers.is_bonded(EXAM)):
            self._barrier.expect(EXAM, exam_tick)
        if robot.tick >= SURFACE_TICKS:
            self._barrier.expect(ROBOT, robot.tick // SURFACE_TICKS * SURFACE_TICKS * TICK_NS, TICK_NS)

    def _on_command(self, command: ProbeCommand) -> None:
        self._commands.put(command)
        self._barrier.received(CONTROLLER, command.stamp_ns)
        self._answer_command()

    def _answer_command(self) -> None:
        """Decide the tick once a command for it and, in lockstep, the goal in force are here."""
        robot = self._robot
        if robot is None or robot.stamp_ns == self._answered_ns or not self._barrier.is_open():
            return
        if self._is_lockstep(robot):
            self._commands.take_newest()
        elif not self._commands.take(robot.stamp_ns):
            return
        self._bond.say(breaks=dict(self._barrier.breaks))
        self._decide(robot)

    def _look_at_bonds(self) -> None:
        self._peers.poll()
        self._speakers.note_ended(self._peers.lost())
        self._follow_session()

    def _follow_session(self) -> None:
        """A robot source that says so begins at another tick, as for another patient; what is latched stays."""
        state = self._peers.state(ROBOT)
        if state is not None and state.session != self._session:
            if self._session:
                self._restart()
            self._session = state.session

    def _watch(self) -> None:
        """A robot whose process ended or that fell silent: safety says so and latches, without a tick to answer."""
        self._look_at_bonds()
        robot = self._robot
        if robot is None:
            return
        if ROBOT in self._peers.lost() or self._is_silent(robot):
            if not self._robot_gone:
                self._robot_gone = True
                self._decide(robot)
        elif self._time.now_ns() - robot.stamp_ns > to_ns(self._monitor.limits.robot_age_s):
            self._decide(robot)
        else:
            self._answer_command()  # a peer may have ended

    def _is_silent(self, robot: RobotState) -> bool:
        """Silence by wall clock counts only where nobody waits for a busy machine."""
        return not self._is_lockstep(robot) and time.monotonic() - self._heard_s > SILENT_S

    def _newest_ns(self, robot: RobotState) -> int:
        """Stamp of the newest command; before the first one, a tick before the first state, which then waits too."""
        newest = self._commands.newest
        if newest is not None:
            return newest.stamp_ns
        if self._first_ns is None:
            self._first_ns = robot.stamp_ns - 1
        return self._first_ns

    def _decide(self, robot: RobotState | None) -> None:
        """Check one robot state, keep and announce what follows; one that does not follow the others is not answered.

        None before the first, for what an operator asks.
        """
        now_ns = self._time.now_ns()
        follows = robot is not None and robot is self._robot
        decision = self._monitor.decide(self._inputs(robot, now_ns))
        self._reset = self._stop = self._lift_off = False
        stamp_ns = now_ns
        if robot is not None and follows and now_ns - robot.stamp_ns <= to_ns(self._monitor.limits.robot_age_s):
            stamp_ns = robot.stamp_ns
        twist = None
        if decision.twist is not None and robot is not None and follows:
            twist = self._twists.send(replace(decision.twist, stamp_ns=robot.stamp_ns))
        state = replace(decision.state, stamp_ns=stamp_ns)
        if not self._latches.keep(self._monitor.latched):
            state = replace(state, reasons=tuple(dict.fromkeys((*state.reasons, Reason.LATCH_UNREADABLE.name))))
            self.get_logger().error(f"latches cannot be kept in {self._latches.path}", throttle_duration_sec=5.0)
        self._state = state
        data = self._states.send(state)
        if robot is not None and follows:
            self._answered_ns, self._answer = robot.stamp_ns, (twist, data)
        if (decision.state.mode, decision.state.reasons) != (self._mode, self._reasons):
            self._mode, self._reasons = decision.state.mode, decision.state.reasons
            line = self._changes.line(log_line(decision.state))
            if line is not None and self._mode is SafetyMode.OK:  # one call for each severity: rclpy raises otherwise
                self.get_logger().info(line)
            elif line is not None:
                self.get_logger().warning(line)

    def _inputs(self, robot: RobotState | None, now_ns: int) -> SafetyInputs:
        if robot is not None and robot is self._robot:
            lockstep = self._is_lockstep(robot)
            self._goals.at(robot.tick, robot.stamp_ns, lockstep)
            self._surface = self._surfaces.newest_until(robot.stamp_ns, self._surface)
        return self._monitor.inputs(
            now_ns=now_ns,
            robot=None if self._robot_gone else robot,
            command=self._commands.current,
            surface=self._surface,
            landmarks=self._landmarks,
            preset=self._goals.fresh_preset(now_ns if robot is None else robot.stamp_ns),
            commanders=max(1, self._counts["command"]),
            operator=OperatorInputs(
                self._stop,
                self._reset,
                self._lift_off,
                self._is_enabled(now_ns) if self._has_enabling_device else None,
            ),
            lost_nodes=self._lost_nodes(robot),
            clock_offset_ns=0 if self._is_simulated else time.time_ns() - time.monotonic_ns(),
            publishers=self._counts,
            robot_faults=() if (source := self._peers.state(ROBOT)) is None else source.faults,
        )

    def _lost_nodes(self, robot: RobotState | None) -> tuple[str, ...]:
        """Processes that ended; a robot source that said goodbye off the patient is not a loss."""
        lost = self._peers.lost()
        if robot is not None and self._is_silent(robot):
            return tuple(dict.fromkeys((*lost, ROBOT)))
        left = self._peers.has_left(ROBOT) and (robot is None or robot.contact_force_n < CONTACT_N)
        return tuple(role for role in lost if role != ROBOT or not left)

    def _is_enabled(self, now_ns: int) -> bool:
        return self._enabled and now_ns - self._enabled_ns <= to_ns(ENABLE_S)

    def _health(self) -> Health:
        return safety_health(self._robot, self._state, self._counts["command"], sum(self._barrier.breaks.values()))

    def close(self) -> None:
        """Say goodbye."""
        self._peers.close()
        self._bond.close()

    def _send(self) -> None:
        if self._answer is None:
            return
        twist, state = self._answer
        if twist is not None:
            self._twists.send_again(twist)
        self._states.send_again(state)

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
        self._decide(self._robot)  # now, whether or not ticks come
        response.success, response.message = True, "stopped until an operator resets"
        return response

    def _restart(self) -> None:
        """The robot source began anew and said so."""
        self._monitor.restart()
        self._robot = None
        self._commands = CommandQueue()
        self._surface, self._surfaces = None, StampedBuffer(4)
        self._goals = GoalSchedule()
        self._barrier.forget()
        self._exam_received = False
        self._first_ns = None
        self._answered_ns = -1
        self._time.restart()


def main() -> None:
    """Run the node until a signal comes."""
    run(Safety)


if __name__ == "__main__":
    main()

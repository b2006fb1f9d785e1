"""Node `exam`: action exam/run; ticks the exam machine on every fifth control tick and keeps the record."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from echopilot_msgs.msg import ControlStatus as ControlStatusMsg
from echopilot_msgs.msg import ExamState as ExamStateMsg
from echopilot_msgs.msg import Finding as FindingMsg
from echopilot_msgs.msg import Measurement as MeasurementMsg
from echopilot_msgs.msg import PerceptionResult, UltrasoundFrame
from echopilot_msgs.msg import RobotState as RobotStateMsg
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.task import Future
from std_msgs.msg import String
from std_srvs.srv import Trigger

from echopilot_core import (
    BodyLandmarks,
    ControlStatus,
    EchoPilotError,
    RobotState,
    SafetyState,
    Seen,
    SteadyClock,
    to_ns,
)
from echopilot_exam.calibration import check_calibrations
from echopilot_exam.machine import ExamOutput, OperatorRequest
from echopilot_exam.protocol import load_protocol
from echopilot_nodes import conversions as conv
from echopilot_nodes import names, qos
from echopilot_nodes.bond import Bond
from echopilot_nodes.clock import NodeClock, wall_clock
from echopilot_nodes.conversions.exam import to_exam_state, to_idle_exam_state
from echopilot_nodes.exam_run import ExamEnd, ExamRun
from echopilot_nodes.imaging_client import ImagingClient
from echopilot_nodes.lockstep import CONNECT_S, Gate, Inbox
from echopilot_nodes.params import ExamParams, read_params
from echopilot_nodes.process import run
from echopilot_nodes.rates import EXAM_TICKS

POLL_S = 0.05
ROBOT_LOST_S = 30.0  # wall time; far above the patience of a lockstep graph on a busy machine
TICK_NS = 10_000_000
PERCEPTION, CONTROL, SAFETY = "perception", "control", "safety"


class ExamNode(LifecycleNode):
    """Publishes its state at every exam tick, also while no exam runs, so that the controller knows it is alive."""

    def __init__(self) -> None:
        super().__init__("exam")
        self._params = read_params(self, ExamParams)
        if self._params.run:
            load_protocol(self._params.run)  # a wrong name ends the node here, with one line
            check_calibrations(self._params.calibration, datetime.now(timezone.utc))
        self._time = NodeClock(self)
        self._imaging = ImagingClient(self)
        self._bond = Bond(self)
        self._states = self.create_publisher(ExamStateMsg, names.EXAM_STATE, qos.ANSWER_OFFERED)
        self._measurements = self.create_publisher(MeasurementMsg, names.EXAM_MEASUREMENTS, qos.EVENTS)
        self._findings = self.create_publisher(FindingMsg, names.EXAM_FINDINGS, qos.EVENTS)
        self._folders = self.create_publisher(String, names.EXAM_FOLDER, qos.LATCHED)
        self._records = self.create_publisher(String, names.EXAM_RECORD, qos.LATCHED)
        self._run: ExamRun | None = None
        self._handle: ServerGoalHandle | None = None
        self._ended: Future | None = None
        self._subscriptions_: list[Any] = []
        self._timer: Any = None
        self._landmarks: BodyLandmarks | None = None
        self._is_active = False
        self._wall = SteadyClock()
        self._forget()
        self._server = ActionServer(
            self, RunExam, names.EXAM_RUN, self._execute, goal_callback=self._judge, cancel_callback=self._cancel
        )
        for name, request in (
            (names.EXAM_STOP, OperatorRequest.STOP),
            (names.EXAM_RESUME, OperatorRequest.RESUME),
            (names.EXAM_SKIP, OperatorRequest.SKIP),
        ):
            self.create_service(Trigger, name, lambda _, response, r=request: self._operator(r, response))

    def _forget(self) -> None:
        """Start anew: at activation and when the simulation begins again with another patient."""
        self._gate = Gate(SteadyClock(), self._params.peer_timeout_s, CONNECT_S)
        self._results: Inbox[Seen] = Inbox()
        self._statuses: Inbox[ControlStatus] = Inbox()
        self._safeties: Inbox[SafetyState] = Inbox()
        self._status: ControlStatus | None = None
        self._safety: SafetyState | None = None
        self._waiting: RobotState | None = None
        self._ready: tuple[int, ExamOutput] | None = None  # computed, waits to be told
        self._robot_tick = -1
        self._robot_heard_ns = self._wall.now_ns()
        self._time.restart()

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start listening; start the exam that the parameters name."""
        self._forget()
        subscribe, profile = self.create_subscription, qos.ANSWER_LOCKSTEP
        self._subscriptions_ = [
            subscribe(RobotStateMsg, names.ROBOT_STATE, self._on_robot, qos.STATE_LOCKSTEP),
            subscribe(PerceptionResult, names.PERCEPTION_RESULT, self._on_result, profile),
            subscribe(ControlStatusMsg, names.CONTROL_STATUS, self._on_status, profile),
            subscribe(SafetyStateMsg, names.SAFETY_STATE, self._on_safety, profile),
            subscribe(UltrasoundFrame, names.PROBE_FRAME, self._on_frame, qos.FRAMES_LOCKSTEP),
            subscribe(BodyLandmarksMsg, names.BODY_LANDMARKS, self._on_landmarks, qos.LATCHED),
        ]
        self._timer = self.create_timer(POLL_S, self._work, clock=wall_clock())
        self._is_active = True
        if self._params.run and self._run is None:
            self._begin(self._params.run, self._params.patient, "")
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop; a running exam ends here, with its record complete so far."""
        self._is_active = False
        for subscription in self._subscriptions_:
            self.destroy_subscription(subscription)
        self._subscriptions_ = []
        self.destroy_timer(self._timer)
        if self._run is not None:
            self._finish(ExamEnd(False, "exam node deactivated", self._run.folder))
        return super().on_deactivate(state)

    def close(self) -> None:
        """Close the record of an exam that is cut short."""
        if self._run is not None:
            self._run.close()

    # Action and services

    def _judge(self, request: RunExam.Goal) -> GoalResponse:
        return GoalResponse.ACCEPT if self._is_active and self._run is None else GoalResponse.REJECT

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        if self._run is not None:
            self._run.ask(OperatorRequest.ABORT)
        return CancelResponse.ACCEPT

    async def _execute(self, handle: ServerGoalHandle) -> RunExam.Result:
        request = handle.request
        try:
            self._begin(request.protocol, request.patient_pseudonym, request.out_folder)
        except EchoPilotError as error:
            handle.abort()
            return RunExam.Result(success=False, message=str(error))
        self._handle, self._ended = handle, Future()
        end: ExamEnd = await self._ended
        if handle.is_cancel_requested:
            handle.canceled()
        elif end.success:
            handle.succeed()
        else:
            handle.abort()
        return RunExam.Result(success=end.success, message=end.message, record_folder=str(end.folder))

    def _operator(self, request: OperatorRequest, response: Trigger.Response) -> Trigger.Response:
        if self._run is None:
            response.success, response.message = False, "no exam is running"
        else:
            self._run.ask(request)
            response.success, response.message = True, request.name.lower()
        return response

    def _begin(self, protocol: str, patient: str, folder: str) -> None:
        target = Path(folder) if folder else free_folder(Path(self._params.out), protocol)
        self._run = ExamRun(protocol, patient or self._params.patient or "unnamed", target, self._params.calibration)
        for warning in self._run.warnings:
            self.get_logger().warning(f"{warning}; run echopilot calibrate before measuring on a person")
        if self._landmarks is not None:
            self._run.landmarks(self._landmarks)
        self._imaging.forget()
        self.get_logger().info(f"exam {protocol} begins, record in {target}")
        self._folders.publish(String(data=str(target.resolve())))
        self._work()

    def _finish(self, end: ExamEnd) -> None:
        assert self._run is not None
        self._run.close()
        self._run = self._ready = None
        self._records.publish(String(data=str(end.folder.resolve())))
        self.get_logger().info(f"exam ended: {end.message}; record in {end.folder}")
        if self._ended is not None:
            self._ended.set_result(end)
        self._ended = self._handle = None

    # Inputs

    def _on_result(self, message: PerceptionResult) -> None:
        self._accept(self._results, message.sequence, PERCEPTION, message.sequence, conv.from_result, message)

    def _on_status(self, message: ControlStatusMsg) -> None:
        self._accept(self._statuses, message.tick, CONTROL, message.tick, conv.from_status, message)

    def _on_safety(self, message: SafetyStateMsg) -> None:
        stamp_ns = conv.from_time(message.header.stamp)
        self._accept(self._safeties, stamp_ns, SAFETY, stamp_ns, conv.from_safety_state, message)

    def _accept(self, inbox: Inbox[Any], key: int, peer: str, heard: int, convert: Any, message: Any) -> None:
        try:
            inbox.put(key, convert(message))
        except ValueError as error:
            self.get_logger().error(f"{peer} refused: {error}", throttle_duration_sec=1.0)
        self._gate.heard(peer, heard)
        self._work()

    def _on_frame(self, message: UltrasoundFrame) -> None:
        if self._run is None:
            return
        try:
            self._run.frame(conv.from_frame(message))
        except ValueError as error:
            self.get_logger().error(f"frame refused: {error}", throttle_duration_sec=1.0)

    def _on_landmarks(self, message: BodyLandmarksMsg) -> None:
        self._landmarks = conv.from_landmarks(message)
        if self._run is not None:
            self._run.landmarks(self._landmarks)

    def _on_robot(self, message: RobotStateMsg) -> None:
        self._robot_heard_ns = self._wall.now_ns()
        if message.tick == self._robot_tick:
            return
        if message.tick < self._robot_tick:
            self._forget()
            if self._run is not None:
                self._finish(ExamEnd(False, "the robot's time began anew", self._run.folder))
        self._robot_tick = message.tick
        if message.tick % EXAM_TICKS == 0:
            try:
                self._waiting = conv.from_robot_state(message)
            except ValueError as error:
                self.get_logger().error(f"robot state refused: {error}", throttle_duration_sec=1.0)
                return
            self._time.hear(self._waiting.stamp_ns)
            if self._params.lockstep:
                self._expect(self._waiting)
        self._work()

    def _expect(self, robot: RobotState) -> None:
        if robot.due_frame_sequence >= 0:
            self._gate.expect(PERCEPTION, robot.due_frame_sequence)
        self._gate.expect(CONTROL, robot.tick - 1)
        self._gate.expect(SAFETY, robot.stamp_ns - TICK_NS)

    # Work

    def _work(self) -> None:
        if self._run is not None and self._robot_tick < 0:  # releases a simulator that holds its first tick
            self._states.publish(to_idle_exam_state(0, 0, True, "waits for the robot"))
        if self._run is not None and self._robot_tick >= 0 and self._is_robot_lost():
            self._finish(ExamEnd(False, f"no robot state for {ROBOT_LOST_S:g} s", self._run.folder))
        if self._waiting is not None and self._gate.is_open():
            robot, self._waiting = self._waiting, None
            if self._gate.absent():
                absent = ", ".join(sorted(self._gate.absent()))
                self.get_logger().warning(f"silent: {absent}", throttle_duration_sec=5.0)
            self._compute(robot)
        self._tell()

    def _is_robot_lost(self) -> bool:
        """True when no tick comes any more, so that the machine's own deadlines cannot end the exam."""
        return self._wall.now_ns() - self._robot_heard_ns > to_ns(ROBOT_LOST_S)

    def _compute(self, robot: RobotState) -> None:
        lockstep = self._params.lockstep
        self._status = self._statuses.newest_until(robot.tick - 1 if lockstep else None, self._status)
        self._safety = self._safeties.newest_until(robot.stamp_ns - TICK_NS if lockstep else None, self._safety)
        seen = tuple(self._results.take_until(robot.due_frame_sequence if lockstep else None))
        tick = robot.tick // EXAM_TICKS
        if self._run is None:
            self._states.publish(to_idle_exam_state(robot.stamp_ns, tick, False, ""))
            return
        self._ready = tick, self._run.step(self._time.now_ns(), robot, self._status, self._safety, seen)

    def _tell(self) -> None:
        """Publish the computed tick, once the scanner agreed to its preset.

        A change is asked for only after the next control tick was heard: then it always arrives between the same two
        ticks of the exam's raster, on which the scanner acts.
        """
        if self._ready is None or self._imaging.is_waiting():
            return
        tick, output = self._ready
        if self._imaging.differs(output.imaging):
            if self._params.lockstep and self._robot_tick <= tick * EXAM_TICKS:
                return
            self._imaging.ask(output.imaging, self._tell)
            if self._imaging.is_waiting():
                return
        self._ready = None
        self._publish(tick, output)

    def _publish(self, tick: int, output: ExamOutput) -> None:
        message = to_exam_state(output.state, tick)
        for measurement in output.new_measurements:
            self._measurements.publish(conv.to_measurement(measurement, output.state.stamp_ns))
        for finding in output.new_findings:
            self._findings.publish(conv.to_finding(finding, output.state.stamp_ns))
        self._states.publish(message)
        if self._handle is not None:
            self._handle.publish_feedback(RunExam.Feedback(state=message))
        if self._run is not None and self._run.end is not None:
            self._finish(self._run.end)


def free_folder(out: Path, protocol: str) -> Path:
    """First folder `out/protocol-NNN` that does not exist."""
    stem = Path(protocol).stem
    number = 1
    while (folder := out / f"{stem}-{number:03d}").exists():
        number += 1
    return folder


def main() -> None:
    """Run the node until a signal comes."""
    run(ExamNode)


if __name__ == "__main__":
    main()

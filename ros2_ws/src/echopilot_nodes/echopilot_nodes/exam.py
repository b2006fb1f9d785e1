"""Node `exam`: action exam/run; ticks the exam machine on every fifth control tick and keeps the record."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from echopilot_msgs.msg import ExamState as ExamStateMsg
from echopilot_msgs.msg import Finding as FindingMsg
from echopilot_msgs.msg import Measurement as MeasurementMsg
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_msgs.msg import String
from ultrasound_msgs.msg import UltrasoundFrame

from echopilot_core import BodyLandmarks
from echopilot_core.timing import EXAM_TICKS
from echopilot_exam.calibration import check_calibrations
from echopilot_exam.exam_run import ExamEnd, ExamRun
from echopilot_exam.machine.states import ExamOutput, ExamState, OperatorRequest
from echopilot_exam.machine.status import exam_status, idle_status
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_exam.record.files import free_folder
from echopilot_nodes.bonds import ROBOT, Bond, BondState, BreakCount, Peers
from echopilot_nodes.diagnostics.health import Health, Severity
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.exam_inputs import CONTROLLER, PERCEPTION, SAFETY, ExamInputQueue, TickInputs
from echopilot_nodes.exam_server import ExamServer
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import wall_clock
from echopilot_nodes.graph.imaging_client import ImagingClient
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.params import ExamParams, read_params
from echopilot_nodes.graph.process import run
from echopilot_wire import from_frame, from_landmarks, to_exam_state, to_finding, to_measurement

POLL_S = 0.02


class ExamNode(LifecycleNode):
    """Publishes its state at every exam tick, also while no exam runs, so that the controller knows it is alive."""

    def __init__(self) -> None:
        super().__init__("exam")
        self._params = read_params(self, ExamParams)
        if self._params.run:
            load_protocol(self._params.run)  # a wrong name ends the node here, with one line
            check_calibrations(self._params.calibration, datetime.now(timezone.utc))
        namespace, lockstep = self.get_namespace(), self._params.lockstep
        self._bond = Bond(namespace, self.get_name(), BondState(active=False))
        self._peers = Peers(namespace, (ROBOT, PERCEPTION, CONTROLLER, SAFETY), self.get_logger().error)
        self._breaks = BreakCount()
        self._inputs = ExamInputQueue(
            self, lockstep, self._params.peer_timeout_s, self._peers, self._work, self._on_restart
        )
        self._imaging = ImagingClient(self, lambda: lockstep and self._peers.is_bonded(ROBOT))
        self._states = Outlet(self, ExamStateMsg, topics.EXAM_STATE, to_exam_state, qos.ANSWER_OFFERED)
        self._measurements = Outlet(self, MeasurementMsg, topics.EXAM_MEASUREMENTS, to_measurement, qos.EVENTS)
        self._findings = Outlet(self, FindingMsg, topics.EXAM_FINDINGS, to_finding, qos.EVENTS)
        self._folders = self.create_publisher(String, topics.EXAM_FOLDER, qos.LATCHED)
        self._records = self.create_publisher(String, topics.EXAM_RECORD, qos.LATCHED)
        self._run: ExamRun | None = None
        self._computed: tuple[int, ExamOutput] | None = None  # exam tick and output, not published yet
        self._inlets: list[Inlet[Any]] = []
        self._timer: Any = None
        self._landmarks: BodyLandmarks | None = None
        self._record_folder = Path()
        self._is_active = False
        self._state: ExamState | None = None
        self._server = ExamServer(self, self)
        self._diagnostics = Diagnostics(self, self._health)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe; start the exam that the parameters name."""
        self._inputs.reset()
        self._computed = None
        self._inputs.open()
        self._frames = Inlet(
            self, UltrasoundFrame, topics.PROBE_FRAME, from_frame, qos.FRAMES_LOCKSTEP, on_data=self._on_frame
        )
        landmarks = Inlet(
            self, BodyLandmarksMsg, topics.BODY_LANDMARKS, from_landmarks, qos.LATCHED, self._on_landmarks
        )
        self._inlets = [self._frames, landmarks]
        self._timer = self.create_timer(POLL_S, self._watch, clock=wall_clock())
        self._bond.say(active=True)
        self._is_active = True
        if self._params.run and self._run is None:
            self.begin(self._params.run, self._params.patient, "")
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop; a running exam ends here, with its record complete so far."""
        self._is_active = False
        self._bond.say(active=False)
        self._inputs.close()
        for inlet in self._inlets:
            inlet.close()
        self._inlets = []
        self.destroy_timer(self._timer)
        self._end_run("exam node deactivated")
        return super().on_deactivate(state)

    def close(self) -> None:
        """Close the record of an exam that is cut short, and say goodbye."""
        if self._run is not None:
            self._run.close()
        self._peers.close()
        self._bond.close()

    # The exam, as ExamServer asks for it

    def can_begin(self) -> bool:
        """True while the node is active and no exam runs."""
        return self._is_active and self._run is None

    def begin(self, protocol: str, patient: str, folder: str) -> None:
        """Begin an exam.

        Args:
            protocol: name or YAML file.
            patient: pseudonym; empty: that of the parameters.
            folder: of the record; empty: a new one in the folder of the parameters.

        Raises:
            EchoPilotError: for an unknown protocol, a wrong calibration or a folder that cannot be used.
        """
        self._count_breaks()
        self._breaks.begin()
        target = Path(folder) if folder else free_folder(Path(self._params.out), protocol)
        self._run = ExamRun(protocol, patient or self._params.patient or "unnamed", target, self._params.calibration)
        for warning in self._run.warnings:
            self.get_logger().warning(f"{warning}; run echopilot calibrate before measuring on a person")
        if self._landmarks is not None:
            self._run.set_landmarks(self._landmarks)
        self._imaging.forget()
        self.get_logger().info(f"exam {protocol} begins, record in {target}")
        self._record_folder = target.resolve()
        self._folders.publish(String(data=str(self._record_folder)))
        self._work()

    def request(self, request: OperatorRequest) -> bool:
        """Pass an operator's request to the running exam; False when none runs."""
        if self._run is None:
            return False
        self._run.queue_request(request)
        return True

    def _finish(self, end: ExamEnd) -> None:
        assert self._run is not None
        self._peers.poll()
        self._count_breaks()
        self._run.close()
        if self._run.problem:
            self.get_logger().error(self._run.problem)
        self._run = self._computed = self._state = None
        self._records.publish(String(data=str(end.folder.resolve())))
        self.get_logger().info(f"exam ended: {end.message}; record in {end.folder}")
        self._server.finish(end)

    def _end_run(self, message: str) -> None:
        """End a running exam without success."""
        if self._run is not None:
            self._finish(ExamEnd(False, message, self._run.folder))

    def _health(self) -> Health:
        values: dict[str, object] = {"ticks without a peer": sum(self._breaks.by_node.values())}
        if self._run is None:
            return Health("no exam runs" if self._is_active else "not active", Severity.OK, values)
        values["record"] = self._record_folder
        if self._run.problem:
            return Health(self._run.problem, Severity.ERROR, values)
        if self._state is None:
            return Health("waits for the robot", Severity.OK, values)
        values |= {"step": self._state.step_index + 1, "steps": self._state.steps_total}
        return Health(f"{self._state.phase.name}: {self._state.phase.value}", Severity.OK, values)

    # Inputs

    def _on_restart(self) -> None:
        self._computed = None
        self._end_run("the robot's time began anew")

    def _on_frame(self, _: int, data: bytes) -> None:
        if self._run is not None and (frame := self._frames.read(data)) is not None:
            self._run.add_frame(frame)

    def _on_landmarks(self, landmarks: BodyLandmarks) -> None:
        self._landmarks = landmarks
        if self._run is not None:
            self._run.set_landmarks(landmarks)

    # Work

    def _watch(self) -> None:
        """Look at the bonds: a robot source that ended ends the exam, peers that ended are waited for no more."""
        self._inputs.look_at_bonds()
        self._count_breaks()
        self._work()

    def _count_breaks(self) -> None:
        self._breaks.note(self.get_name(), self._inputs.breaks)
        for role in (ROBOT, PERCEPTION, CONTROLLER, SAFETY):
            if (state := self._peers.state(role)) is not None:
                self._breaks.note(role, state.breaks)
        if self._run is not None:
            self._run.note_breaks(self._breaks.by_node)

    def _work(self) -> None:
        inputs = self._inputs
        if self._run is not None and inputs.robot_tick < 0:  # releases a simulator that holds its first tick
            self._states.send(idle_status(0, 0, True, "waits for the robot"))
        if inputs.robot_tick >= 0 and (loss := inputs.robot_loss()):
            self._end_run(loss)
        self._publish_computed()
        while self._computed is None and inputs.is_ready():
            if self._run is not None and (absent := inputs.absent_peers()):
                self.get_logger().warning(f"goes on without {', '.join(absent)}", throttle_duration_sec=5.0)
            self._compute(inputs.take())
            inputs.expect_next()
            self._publish_computed()

    def _compute(self, tick: TickInputs) -> None:
        exam_tick = tick.robot.tick // EXAM_TICKS
        if self._run is None:
            self._states.send(idle_status(tick.robot.stamp_ns, exam_tick, False, ""))
            return
        _, output = self._run.step(tick.now_ns, tick.robot, tick.status, tick.safety, tick.results)
        self._state = output.state
        self._computed = exam_tick, output

    def _publish_computed(self) -> None:
        """Publish the computed tick, once the scanner has accepted its preset.

        A change is requested only after the next control tick has come: then it always arrives between the same two
        ticks of the exam's raster, on which the scanner acts. No next one comes while the controller waits for a first
        goal, as at the tick at which an exam joins.
        """
        if self._computed is None or self._imaging.is_waiting():
            return
        exam_tick, output = self._computed
        if self._imaging.differs(output.imaging):
            tick = self._inputs.robot_tick
            if self._params.lockstep and tick <= exam_tick * EXAM_TICKS and tick != self._inputs.joined_tick:
                return
            self._imaging.ask(output.imaging, self._publish_computed)
            if self._imaging.is_waiting():
                return
        self._computed = None
        self._publish(exam_tick, output)

    def _publish(self, exam_tick: int, output: ExamOutput) -> None:
        for measurement in output.new_measurements:
            self._measurements.send(measurement, output.state.stamp_ns)
        for finding in output.new_findings:
            self._findings.send(finding, output.state.stamp_ns)
        self._server.send_feedback(self._states.send(exam_status(output.state, exam_tick, self._record_folder)))
        if self._run is not None and self._run.end is not None:
            self._finish(self._run.end)


def main() -> None:
    """Run the node until a signal comes."""
    run(ExamNode)


if __name__ == "__main__":
    main()

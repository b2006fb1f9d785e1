"""A running exam: state machine, record and operator requests, without ROS."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from platform import node

from echopilot_control.safety import Limits
from echopilot_core import (
    BodyLandmarks,
    ControlStatus,
    EchoPilotError,
    ExamPhase,
    Frame,
    PerceptionResult,
    RobotState,
    SafetyState,
)
from echopilot_exam.calibration import SIMULATED, check_calibrations
from echopilot_exam.machine.machine import ExamInputs, ExamMachine, ExamOutput, OperatorRequest
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_exam.record import RecordHeader, RecordWriter, exam_config
from echopilot_exam.record.patient_id import check_patient_id
from echopilot_exam.record.software import account


@dataclass(frozen=True)
class ExamEnd:
    """End of an exam: its success, message and record folder."""

    success: bool
    message: str
    folder: Path


class ExamRun:
    """State machine and record of one exam.

    Raises EchoPilotError for an unknown protocol, a patient id that the standards' fields cannot hold, a wrong
    calibration or a folder that cannot be used. `clips` keeps every frame of recordings and sweeps as images, tens of
    megabytes for an exam. `operator` is who started it; empty: the account that this process runs under.
    """

    def __init__(
        self,
        protocol: str,
        patient_id: str,
        folder: Path,
        calibration: str = SIMULATED,
        clips: bool = True,
        operator: str = "",
    ) -> None:
        plan = load_protocol(protocol)
        check_patient_id(patient_id)
        started = datetime.now(timezone.utc)
        calibrated = check_calibrations(calibration, started)
        self.warnings = calibrated.warnings
        self.folder = folder
        self._machine = ExamMachine(plan, patient_id)
        header = RecordHeader(
            patient_id=patient_id,
            protocol=plan.name,
            protocol_sha256=plan.sha256,
            probe_calibration=calibrated.probe,
            time_calibration=calibrated.time,
            started_utc=started.isoformat(timespec="seconds"),
            operator=operator or account(),
            device=f"{'simulated' if calibration == SIMULATED else 'real'} arm and scanner, computer {node()}",
        )
        self._writer = RecordWriter(folder, plan, header, exam_config(protocol, Limits(), calibrated.files), clips)
        self._requests: deque[OperatorRequest] = deque(maxlen=16)
        self.end: ExamEnd | None = None

    def queue_request(self, request: OperatorRequest) -> None:
        """Queue a request of the operator: one takes effect per tick, in order; ABORT precedes all others."""
        if request is OperatorRequest.ABORT:
            self._requests.clear()
        self._requests.append(request)

    def next_request(self) -> OperatorRequest:
        """Remove and return the request of a tick."""
        return self._requests.popleft() if self._requests else OperatorRequest.NONE

    def set_landmarks(self, landmarks: BodyLandmarks) -> None:
        """Keep the landmarks of the body in the record."""
        self._writer.set_landmarks(landmarks)

    def add_frame(self, frame: Frame) -> None:
        """Offer a frame to the record."""
        self._writer.add_frame(frame)

    def note_breaks(self, by_node: Mapping[str, int]) -> None:
        """Keep how many ticks each node computed without a peer's answer in the record."""
        self._writer.note_breaks(by_node)

    def step(
        self,
        now_ns: int,
        robot: RobotState,
        status: ControlStatus | None,
        safety: SafetyState | None,
        results: tuple[PerceptionResult, ...],
    ) -> tuple[ExamInputs, ExamOutput]:
        """One exam tick; the record is written before the output is returned.

        Args:
            now_ns: time of the tick.
            robot: state at the tick.
            status: newest of the controller.
            safety: newest state of safety.
            results: perception results since the last tick, oldest first.

        Returns:
            Inputs and output of the exam machine.
        """
        inputs = ExamInputs(now_ns, robot, status, safety, results, self.next_request())
        output = self._machine.step(inputs)
        try:
            self._writer.tick(inputs, output)
        except EchoPilotError:
            self.queue_request(OperatorRequest.ABORT)
        if self._writer.stopped:  # the exam leaves the skin; its state says why
            output = replace(output, state=replace(output.state, message=self._writer.stopped))
        if output.done:
            state = output.state
            self.end = ExamEnd(state.phase is ExamPhase.DONE, state.message or state.phase.name, self.folder)
        return inputs, output

    def close(self) -> None:
        """Close the record's files; `problem` says what the disk refused."""
        self._writer.close()

    @property
    def problem(self) -> str:
        """Why the record ended early, in one line; empty when all of it is written."""
        return self._writer.stopped

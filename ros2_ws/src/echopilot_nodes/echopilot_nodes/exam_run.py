"""One exam under way: machine, record and the frames it may keep; no ROS in here."""

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from echopilot_control.safety import Limits
from echopilot_core import BodyLandmarks, ControlStatus, EchoPilotError, Frame, RobotState, SafetyState, Seen
from echopilot_exam.calibration import SIMULATED, check_calibrations
from echopilot_exam.machine import ExamInputs, ExamMachine, ExamOutput, OperatorRequest
from echopilot_exam.protocol import load_protocol
from echopilot_exam.record import RecordHeader, RecordWriter, exam_config


@dataclass(frozen=True)
class ExamEnd:
    """How an exam ended."""

    success: bool
    message: str
    folder: Path


class ExamRun:
    """Raises EchoPilotError for an unknown protocol, a wrong calibration or a folder that cannot be used."""

    def __init__(self, protocol: str, patient_id: str, folder: Path, calibration: str = SIMULATED) -> None:
        plan = load_protocol(protocol)
        calibrated = check_calibrations(calibration, datetime.now(timezone.utc))
        self.warnings = calibrated.warnings
        self.folder = folder
        self._machine = ExamMachine(plan, patient_id)
        header = RecordHeader(
            patient_id=patient_id,
            protocol=plan.name,
            protocol_sha256=plan.sha256,
            probe_calibration=calibrated.probe,
            time_calibration=calibrated.time,
        )
        self._writer = RecordWriter(folder, plan, header, exam_config(protocol, Limits(), calibrated.files), clips=True)
        self._requests: deque[OperatorRequest] = deque(maxlen=16)
        self.end: ExamEnd | None = None

    def ask(self, request: OperatorRequest) -> None:
        """What a person wants: one request per tick, in order; ABORT goes before all others."""
        if request is OperatorRequest.ABORT:
            self._requests.clear()
        self._requests.append(request)

    def next_request(self) -> OperatorRequest:
        """Take the request of a tick."""
        return self._requests.popleft() if self._requests else OperatorRequest.NONE

    def landmarks(self, landmarks: BodyLandmarks) -> None:
        """Where the body lies, for the record."""
        self._writer.landmarks(landmarks)

    def frame(self, frame: Frame) -> None:
        """Offer a picture to the record."""
        self._writer.frame(frame)

    def step(
        self,
        now_ns: int,
        robot: RobotState,
        status: ControlStatus | None,
        safety: SafetyState | None,
        seen: tuple[Seen, ...],
    ) -> ExamOutput:
        """One exam tick; the record is written before the result is told."""
        inputs = ExamInputs(now_ns, robot, status, safety, seen, self.next_request())
        output = self._machine.step(inputs)
        try:
            self._writer.tick(inputs, output)
        except EchoPilotError:
            self.ask(OperatorRequest.ABORT)
        if self._writer.stopped:  # the exam leaves the skin; everybody is told why
            output = replace(output, state=replace(output.state, message=self._writer.stopped))
        if output.done:
            self.end = ExamEnd(output.state.state == "DONE", output.state.message or output.state.state, self.folder)
        return output

    def close(self) -> None:
        """Close the record's files."""
        self._writer.close()

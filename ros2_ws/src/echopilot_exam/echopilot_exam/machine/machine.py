"""The exam as a pure state machine at 20 Hz, from reports and operator requests to one goal and one state."""

from echopilot_control.safety import Limits
from echopilot_core import ExamPhase, GoalKind
from echopilot_exam.machine.faults import FAULT_LIMIT_S, detect_fault, is_latched
from echopilot_exam.machine.operator_prompts import waiting_for
from echopilot_exam.machine.progress import STOPPED, ExamProgress
from echopilot_exam.machine.state_table import STATES, acquisition_phase
from echopilot_exam.machine.states import TERMINAL, ExamInputs, ExamOutput, ExamState, OperatorRequest
from echopilot_exam.protocol.protocol import Protocol
from echopilot_exam.suspicion.follow_up import FollowUpAnswer

__all__ = ["ExamInputs", "ExamMachine", "ExamOutput", "ExamPhase", "ExamState", "OperatorRequest"]

IN_CONTACT = frozenset({ExamPhase.SEARCH, ExamPhase.RECORD, ExamPhase.SWEEP})


class ExamMachine:
    """Runs one protocol on one patient by the table STATES; no method waits or does I/O."""

    def __init__(self, protocol: Protocol, patient_id: str, limits: Limits | None = None) -> None:
        self.protocol = protocol
        self.patient_id = patient_id
        self._exam = ExamProgress(protocol, limits or Limits())

    def step(self, inputs: ExamInputs) -> ExamOutput:
        """Advance by one exam tick."""
        exam = self._exam
        exam.tick += 1
        exam.now_ns = inputs.now_ns
        exam.recorder.update(inputs.robot, inputs.results, inputs.now_ns, exam.state, exam.gate)
        exam.answer = FollowUpAnswer()
        if exam.follow_up is not None:
            exam.follow_up.see(inputs.results, exam.state)
        if not self._interrupt(inputs) and exam.state not in TERMINAL:
            row = STATES[exam.state]
            row.handler(exam, inputs, row.deadline_s(exam.step))
        phase = self._published_phase(inputs)
        if phase in TERMINAL and exam.follow_up is not None:
            exam.follow_up.close()
        evaluation, more = exam.recorder.evaluation, exam.answer
        return ExamOutput(
            goal=exam.goal,
            state=self._published_state(phase),
            imaging=exam.step.preset,
            new_measurements=(*evaluation.measurements, *more.measurements),
            new_findings=(*evaluation.findings, *more.findings),
            new_series=evaluation.series,
            keep=(*exam.recorder.key_frames, *evaluation.keep),
            done=phase in TERMINAL,
        )

    def _interrupt(self, inputs: ExamInputs) -> bool:
        """Operator, latched stops and lasting faults, which outrank the state; True when one was handled."""
        exam, request = self._exam, inputs.request
        if exam.state is ExamPhase.IDLE or exam.state in TERMINAL:
            return False
        if request is OperatorRequest.ABORT:
            exam.abort("operator ended the exam", inputs)
            return True
        if exam.state is not ExamPhase.SAFETY_STOPPED and is_latched(inputs):
            reasons = ", ".join(inputs.safety.reasons) if inputs.safety else ""
            exam.stop(ExamPhase.SAFETY_STOPPED, f"safety stopped: {reasons or 'robot fault'}", GoalKind.IDLE)
            return True
        if request is OperatorRequest.STOP and exam.state not in STOPPED:
            exam.stop(ExamPhase.OPERATOR_STOPPED, "operator stopped the exam", GoalKind.RETREAT)
            return True
        if request is OperatorRequest.SKIP and exam.state in IN_CONTACT | {ExamPhase.PREPARE}:
            exam.skip_step()
            return True
        return self._give_up_after_fault(inputs)

    def _give_up_after_fault(self, inputs: ExamInputs) -> bool:
        """Repeat or end a step in contact whose fault lasts too long; True when it does."""
        exam = self._exam
        is_in_contact = exam.state in IN_CONTACT
        fault = detect_fault(inputs, exam.goal.goal_id, exam.recorder.latest) if is_in_contact else None
        lasting = exam.faults.update(fault, exam.now_ns)
        if lasting is None:
            return False
        if lasting is ExamPhase.CONTROLLER_SILENT:
            exam.enter(ExamPhase.ABORTED, "controller is silent")
            exam.send_goal(GoalKind.RETREAT)
        else:
            exam.retry_step(f"{lasting.value} for more than {FAULT_LIMIT_S[lasting]:g} s", harder=False)
        return True

    def _published_phase(self, inputs: ExamInputs) -> ExamPhase:
        exam = self._exam
        if exam.state in IN_CONTACT and exam.faults.fault is not None:
            return exam.faults.fault
        if exam.state is ExamPhase.SEARCH:
            return acquisition_phase(exam.step, exam.goal.goal_id, inputs.status)
        return exam.state

    def _published_state(self, phase: ExamPhase) -> ExamState:
        exam = self._exam
        total = len(exam.plan)
        latest = exam.recorder.latest
        return ExamState(
            stamp_ns=exam.now_ns,
            tick=exam.tick,
            active=phase is not ExamPhase.IDLE and phase not in TERMINAL,
            phase=phase,
            step_index=exam.step_index,
            steps_total=total,
            attempt=exam.attempt,
            view=exam.step.view,
            waiting_for=waiting_for(exam.step, phase, exam.planned.why),
            progress=1.0 if exam.state is ExamPhase.DONE else len(exam.results) / total,
            message=exam.message,
            imaging_preset=exam.step.preset,
            goal=exam.goal,
            results=tuple(exam.results),
            frame_sequence=latest.sequence if latest else -1,
            protocol=self.protocol,
            step=exam.step,
            labels=exam.plan.labels,
            suspicions=() if exam.follow_up is None else exam.follow_up.suspicions,
        )

"""The exam as a pure machine at 20 Hz: robot, controller, safety and perception in, one goal and one state out."""

from echopilot_control.safety import Limits
from echopilot_core import ControlGoal, ControlPhase, GoalKind, Outcome, SafetyMode
from echopilot_exam.beats import enough_recorded
from echopilot_exam.biplane import ApicalPlane
from echopilot_exam.collector import Collector
from echopilot_exam.evaluate import Evaluation, evaluate_recording, evaluate_sweep
from echopilot_exam.faults import fault_in_contact, image_is_fresh, latched, rests, safety_is_fresh
from echopilot_exam.gate import judge_view
from echopilot_exam.gate_table import GATES
from echopilot_exam.goals import plain_goal, step_goal
from echopilot_exam.protocol import Protocol, Step, StepKind
from echopilot_exam.results import not_started, step_result
from echopilot_exam.stages import (
    ACQUIRE_MARGIN_S,
    FAULT_LIMIT_S,
    FORCE_STEP_N,
    FREE_FORCE_N,
    GATE_LIMIT_S,
    IN_CONTACT,
    MIRRORED,
    OPERATOR_STOP_LIMIT_S,
    PREPARE_LIMIT_S,
    RETREAT_LIMIT_S,
    SAFETY_STOP_LIMIT_S,
    STAGE_PHASE,
    STOPPED,
    After,
    Stage,
)
from echopilot_exam.states import (
    TERMINAL,
    ExamInputs,
    ExamOutput,
    ExamPhase,
    ExamState,
    KeyFrame,
    OperatorRequest,
    StepResult,
)
from echopilot_exam.telling import breath_request, waiting_for

__all__ = ["ExamInputs", "ExamMachine", "ExamOutput", "ExamPhase", "ExamState", "OperatorRequest"]

_NOTHING = Evaluation("")


class ExamMachine:
    """Runs one protocol on one patient. Every state has a deadline and a way out; nothing here waits or does I/O."""

    def __init__(self, protocol: Protocol, patient_id: str, limits: Limits | None = None) -> None:
        self.protocol = protocol
        self.patient_id = patient_id
        self._limits = limits or Limits()
        self._frames = Collector()
        self._goal = ControlGoal(goal_id=0, kind=GoalKind.IDLE)
        self._stage = Stage.IDLE
        self._stage_since_ns = self._now_ns = 0
        self._after = After.NEXT_STEP
        self._step_index = 0
        self._step_since_ns: int | None = None
        self._planes: tuple[ApicalPlane, ...] = ()
        self._attempt = 1
        self._force_extra_n = 0.0
        self._fault: ExamPhase | None = None
        self._fault_since_ns = 0
        self._hold_since_ns: int | None = None
        self._swept = Outcome.RUNNING
        self._tick = -1
        self._message = ""
        self._results: list[StepResult] = []
        self._yield = _NOTHING
        self._keep: list[KeyFrame] = []

    def step(self, inputs: ExamInputs) -> ExamOutput:
        """Advance by one exam tick."""
        self._tick += 1
        self._now_ns = inputs.now_ns
        self._yield = _NOTHING
        self._frames.absorb(inputs.robot, inputs.seen, inputs.now_ns, self._stage, GATES[self._step.gate])
        self._keep = list(self._frames.keep)
        if not self._interrupt(inputs):
            self._advance(inputs)
        phase = self._named_phase(inputs)
        return ExamOutput(
            goal=self._goal,
            state=self._state(phase),
            imaging=self._step.preset,
            new_measurements=self._yield.measurements,
            new_findings=self._yield.findings,
            new_series=self._yield.series,
            keep=(*self._keep, *self._yield.keep),
            done=phase in TERMINAL,
        )

    # What outranks the running stage

    def _interrupt(self, inputs: ExamInputs) -> bool:
        """Operator, latched stops and lasting faults; True when one was handled."""
        if self._stage in (Stage.DONE, Stage.ABORTED):
            return True
        if self._stage is Stage.IDLE:
            return False
        request = inputs.request
        if request is OperatorRequest.ABORT:
            self._abort("operator ended the exam", inputs)
            return True
        if self._stage is not Stage.SAFETY_STOPPED and latched(inputs):
            reasons = ", ".join(inputs.safety.reasons) if inputs.safety else ""
            self._stop(Stage.SAFETY_STOPPED, f"safety stopped: {reasons or 'robot fault'}", GoalKind.IDLE)
            return True
        if request is OperatorRequest.STOP and self._stage not in STOPPED:
            self._stop(Stage.OPERATOR_STOPPED, "operator stopped the exam", GoalKind.RETREAT)
            return True
        if request is OperatorRequest.SKIP and self._stage in IN_CONTACT | {Stage.PREPARE}:
            self._end_step(Outcome.PREEMPTED, False, Evaluation("skipped by the operator"))
            return True
        return self._lasting_fault(inputs)

    def _stop(self, stage: Stage, message: str, goal: GoalKind) -> None:
        """Latch; remember where to go on, so that an ended step is not repeated and an end stays an end.

        A repeated step begins afresh: its attempts, force and time start again when somebody resumes it.
        """
        if self._stage is Stage.NOT_FOUND:
            self._after = After.NEXT_STEP
        elif self._stage is not Stage.RETREAT and self._stage not in STOPPED:
            self._after = After.SAME_STEP
            self._attempt, self._step_since_ns, self._force_extra_n = 1, None, 0.0
        self._enter(stage, message)
        self._ask(goal)

    def _lasting_fault(self, inputs: ExamInputs) -> bool:
        in_contact = self._stage in IN_CONTACT
        fault = fault_in_contact(inputs, self._goal.goal_id, self._frames.latest) if in_contact else None
        if fault is not self._fault:
            self._fault, self._fault_since_ns = fault, self._now_ns
        if fault is None or self._since(self._fault_since_ns) < FAULT_LIMIT_S[fault]:
            return False
        if fault is ExamPhase.CONTROLLER_SILENT:
            self._enter(Stage.ABORTED, "controller is silent")
            self._ask(GoalKind.RETREAT)
        else:
            self._try_again(f"{fault.value} for more than {FAULT_LIMIT_S[fault]:g} s", harder=False)
        return True

    # What happens next in each stage

    def _advance(self, inputs: ExamInputs) -> None:
        elapsed_s = self._since(self._stage_since_ns)
        match self._stage:
            case Stage.IDLE:
                if self._tick > 0:
                    self._enter(Stage.PREPARE, f"protocol {self.protocol.name}")
            case Stage.PREPARE:
                self._prepare(inputs, elapsed_s)
            case Stage.ACQUIRE:
                self._acquire(inputs, elapsed_s)
            case Stage.RECORD:
                step = self._step
                if enough_recorded(self._frames.recorded, step.beats, elapsed_s, step.record_s):
                    self._enter(Stage.MEASURE, f"{step.view.name} recorded in {elapsed_s:.1f} s")
            case Stage.SWEEP:
                self._sweep(inputs, elapsed_s)
            case Stage.MEASURE:
                self._measure()
            case Stage.NOT_FOUND:
                self._leave(After.NEXT_STEP)
            case Stage.RETREAT:
                self._retreat(inputs, elapsed_s)
            case Stage.SAFETY_STOPPED:
                self._stopped(inputs, elapsed_s, SAFETY_STOP_LIMIT_S)
            case Stage.OPERATOR_STOPPED:
                self._stopped(inputs, elapsed_s, OPERATOR_STOP_LIMIT_S)

    def _prepare(self, inputs: ExamInputs, elapsed_s: float) -> None:
        if self._step_since_ns is None:
            self._step_since_ns = self._now_ns
        safe = inputs.safety is not None and inputs.safety.mode is SafetyMode.OK and safety_is_fresh(inputs)
        if inputs.status is not None and safe and image_is_fresh(self._frames.latest, self._now_ns):
            step = self._step
            self._frames.forget()
            if step.kind is StepKind.SWEEP:
                self._enter(Stage.SWEEP, "sweeps along the aorta")
            elif step.guided:
                self._enter(Stage.ACQUIRE, f"the operator moves the probe: {step.title}")
            else:
                self._enter(Stage.ACQUIRE, f"looks for {step.view.name}, attempt {self._attempt}")
            self._goal = step_goal(self._goal.goal_id + 1, step, self._force_extra_n, self._limits)
        elif elapsed_s > PREPARE_LIMIT_S:
            missing = "controller" if inputs.status is None else "fresh images" if safe else "safety"
            self._abort(f"not ready after {PREPARE_LIMIT_S:g} s: {missing}", inputs)

    def _acquire(self, inputs: ExamInputs, elapsed_s: float) -> None:
        status = inputs.status
        late = elapsed_s > self._step.timeout_s + ACQUIRE_MARGIN_S
        if status is None or status.goal_id != self._goal.goal_id:
            if late:
                self._try_again("controller did not take the goal", harder=False)
        elif status.outcome in (Outcome.NOT_FOUND, Outcome.ABORTED):
            self._try_again(status.detail or "view not found", harder=status.outcome is Outcome.NOT_FOUND)
        elif self._step.guided and elapsed_s > self._step.timeout_s:
            self._try_again("nobody brought the probe to the view in time", harder=False)
        elif self._step.by_hand:
            if inputs.request is OperatorRequest.RESUME:
                self._record()
        elif status.phase is ControlPhase.HOLD:
            if self._step.guided and not rests(inputs.robot):
                self._hold_since_ns = self._now_ns
            if self._hold_since_ns is None:
                self._hold_since_ns = self._now_ns
                if not self._step.guided:
                    self._message = "; ".join(filter(None, ("holds the view", breath_request(self._step))))
            self._hold(self._hold_since_ns)
        else:
            if status.phase is not ControlPhase.RECOVER:  # in it the probe stands still: a hold goes on behind it
                self._hold_since_ns = None
            if late:
                self._try_again("no view within the time", harder=True)

    def _hold(self, since_ns: int) -> None:
        window_ns = self._now_ns - round(max(self._step.hold_s, 0.5) * 1e9)
        window = [v for v in self._frames.verdicts if v.stamp_ns >= max(window_ns, since_ns)]
        verdict = judge_view(window, GATES[self._step.gate])
        if self._since(since_ns) >= self._step.hold_s and verdict.passed:
            self._record()
        elif self._since(since_ns) >= GATE_LIMIT_S and not self._step.guided:
            self._try_again(f"gate refused: {verdict.reason}", harder=True)

    def _record(self) -> None:
        self._frames.forget()
        self._enter(Stage.RECORD, "; ".join(filter(None, (f"records {self._step.title}", breath_request(self._step)))))

    def _sweep(self, inputs: ExamInputs, elapsed_s: float) -> None:
        status = inputs.status
        if elapsed_s > self._step.timeout_s + ACQUIRE_MARGIN_S:
            self._swept = Outcome.NOT_FOUND
            self._enter(Stage.MEASURE, "sweep took too long")
        elif status is not None and status.goal_id == self._goal.goal_id and status.outcome is not Outcome.RUNNING:
            self._swept = status.outcome
            self._enter(Stage.MEASURE, status.detail or "sweep ended")

    def _measure(self) -> None:
        frames = self._frames
        verdict = judge_view(frames.verdicts, GATES[self._step.gate])
        if self._step.kind is StepKind.SWEEP:
            self._yield = evaluate_sweep(frames.sections, verdict)
            complete = self._swept is Outcome.SUCCEEDED
        else:
            if not verdict.passed and self._attempt < self._step.attempts:
                self._try_again(f"recording refused: {verdict.reason}", harder=True)
                return
            self._yield = evaluate_recording(self._step.view, frames.recorded, frames.verdicts, verdict, self._planes)
            self._planes = self._yield.planes
            complete = True
        accepted = verdict.passed and complete
        self._end_step(Outcome.SUCCEEDED if accepted else Outcome.NOT_FOUND, accepted, self._yield)

    def _retreat(self, inputs: ExamInputs, elapsed_s: float) -> None:
        status = inputs.status
        ended = status is not None and status.goal_id == self._goal.goal_id and status.outcome is Outcome.SUCCEEDED
        if not ended and elapsed_s <= RETREAT_LIMIT_S:
            return
        if self._after is After.ABORTED:
            self._enter(Stage.ABORTED, self._message)
        elif not ended and not inputs.robot.contact_force_n < FREE_FORCE_N:
            self._enter(Stage.ABORTED, "retreat was not confirmed")
        elif self._after is After.NEXT_STEP:
            self._next_step()
        else:
            self._enter(Stage.PREPARE, self._message)
        self._ask(GoalKind.IDLE)

    def _stopped(self, inputs: ExamInputs, elapsed_s: float, limit_s: float) -> None:
        if elapsed_s > limit_s:
            self._abort("nobody resumed the exam", inputs)
        elif latched(inputs):
            return
        elif inputs.request is OperatorRequest.RESUME or (
            inputs.request is OperatorRequest.SKIP and self._after is not After.SAME_STEP
        ):
            self._leave(self._after)
        elif inputs.request is OperatorRequest.SKIP:
            self._end_step(Outcome.PREEMPTED, False, Evaluation("skipped by the operator"))

    # How steps end

    def _try_again(self, reason: str, harder: bool) -> None:
        """Repeat the step where the protocol allows, with one newton more if the view was not found; else end it."""
        if self._step.kind is StepKind.SWEEP and self._frames.sections:
            self._swept = Outcome.ABORTED
            self._enter(Stage.MEASURE, f"sweep broken off: {reason}")
        elif self._attempt < self._step.attempts:
            self._attempt += 1
            self._force_extra_n += FORCE_STEP_N if harder else 0.0
            self._message = reason
            self._leave(After.SAME_STEP)
        else:
            self._end_step(Outcome.NOT_FOUND, False, Evaluation(reason))

    def _end_step(self, outcome: Outcome, accepted: bool, evaluation: Evaluation) -> None:
        step = self._step
        broken_off = step.kind is StepKind.SWEEP and self._swept not in (Outcome.SUCCEEDED, Outcome.RUNNING)
        seconds = 0.0 if self._step_since_ns is None else self._since(self._step_since_ns)
        why = self._message if broken_off else ""
        result = step_result(step, outcome, accepted, evaluation, self._frames.verdicts, seconds, why)
        self._results.append(result)
        self._message = f"{step.view.name} {step.kind.value}: {result.detail}"
        if self.protocol.sweep_follows(self._step_index):
            if accepted:  # the probe stays on the skin
                self._next_step()
                return
            self._drop_sweep()
        if outcome is Outcome.NOT_FOUND and step.kind is StepKind.ACQUIRE:
            if self._frames.latest is not None:
                self._keep.append(KeyFrame(self._frames.latest.sequence, step.view, "last frame, view not reached"))
            self._enter(Stage.NOT_FOUND, self._message)
        else:
            self._leave(After.NEXT_STEP)

    def _drop_sweep(self) -> None:
        self._results.append(not_started(self._step.view))
        self._step_index += 1

    def _next_step(self) -> None:
        self._attempt, self._step_since_ns, self._force_extra_n = 1, None, 0.0
        self._frames.forget()
        self._swept = Outcome.RUNNING
        if self._step_index + 1 >= len(self.protocol.steps):
            self._enter(Stage.DONE, "exam finished")
        else:
            self._step_index += 1
            self._enter(Stage.PREPARE, self._message)

    def _leave(self, after: After) -> None:
        self._after = after
        self._enter(Stage.RETREAT, self._message)
        self._ask(GoalKind.RETREAT)

    def _abort(self, reason: str, inputs: ExamInputs) -> None:
        if self._stage is Stage.RETREAT and self._after is After.ABORTED:
            return
        self._message = reason
        if latched(inputs) or self._goal.goal_id == 0:
            self._enter(Stage.ABORTED, reason)
        else:
            self._leave(After.ABORTED)

    # Small parts

    @property
    def _step(self) -> Step:
        return self.protocol.steps[self._step_index]

    def _enter(self, stage: Stage, message: str) -> None:
        self._stage, self._stage_since_ns, self._message = stage, self._now_ns, message
        self._fault = self._hold_since_ns = None

    def _ask(self, kind: GoalKind) -> None:
        self._goal = plain_goal(self._goal.goal_id + 1, kind, self._step, self._limits)

    def _since(self, stamp_ns: int) -> float:
        return (self._now_ns - stamp_ns) * 1e-9

    def _named_phase(self, inputs: ExamInputs) -> ExamPhase:
        if self._stage in IN_CONTACT and self._fault is not None:
            return self._fault
        if self._stage is not Stage.ACQUIRE:
            return STAGE_PHASE[self._stage]
        status = inputs.status
        if status is None or status.goal_id != self._goal.goal_id:
            return ExamPhase.PREPARE
        if self._step.by_hand or (self._step.guided and status.phase is ControlPhase.HOLD):
            return ExamPhase.GUIDED
        return MIRRORED.get(status.phase, ExamPhase.PREPARE)

    def _state(self, phase: ExamPhase) -> ExamState:
        total = len(self.protocol.steps)
        latest = self._frames.latest
        return ExamState(
            stamp_ns=self._now_ns,
            tick=self._tick,
            active=phase is not ExamPhase.IDLE and phase not in TERMINAL,
            phase=phase,
            step_index=self._step_index,
            steps_total=total,
            attempt=self._attempt,
            view=self._step.view,
            waiting_for=waiting_for(self._step, phase),
            progress=1.0 if self._stage is Stage.DONE else len(self._results) / total,
            message=self._message,
            imaging_preset=self._step.preset,
            goal=self._goal,
            results=tuple(self._results),
            frame_sequence=latest.sequence if latest else -1,
        )

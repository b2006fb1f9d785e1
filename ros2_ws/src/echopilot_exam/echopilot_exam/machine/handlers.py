"""Handlers of the exam's states: one tick in a state, from inputs to a transition or none."""

from collections.abc import Callable
from typing import TypeAlias

from echopilot_core import ControlPhase, ControlStatus, ExamPhase, GoalKind, Outcome, SafetyMode
from echopilot_core.robot import CONTACT_N
from echopilot_exam.machine.faults import is_at_rest, is_image_fresh, is_latched, is_safety_fresh
from echopilot_exam.machine.needed_heads import why_not_possible
from echopilot_exam.machine.operator_prompts import breath_request
from echopilot_exam.machine.progress import ExamProgress
from echopilot_exam.machine.states import ExamInputs, OperatorRequest
from echopilot_exam.measure.heart_rate import enough_recorded
from echopilot_exam.protocol.step import StepKind

Handler: TypeAlias = Callable[[ExamProgress, ExamInputs, float], None]
"""Takes the exam, the inputs of the tick and the deadline [s] of the state, counted from its beginning."""

GATE_LIMIT_S = 8.0
"""A view that is held for this long without passing the gate is given up."""
MIN_GATE_WINDOW_S = 0.5


def start(exam: ExamProgress, inputs: ExamInputs, deadline_s: float) -> None:
    """IDLE lasts one tick, which only publishes the state."""
    if exam.tick > 0:
        exam.enter(ExamPhase.PREPARE, f"protocol {exam.protocol.name}")


def prepare(exam: ExamProgress, inputs: ExamInputs, deadline_s: float) -> None:
    """PREPARE waits for controller, safety and fresh images, then sends the goal of the step.

    An exam whose model lacks what the step needs ends here.
    """
    exam.begin_step()
    if why := why_not_possible(exam.recorder.latest, exam.step):
        exam.abort(why, inputs)
        return
    if exam.follow_up is not None:
        exam.follow_up.begin_step()
    safe = inputs.safety is not None and inputs.safety.mode is SafetyMode.OK and is_safety_fresh(inputs)
    if inputs.status is not None and safe and is_image_fresh(exam.recorder.latest, exam.now_ns):
        step = exam.step
        exam.recorder.reset()
        if exam.planned.suspicion is not None:
            exam.enter(ExamPhase.SWEEP if step.kind is StepKind.SWEEP else ExamPhase.SEARCH, exam.planned.why)
        elif step.kind is StepKind.SWEEP:
            exam.enter(ExamPhase.SWEEP, "sweeps along the aorta")
        elif step.guided:
            exam.enter(ExamPhase.SEARCH, f"the operator moves the probe: {step.title}")
        else:
            exam.enter(ExamPhase.SEARCH, f"looks for {step.view.name}, attempt {exam.attempt}")
        exam.send_step_goal()
    elif exam.elapsed_s > deadline_s:
        missing = "controller" if inputs.status is None else "fresh images" if safe else "safety"
        exam.abort(f"not ready after {deadline_s:g} s: {missing}", inputs)


def acquire(exam: ExamProgress, inputs: ExamInputs, deadline_s: float) -> None:
    """SEARCH lasts while the controller, in a guided step the operator, moves the probe to the view and holds it."""
    status, step = _answer(exam, inputs), exam.step
    is_late = exam.elapsed_s > deadline_s
    if status is None:
        if is_late:
            exam.retry_step("controller did not take the goal", harder=False)
    elif status.outcome in (Outcome.NOT_FOUND, Outcome.ABORTED):
        exam.retry_step(status.detail or "view not found", harder=status.outcome is Outcome.NOT_FOUND)
    elif step.guided and exam.elapsed_s > step.timeout_s:
        exam.retry_step("nobody brought the probe to the view in time", harder=False)
    elif step.by_hand:
        if inputs.request is OperatorRequest.RESUME:
            exam.begin_recording()
    elif status.phase is ControlPhase.HOLD:
        if step.guided and not is_at_rest(inputs.robot):
            exam.hold_since_ns = exam.now_ns
        if exam.hold_since_ns is None:
            exam.hold_since_ns = exam.now_ns
            if not step.guided:
                exam.message = "; ".join(filter(None, ("holds the view", breath_request(step))))
        _hold(exam, exam.hold_since_ns)
    else:
        if status.phase is not ControlPhase.RECOVER:  # in it the probe stands still: the hold goes on afterwards
            exam.hold_since_ns = None
        if is_late:
            exam.retry_step("no view within the time", harder=True)


def _hold(exam: ExamProgress, since_ns: int) -> None:
    """Record once the gate has passed for `hold_s` of the step."""
    step = exam.step
    window_ns = exam.now_ns - round(max(step.hold_s, MIN_GATE_WINDOW_S) * 1e9)
    verdict = exam.recorder.verdict(exam.gate, max(window_ns, since_ns))
    if exam.since_s(since_ns) >= step.hold_s and verdict.passed:
        exam.begin_recording()
    elif exam.since_s(since_ns) >= GATE_LIMIT_S and not step.guided:
        exam.retry_step(f"gate refused: {verdict.reason}", harder=True)


def record(exam: ExamProgress, inputs: ExamInputs, deadline_s: float) -> None:
    """RECORD lasts until the recording holds the heart beats of the step."""
    step, elapsed_s = exam.step, exam.elapsed_s
    if enough_recorded(exam.recorder.recorded, step.beats, elapsed_s, deadline_s):
        exam.enter(ExamPhase.MEASURE, f"{step.view.name} recorded in {elapsed_s:.1f} s")


def sweep(exam: ExamProgress, inputs: ExamInputs, deadline_s: float) -> None:
    """SWEEP lasts until the controller ends the sweep."""
    status = _answer(exam, inputs)
    if exam.elapsed_s > deadline_s:
        exam.sweep_outcome = Outcome.NOT_FOUND
        exam.enter(ExamPhase.MEASURE, "sweep took too long")
    elif status is not None and status.outcome is not Outcome.RUNNING:
        exam.sweep_outcome = status.outcome
        exam.enter(ExamPhase.MEASURE, status.detail or "sweep ended")


def measure(exam: ExamProgress, inputs: ExamInputs, deadline_s: float) -> None:
    """MEASURE evaluates the recorded frames; a rejected recording is repeated while attempts are left."""
    recorder, step = exam.recorder, exam.step
    verdict = recorder.verdict(exam.gate)
    if step.kind is StepKind.SWEEP:
        evaluation = recorder.evaluate_sweep(verdict, again=exam.planned.suspicion is not None)
        is_complete = exam.sweep_outcome is Outcome.SUCCEEDED
    else:
        if not verdict.passed and exam.attempt < step.attempts:
            exam.retry_step(f"recording refused: {verdict.reason}", harder=True)
            return
        evaluation = recorder.evaluate_recording(step.view, verdict)
        is_complete = True
    accepted = verdict.passed and is_complete
    exam.end_step(Outcome.SUCCEEDED if accepted else Outcome.NOT_FOUND, accepted, evaluation)


def give_up_view(exam: ExamProgress, inputs: ExamInputs, deadline_s: float) -> None:
    """VIEW_NOT_FOUND is published for one tick."""
    exam.retreat(exam.step_index + 1)


def retreat(exam: ExamProgress, inputs: ExamInputs, deadline_s: float) -> None:
    """RETREAT lasts until the controller reports the probe off the skin; at the deadline a low force suffices."""
    status = _answer(exam, inputs)
    is_confirmed = status is not None and status.outcome is Outcome.SUCCEEDED
    if not is_confirmed and exam.elapsed_s <= deadline_s:
        return
    destination = exam.retreat_destination
    if destination is None:
        exam.enter(ExamPhase.ABORTED, exam.message)
    elif not is_confirmed and not inputs.robot.contact_force_n < CONTACT_N:
        exam.enter(ExamPhase.ABORTED, "retreat was not confirmed")
    elif destination != exam.step_index:
        exam.go_to_step(destination)
    else:
        exam.enter(ExamPhase.PREPARE, exam.message)
    exam.send_goal(GoalKind.IDLE)


def wait_for_operator(exam: ExamProgress, inputs: ExamInputs, deadline_s: float) -> None:
    """SAFETY_STOPPED and OPERATOR_STOPPED last until the operator resumes or skips while no stop is latched."""
    is_repeat = exam.retreat_destination == exam.step_index
    if exam.elapsed_s > deadline_s:
        exam.abort("nobody resumed the exam", inputs)
    elif is_latched(inputs):
        return
    elif inputs.request is OperatorRequest.RESUME or (inputs.request is OperatorRequest.SKIP and not is_repeat):
        exam.retreat(exam.retreat_destination)
    elif inputs.request is OperatorRequest.SKIP:
        exam.skip_step()


def _answer(exam: ExamProgress, inputs: ExamInputs) -> ControlStatus | None:
    """The controller's status where it answers the goal in force."""
    status = inputs.status
    return status if status is not None and status.goal_id == exam.goal.goal_id else None

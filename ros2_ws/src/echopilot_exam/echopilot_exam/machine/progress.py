"""Position of an exam in its plan, and the transitions that every state shares."""

from echopilot_control.safety import Limits
from echopilot_core import ControlGoal, ExamPhase, GoalKind, Outcome, View
from echopilot_exam.gate.acceptance_criteria import GATES
from echopilot_exam.gate.gate import AcceptanceGate
from echopilot_exam.machine.faults import FaultOverlay, is_latched
from echopilot_exam.machine.operator_prompts import breath_request
from echopilot_exam.machine.planned_step import ExamPlan, PlannedStep
from echopilot_exam.machine.states import ExamInputs, StepResult
from echopilot_exam.machine.step_results import left_out, not_started, step_result
from echopilot_exam.measure.evaluate import Evaluation
from echopilot_exam.measure.step_recorder import StepRecorder
from echopilot_exam.protocol.protocol import Protocol
from echopilot_exam.protocol.step import FORCE_STEP_N, Step, StepKind
from echopilot_exam.suspicion.follow_up import FollowUp, FollowUpAnswer
from echopilot_exam.suspicion.reading import EndedStep
from echopilot_exam.suspicion.table import second_looks

RETREAT_LIMIT_S = 20.0

STOPPED = frozenset({ExamPhase.SAFETY_STOPPED, ExamPhase.OPERATOR_STOPPED})


class ExamProgress:
    """State, step, attempt, goal and results of a running exam; handlers of states read and change it.

    `retreat_destination` is the index of the step that follows a retreat (the present one to repeat it, one beyond the
    last to finish), or None where the exam is given up. `answer` is what second looks add at the present tick.
    """

    def __init__(self, protocol: Protocol, limits: Limits) -> None:
        self.protocol = protocol
        self.plan = ExamPlan(protocol)
        self.follow_up = FollowUp(second_looks()) if protocol.second_looks else None
        self.answer = FollowUpAnswer()
        self.recorder = StepRecorder()
        self.faults = FaultOverlay()
        self.goal = ControlGoal(goal_id=0, kind=GoalKind.IDLE)
        self.state = ExamPhase.IDLE
        self.message = ""
        self.tick = -1
        self.now_ns = 0
        self.step_index = 0
        self.attempt = 1
        self.retreat_destination: int | None = 0
        self.hold_since_ns: int | None = None
        self.sweep_outcome = Outcome.RUNNING
        self.results: list[StepResult] = []
        self._limits = limits
        self._state_since_ns = 0
        self._step_since_ns: int | None = None
        self._extra_force_n = 0.0

    @property
    def step(self) -> Step:
        """The present step."""
        return self.planned.step

    @property
    def planned(self) -> PlannedStep:
        """The present step with what the plan says of it."""
        return self.plan[self.step_index]

    @property
    def gate(self) -> AcceptanceGate:
        """The acceptance gate of the present step."""
        return GATES[self.step.gate]

    @property
    def elapsed_s(self) -> float:
        """Time in the present state."""
        return self.since_s(self._state_since_ns)

    def since_s(self, stamp_ns: int) -> float:
        """Time since a stamp."""
        return (self.now_ns - stamp_ns) * 1e-9

    # Goals

    def send_step_goal(self) -> None:
        """Send the goal of the present step, with extra force where earlier attempts did not find the view."""
        step = self.step
        force_n = min(step.force_n + self._extra_force_n, self._limits.preset_limits(step.preset).setpoint_max_n)
        self.goal = ControlGoal(
            self.goal.goal_id + 1,
            _step_goal_kind(step),
            step.view,
            force_n,
            step.preset,
            step.timeout_s,
            speed_m_s=step.speed_m_s,
            T_base_start=self.planned.T_base_start,
            sweep_m=step.sweep_m,
        )

    def send_goal(self, kind: GoalKind) -> None:
        """Send a goal RETREAT or IDLE under the limits of the present step."""
        step = self.step
        force_n = self._limits.preset_limits(step.preset).setpoint_n
        self.goal = ControlGoal(
            self.goal.goal_id + 1, kind, View.NONE, force_n, step.preset, RETREAT_LIMIT_S, speed_m_s=step.speed_m_s
        )

    # Transitions

    def enter(self, state: ExamPhase, message: str) -> None:
        """Change the state; its time starts, the fault is cleared."""
        self.state, self._state_since_ns, self.message = state, self.now_ns, message
        self.hold_since_ns = None
        self.faults.clear()

    def retreat(self, destination: int | None) -> None:
        """Leave the skin, then go on as `retreat_destination` says."""
        self.retreat_destination = destination
        self.enter(ExamPhase.RETREAT, self.message)
        self.send_goal(GoalKind.RETREAT)

    def abort(self, reason: str, inputs: ExamInputs) -> None:
        """End the exam without success; the probe leaves the skin first where the arm can move."""
        if self.state is ExamPhase.RETREAT and self.retreat_destination is None:
            return
        self.message = reason
        if is_latched(inputs) or self.goal.goal_id == 0:
            self.enter(ExamPhase.ABORTED, reason)
        else:
            self.retreat(None)

    def stop(self, state: ExamPhase, message: str, goal: GoalKind) -> None:
        """Enter one of STOPPED and keep the destination: finished steps are not repeated, aborts stay aborts.

        A repeated step starts from the beginning: attempts, force and time are reset.
        """
        if self.state is ExamPhase.VIEW_NOT_FOUND:
            self.retreat_destination = self.step_index + 1
        elif self.state is not ExamPhase.RETREAT and self.state not in STOPPED:
            self.retreat_destination = self.step_index
            self._restart_step()
        self.enter(state, message)
        self.send_goal(goal)

    # Steps

    def begin_step(self) -> None:
        """Start the time of the present step unless it runs."""
        if self._step_since_ns is None:
            self._step_since_ns = self.now_ns

    def begin_recording(self) -> None:
        """Enter RECORD with empty recordings."""
        self.recorder.reset()
        request = breath_request(self.step)
        self.enter(ExamPhase.RECORD, "; ".join(filter(None, (f"records {self.step.title}", request))))

    def retry_step(self, reason: str, harder: bool) -> None:
        """Repeat the step while attempts are left, else end it; a sweep with tracked sections is measured instead.

        Args:
            reason: for the message.
            harder: press FORCE_STEP_N harder, because the view was not found.
        """
        if self.step.kind is StepKind.SWEEP and self.recorder.sections:
            self.sweep_outcome = Outcome.ABORTED
            self.enter(ExamPhase.MEASURE, f"sweep broken off: {reason}")
        elif self.attempt < self.step.attempts:
            self.attempt += 1
            self._extra_force_n += FORCE_STEP_N if harder else 0.0
            self.message = reason
            self.retreat(self.step_index)
        else:
            self.end_step(Outcome.NOT_FOUND, False, Evaluation(reason))

    def skip_step(self) -> None:
        """End the step at the operator's request."""
        self.end_step(Outcome.PREEMPTED, False, Evaluation("skipped by the operator"))

    def end_step(self, outcome: Outcome, accepted: bool, evaluation: Evaluation) -> None:
        """Keep the result of the present step and leave the skin, unless a sweep follows from the accepted view."""
        step = self.step
        broken_off = step.kind is StepKind.SWEEP and self.sweep_outcome not in (Outcome.SUCCEEDED, Outcome.RUNNING)
        seconds = 0.0 if self._step_since_ns is None else self.since_s(self._step_since_ns)
        why = self.message if broken_off else ""
        result = step_result(step, outcome, accepted, evaluation, self.recorder.verdicts, seconds, why)
        self.results.append(result)
        self.message = f"{step.view.name} {step.kind.value}: {result.detail}"
        self._look_again(accepted, evaluation)
        if self.plan.sweep_follows(self.step_index):
            if accepted:  # the probe stays on the skin
                self.go_to_step(self.step_index + 1)
                return
            self.results.append(not_started(step.view))
            self.step_index += 1
        if outcome is Outcome.NOT_FOUND and step.kind is StepKind.ACQUIRE:
            self.recorder.keep_latest(step.view, "last frame, view not reached")
            self.enter(ExamPhase.VIEW_NOT_FOUND, self.message)
        else:
            self.retreat(self.step_index + 1)

    def go_to_step(self, index: int) -> None:
        """Prepare a following step, or finish the exam after the last one."""
        self._restart_step()
        self.recorder.reset()
        self.sweep_outcome = Outcome.RUNNING
        while index < len(self.plan) and (why := self._why_left_out(self.plan[index])):
            self.results.append(left_out(self.plan[index].step, why))
            index += 1
        if index >= len(self.plan):
            self.enter(ExamPhase.DONE, "exam finished")
        else:
            self.step_index = index
            self.enter(ExamPhase.PREPARE, self.message)

    def _why_left_out(self, planned: PlannedStep) -> str:
        return "" if self.follow_up is None else self.follow_up.why_left_out(planned, self.now_ns)

    def _look_again(self, accepted: bool, evaluation: Evaluation) -> None:
        """Put into the plan what the findings of the step that has ended ask for."""
        if self.follow_up is None:
            return
        recorder = self.recorder
        ended = EndedStep(
            planned=self.planned,
            accepted=accepted,
            evaluation=evaluation,
            sections=recorder.sections,
            recorded=recorder.recorded,
            scored=self.follow_up.scored,
            T_base_probe=recorder.T_base_probe,
        )
        self.answer = self.follow_up.step_ended(ended, self.now_ns)
        self.plan.put_in(self.step_index, self.answer.steps)
        self.message = "; ".join(filter(None, (self.message, self.answer.message)))

    def _restart_step(self) -> None:
        self.attempt, self._step_since_ns, self._extra_force_n = 1, None, 0.0


def _step_goal_kind(step: Step) -> GoalKind:
    """The goal that a step begins with. HOLD: the operator moves the probe; IDLE: the arm stays away."""
    if step.kind is StepKind.SWEEP:
        return GoalKind.SWEEP
    if step.by_hand:
        return GoalKind.IDLE
    return GoalKind.HOLD if step.guided else GoalKind.ACQUIRE_VIEW

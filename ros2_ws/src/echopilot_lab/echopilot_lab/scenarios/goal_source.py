"""Goals of a scenario for the controller: a sequence of goals, or a whole exam."""

from collections.abc import Callable, Sequence
from typing import Protocol

from echopilot_control.loop import Directive, Reports
from echopilot_core import ControlGoal, ControlPhase, GoalKind, Outcome, View
from echopilot_exam.machine.machine import ExamInputs, ExamMachine, OperatorRequest
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_lab.scenarios.model import GoalSpec, Scenario

HOLD_NS = 1_500_000_000  # a view is held so long before the next goal


class ScenarioGoals(Protocol):
    """Gives goals; `completed` once all that was asked for has succeeded.

    `suspicions` are those of an exam with their outcomes, as ANEURYSM_ABDOMINAL CONFIRMED.
    """

    @property
    def completed(self) -> bool: ...

    @property
    def suspicions(self) -> tuple[str, ...]: ...

    def step(self, reports: Reports) -> Directive: ...


def goals_of(scenario: Scenario, take_request: Callable[[], OperatorRequest]) -> ScenarioGoals:
    """The director that a scenario asks for; `take_request` says what the operator asks of the exam."""
    return ProtocolGoals(scenario.protocol, take_request) if scenario.protocol else GoalSequence(scenario.goals)


class ProtocolGoals:
    """The exam machine, as in the product."""

    def __init__(self, protocol: str, take_request: Callable[[], OperatorRequest]) -> None:
        self._take_request = take_request
        self._machine = ExamMachine(load_protocol(protocol), "scenario")
        self.completed = False
        self.suspicions: tuple[str, ...] = ()

    def step(self, reports: Reports) -> Directive:
        """One tick of the exam."""
        r = reports
        out = self._machine.step(ExamInputs(r.now_ns, r.robot, r.status, r.safety, r.results, self._take_request()))
        results = out.state.results
        self.completed = out.done and bool(results) and all(x.accepted or x.left_out for x in results)
        self.suspicions = tuple(f"{s.finding.kind.name} {s.outcome.name}" for s in out.state.suspicions)
        return Directive(out.goal, out.imaging, out.done)


class GoalSequence:
    """One goal after another; a goal that fails is the last one, and the probe then leaves the skin."""

    suspicions: tuple[str, ...] = ()

    def __init__(self, goals: Sequence[GoalSpec]) -> None:
        self._goals = goals
        self._index = 0
        self._held_since_ns: int | None = None
        self.completed = False
        self._failed = False

    def step(self, reports: Reports) -> Directive:
        """Go on once the present goal has succeeded."""
        status, spec = reports.status, self._goals[self._index]
        mine = status is not None and status.goal_id == self._index + 1 and not self._failed
        outcome = status.outcome if mine and status is not None else Outcome.RUNNING
        if outcome in (Outcome.NOT_FOUND, Outcome.ABORTED):
            self._failed = True
        elif outcome is Outcome.SUCCEEDED:
            if self._held_since_ns is None:
                self._held_since_ns = reports.now_ns
            if reports.now_ns - self._held_since_ns >= HOLD_NS:
                if self._index + 1 < len(self._goals):
                    self._index, self._held_since_ns = self._index + 1, None
                    spec = self._goals[self._index]
                else:
                    self.completed = True
        elif status is not None and status.phase not in (ControlPhase.HOLD, ControlPhase.RECOVER):
            self._held_since_ns = None
        kind = GoalKind.ACQUIRE_VIEW if spec.kind == "acquire" else GoalKind.SWEEP
        goal = ControlGoal(
            goal_id=self._index + 1 if not self._failed else len(self._goals) + 1,
            kind=GoalKind.RETREAT if self._failed else kind,
            view=View[spec.view],
            force_setpoint_n=spec.force_n,
            preset=spec.preset,
            timeout_s=spec.timeout_s,
            speed_m_s=spec.speed_mm_s * 1e-3,
        )
        return Directive(goal, spec.preset, False)

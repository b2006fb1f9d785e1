"""Goals by exam tick: which goal holds at a control tick, and when the exam counts as silent."""

from dataclasses import dataclass

from echopilot_core import ControlGoal, GoalKind, to_ns
from echopilot_nodes.lockstep import Inbox
from echopilot_nodes.rates import EXAM_TICKS

EXAM_SILENT_S = 0.3
IDLE = ControlGoal(goal_id=0, kind=GoalKind.IDLE)
LEAVE_ID = -1


@dataclass(frozen=True)
class TimedGoal:
    """The goal of an exam tick with its stamp; `active` while an exam runs."""

    stamp_ns: int
    goal: ControlGoal
    active: bool


def exam_tick_needed(control_tick: int) -> int:
    """Exam tick whose goal holds at a control tick: goals of exam tick j act from control tick 5 (j + 1) on."""
    return control_tick // EXAM_TICKS - 1


class ExamGoals:
    """Keeps the goals heard and hands out the one in force."""

    def __init__(self) -> None:
        self._inbox: Inbox[TimedGoal] = Inbox()
        self._now = TimedGoal(0, IDLE, False)

    @property
    def active(self) -> bool:
        """True while an exam runs."""
        return self._now.active

    def put(self, tick: int, timed: TimedGoal) -> None:
        """A goal was heard."""
        self._inbox.put(tick, timed)

    def at(self, control_tick: int, stamp_ns: int, lockstep: bool) -> ControlGoal:
        """The goal in force at a control tick stamped `stamp_ns`.

        When the exam has been silent for 0.3 s during a goal, the probe leaves the patient: a retreat under the same
        row of the limits.
        """
        for timed in self._inbox.take_until(exam_tick_needed(control_tick) if lockstep else None):
            self._now = timed
        if self._now.goal.kind == GoalKind.IDLE or stamp_ns - self._now.stamp_ns <= to_ns(EXAM_SILENT_S):
            return self._now.goal
        return ControlGoal(goal_id=LEAVE_ID, kind=GoalKind.RETREAT, preset=self._now.goal.preset)

    def fresh_preset(self, stamp_ns: int) -> str:
        """Preset of the goal in force at `stamp_ns`; "" while none runs or the exam is silent."""
        goal = self._now.goal
        fresh = abs(stamp_ns - self._now.stamp_ns) <= to_ns(EXAM_SILENT_S)
        return goal.preset if fresh and goal.kind != GoalKind.IDLE else ""

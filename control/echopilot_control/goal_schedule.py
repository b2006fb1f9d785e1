"""Schedule of goals by exam tick, with a time-out for a silent exam."""

from dataclasses import dataclass

from echopilot_core import ControlGoal, GoalKind, to_ns
from echopilot_core.timing import EXAM_TICKS, StampedBuffer

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


class GoalSchedule:
    """Received goals, and the one in force."""

    def __init__(self) -> None:
        self._buffer: StampedBuffer[TimedGoal] = StampedBuffer()
        self._now = TimedGoal(0, IDLE, False)

    @property
    def active(self) -> bool:
        """True while an exam runs."""
        return self._now.active

    def put(self, tick: int, timed: TimedGoal) -> None:
        """Add a received goal."""
        self._buffer.put(tick, timed)

    def at(self, control_tick: int, stamp_ns: int, lockstep: bool) -> ControlGoal:
        """The goal in force at a control tick stamped `stamp_ns`.

        When the exam has been silent for 0.3 s during a goal, the probe leaves the patient: a retreat under the same
        preset limits.
        """
        due = exam_tick_needed(control_tick) if lockstep else control_tick // EXAM_TICKS + 1  # no later one can exist
        for timed in self._buffer.take_until(due):
            self._now = timed
        if self._now.goal.kind == GoalKind.IDLE or abs(stamp_ns - self._now.stamp_ns) <= to_ns(EXAM_SILENT_S):
            return self._now.goal
        return ControlGoal(goal_id=LEAVE_ID, kind=GoalKind.RETREAT, preset=self._now.goal.preset)

    def fresh_preset(self, stamp_ns: int) -> str:
        """Preset of the goal in force at `stamp_ns`; "" while none runs or the exam is silent."""
        goal = self._now.goal
        fresh = abs(stamp_ns - self._now.stamp_ns) <= to_ns(EXAM_SILENT_S)
        return goal.preset if fresh and goal.kind != GoalKind.IDLE else ""

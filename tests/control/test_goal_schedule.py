"""Goals act on the raster of the exam, and the probe leaves when the exam falls silent."""

from echopilot_control.goal_schedule import LEAVE_ID, GoalSchedule, TimedGoal, exam_tick_needed
from echopilot_core import ControlGoal, GoalKind, to_ns


def test_goals_of_exam_tick_j_act_from_control_tick_5_j_plus_1() -> None:
    goals = GoalSchedule()
    goal = ControlGoal(1, GoalKind.ACQUIRE_VIEW)
    goals.put(3, TimedGoal(to_ns(0.15), goal, True))
    assert goals.at(19, to_ns(0.19), True).kind is GoalKind.IDLE
    assert goals.at(20, to_ns(0.20), True) == goal
    assert exam_tick_needed(20) == 3


def test_a_silent_exam_makes_the_probe_leave() -> None:
    goals = GoalSchedule()
    goals.put(3, TimedGoal(to_ns(0.15), ControlGoal(1, GoalKind.SWEEP, preset="abdomen"), True))
    assert goals.at(40, to_ns(0.45), True).goal_id == 1
    leave = goals.at(46, to_ns(0.46), True)
    assert (leave.kind, leave.goal_id, leave.preset) == (GoalKind.RETREAT, LEAVE_ID, "abdomen")


def test_the_row_follows_a_fresh_goal_and_is_empty_otherwise() -> None:
    goals = GoalSchedule()
    assert goals.fresh_preset(0) == ""
    goals.put(2, TimedGoal(100_000_000, ControlGoal(1, GoalKind.SWEEP, preset="abdomen"), True))
    goals.at(14, 140_000_000, lockstep=True)
    assert goals.fresh_preset(140_000_000) == ""  # acts from control tick 15 on
    goals.at(15, 150_000_000, lockstep=True)
    assert goals.fresh_preset(150_000_000) == "abdomen"
    assert goals.fresh_preset(500_000_000) == ""
    assert goals.fresh_preset(-500_000_000) == ""


def test_a_goal_from_the_far_future_neither_acts_nor_keeps_others_out() -> None:
    for lockstep in (True, False):
        goals = GoalSchedule()
        stray, goal = ControlGoal(9, GoalKind.SWEEP, preset="abdomen"), ControlGoal(1, GoalKind.ACQUIRE_VIEW)
        goals.put(2**31 - 2, TimedGoal(to_ns(1e6), stray, True))
        goals.put(3, TimedGoal(to_ns(0.15), goal, True))
        assert goals.at(20, to_ns(0.20), lockstep) == goal
        assert goals.at(46, to_ns(0.46), lockstep).kind is GoalKind.RETREAT

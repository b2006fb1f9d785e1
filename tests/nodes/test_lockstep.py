"""The gate waits for what is asked, gives up once after the timeout, and takes a peer back when it is heard."""

from hypothesis import given
from hypothesis import strategies as st

from echopilot_core import ControlGoal, GoalKind, ManualClock, to_ns
from echopilot_nodes.clip_schedule import ClipSchedule
from echopilot_nodes.exam_goals import LEAVE_ID, ExamGoals, TimedGoal, exam_tick_needed
from echopilot_nodes.lockstep import Gate, Inbox


def test_an_empty_gate_is_open() -> None:
    assert Gate(ManualClock()).is_open()


def test_the_gate_opens_at_the_key_and_not_before() -> None:
    gate = Gate(ManualClock())
    gate.expect("safety", 7)
    gate.heard("safety", 6)
    assert not gate.is_open()
    assert gate.missing() == ("safety",)
    gate.heard("safety", 7)
    assert gate.is_open()


def test_an_answer_that_came_before_the_question_counts() -> None:
    gate = Gate(ManualClock())
    gate.heard("perception", 9)
    gate.expect("perception", 8)
    assert gate.is_open()


def test_a_silent_peer_costs_one_timeout_until_it_is_heard_again() -> None:
    clock = ManualClock()
    gate = Gate(clock, 0.5)
    gate.expect("exam", 1)
    clock.advance_to(to_ns(0.499))
    assert not gate.is_open()
    clock.advance_to(to_ns(0.5))
    assert gate.is_open()
    assert gate.absent() == {"exam"}
    gate.expect("exam", 2)
    assert gate.is_open()
    gate.heard("exam", 2)
    gate.expect("exam", 3)
    assert not gate.is_open()
    assert gate.timeouts == 1


def test_a_peer_that_was_never_heard_gets_more_patience_once() -> None:
    clock = ManualClock()
    gate = Gate(clock, 0.5, 5.0)
    gate.expect("safety", 1)
    clock.advance_to(to_ns(4.9))
    assert not gate.is_open()
    gate.heard("safety", 1)
    assert gate.is_open()
    gate.expect("safety", 2)
    clock.advance_to(to_ns(5.4))
    assert gate.is_open()


def test_asking_again_does_not_start_the_wait_anew() -> None:
    clock = ManualClock()
    gate = Gate(clock, 0.5)
    gate.expect("exam", 1)
    clock.advance_to(to_ns(0.4))
    gate.expect("exam", 2)
    clock.advance_to(to_ns(0.5))
    assert gate.is_open()


def test_peers_are_waited_for_independently() -> None:
    clock = ManualClock()
    gate = Gate(clock, 0.5)
    gate.expect("a", 1)
    clock.advance_to(to_ns(0.3))
    gate.expect("b", 1)
    clock.advance_to(to_ns(0.6))
    assert not gate.is_open()
    assert gate.missing() == ("b",)
    gate.heard("b", 1)
    assert gate.is_open()


@given(st.lists(st.integers(0, 40)), st.integers(0, 40))
def test_an_inbox_never_hands_out_what_is_not_due(keys: list[int], due: int) -> None:
    inbox: Inbox[int] = Inbox()
    for key in keys:
        inbox.put(key, key)
    first, rest = inbox.take_until(due), inbox.take_until(None)
    assert all(k <= due for k in first) and all(k > due for k in rest)
    handed = first + rest
    assert handed == sorted(set(handed))


def test_goals_of_exam_tick_j_act_from_control_tick_5_j_plus_1() -> None:
    goals = ExamGoals()
    goal = ControlGoal(1, GoalKind.ACQUIRE_VIEW)
    goals.put(3, TimedGoal(to_ns(0.15), goal, True))
    assert goals.at(19, to_ns(0.19), True).kind is GoalKind.IDLE
    assert goals.at(20, to_ns(0.20), True) == goal
    assert exam_tick_needed(20) == 3


def test_a_silent_exam_makes_the_probe_leave() -> None:
    goals = ExamGoals()
    goals.put(3, TimedGoal(to_ns(0.15), ControlGoal(1, GoalKind.SWEEP, preset="abdomen"), True))
    assert goals.at(40, to_ns(0.45), True).goal_id == 1
    leave = goals.at(46, to_ns(0.46), True)
    assert (leave.kind, leave.goal_id, leave.preset) == (GoalKind.RETREAT, LEAVE_ID, "abdomen")


def drain(
    schedule: ClipSchedule, until_ms: int, answer: bool, every_ms: int = 1, from_ms: int = 0
) -> list[tuple[int, int]]:
    sent = []
    for ms in range(from_ms, until_ms, every_ms):
        slot = schedule.due(ms * 1_000_000)
        if slot is not None:
            sent.append((slot.sequence, ms))
            if answer:
                schedule.answered(slot.sequence)
    return sent


OFFSETS = [0, 33_000_000, 70_000_000, 100_000_000]  # the clip's own, uneven times


def test_a_clip_is_paced_by_its_own_frame_times_and_the_rate() -> None:
    slow = ClipSchedule(OFFSETS, 33_000_000, 0, 1.0, False, False)
    assert drain(slow, 300, True) == [(0, 0), (1, 33), (2, 70), (3, 100)]
    assert slow.is_over()
    fast = ClipSchedule(OFFSETS, 33_000_000, 0, 2.0, False, False)
    assert drain(fast, 300, True) == [(0, 0), (1, 17), (2, 35), (3, 50)]


def test_lossless_waits_for_every_answer_and_drops_nothing() -> None:
    schedule = ClipSchedule(OFFSETS, 33_000_000, 0, 1.0, True, False)
    assert drain(schedule, 500, False) == [(0, 0)]
    assert not schedule.is_over()
    schedule.answered(0)
    assert drain(schedule, 1000, True, from_ms=500) == [(1, 500), (2, 537), (3, 567)]
    assert schedule.is_over()
    assert schedule.dropped == 0


def test_late_frames_are_dropped_and_counted_and_leave_a_gap() -> None:
    schedule = ClipSchedule([i * 10_000_000 for i in range(20)], 10_000_000, 0, 1.0, False, False)
    sent = [s for s, _ in drain(schedule, 400, False, every_ms=50)]
    assert schedule.sent + schedule.dropped == 20
    assert schedule.dropped > 0
    assert sent == sorted(set(sent))


def test_a_loop_goes_on_with_sequence_and_time() -> None:
    schedule = ClipSchedule([0, 10], 10, 0, 1.0, False, True)
    slots = [schedule.due(t) for t in range(0, 60, 10)]
    assert [(s.index, s.sequence, s.offset_ns) for s in slots if s] == [(i % 2, i, 10 * i) for i in range(6)]

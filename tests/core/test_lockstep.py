"""The gate waits for what is asked, gives up once after the timeout, and takes a peer back when it is heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echopilot_core import ManualClock, to_ns
from echopilot_core.timing import LockstepBarrier, StampedBuffer


def test_an_empty_gate_is_open() -> None:
    assert LockstepBarrier(ManualClock()).is_open()


def test_the_gate_opens_at_the_key_and_not_before() -> None:
    barrier = LockstepBarrier(ManualClock())
    barrier.expect("safety", 7)
    barrier.received("safety", 6)
    assert not barrier.is_open()
    assert barrier.missing() == ("safety",)
    barrier.received("safety", 7)
    assert barrier.is_open()


def test_an_answer_that_came_before_the_question_counts() -> None:
    barrier = LockstepBarrier(ManualClock())
    barrier.received("perception", 9)
    barrier.expect("perception", 8)
    assert barrier.is_open()


@pytest.mark.parametrize("before", [[0] * 1000, list(range(1000))], ids=["repeats", "a long lead"])
def test_what_came_before_the_first_question_never_crowds_out_the_answer(before: list[int]) -> None:
    """A robot that holds its first tick repeats the skin for as long as nobody starts an exam."""
    barrier = LockstepBarrier(ManualClock())
    for key in before:
        barrier.received("robot", key)
    barrier.received("robot", before[-1] + 20)
    barrier.expect("robot", before[-1] + 20)
    assert barrier.is_open() and not barrier.breaks


def test_a_silent_peer_without_a_bond_costs_one_timeout_until_it_is_heard_again() -> None:
    clock = ManualClock()
    barrier = LockstepBarrier(clock, 0.5)
    barrier.expect("exam", 1)
    clock.advance_to(to_ns(0.499))
    assert not barrier.is_open()
    clock.advance_to(to_ns(0.5))
    assert barrier.is_open()
    assert barrier.absent() == {"exam"}
    barrier.expect("exam", 2)
    assert barrier.is_open()
    barrier.received("exam", 2)
    barrier.expect("exam", 3)
    assert not barrier.is_open()
    assert barrier.breaks["exam"] == 2


def test_a_peer_that_was_never_heard_gets_more_patience_once() -> None:
    clock = ManualClock()
    barrier = LockstepBarrier(clock, 0.5, 5.0)
    barrier.expect("safety", 1)
    clock.advance_to(to_ns(4.9))
    assert not barrier.is_open()
    barrier.received("safety", 1)
    assert barrier.is_open()
    barrier.expect("safety", 2)
    clock.advance_to(to_ns(5.4))
    assert barrier.is_open()


def test_asking_again_does_not_start_the_wait_anew() -> None:
    clock = ManualClock()
    barrier = LockstepBarrier(clock, 0.5)
    barrier.expect("exam", 1)
    clock.advance_to(to_ns(0.4))
    barrier.expect("exam", 2)
    clock.advance_to(to_ns(0.5))
    assert barrier.is_open()


def test_peers_are_waited_for_independently() -> None:
    clock = ManualClock()
    barrier = LockstepBarrier(clock, 0.5)
    barrier.expect("a", 1)
    clock.advance_to(to_ns(0.3))
    barrier.expect("b", 1)
    clock.advance_to(to_ns(0.6))
    assert not barrier.is_open()
    assert barrier.missing() == ("b",)
    barrier.received("b", 1)
    assert barrier.is_open()


@given(st.lists(st.integers(0, 40)), st.integers(0, 40))
def test_an_inbox_never_hands_out_what_is_not_due(keys: list[int], due: int) -> None:
    buffer: StampedBuffer[int] = StampedBuffer()
    for key in keys:
        buffer.put(key, key)
    first, rest = buffer.take_until(due), buffer.take_until(None)
    assert all(k <= due for k in first) and all(k > due for k in rest)
    handed = first + rest
    assert handed == sorted(set(handed))


class Life:
    """What the kernel says of the processes of peers."""

    def __init__(self) -> None:
        self.bonded, self.away = {"safety"}, set[str]()

    def is_bonded(self, peer: str) -> bool:
        return peer in self.bonded

    def is_away(self, peer: str) -> bool:
        return peer in self.away


def test_a_peer_that_lives_is_waited_for_however_long_it_takes() -> None:
    clock, life = ManualClock(), Life()
    barrier = LockstepBarrier(clock, 0.5, 5.0, life)
    barrier.expect("safety", 1)
    clock.advance_to(to_ns(3600.0))
    assert not barrier.is_open() and barrier.waited_s() == 3600.0
    barrier.received("safety", 1)
    assert barrier.is_open() and not barrier.breaks


def test_every_tick_without_a_peer_that_ended_is_counted_until_it_answers_again() -> None:
    life = Life()
    barrier = LockstepBarrier(ManualClock(), 0.5, 5.0, life)
    life.bonded, life.away = set(), {"safety"}
    for tick in (1, 2, 3):
        barrier.expect("safety", tick)
        assert barrier.is_open()
    assert barrier.breaks == {"safety": 3} and barrier.absent() == {"safety"}
    life.bonded, life.away = {"safety"}, set()
    barrier.expect("safety", 4)
    assert not barrier.is_open()
    barrier.received("safety", 4)
    assert barrier.is_open() and barrier.breaks == {"safety": 3} and not barrier.absent()


@given(st.integers(200, 2**63 - 1), st.integers(0, 100))
def test_an_answer_from_the_far_future_neither_opens_the_gate_nor_blocks_the_right_one(stray: int, tick: int) -> None:
    barrier = LockstepBarrier(ManualClock(), 0.5, 5.0, Life())
    barrier.expect("safety", tick)
    assert not barrier.received("safety", stray)
    assert not barrier.is_open() and barrier.refused == {"safety": 1}
    assert barrier.received("safety", tick)
    assert barrier.is_open()
    barrier.expect("safety", tick + 1)
    assert not barrier.is_open()


def test_an_item_from_the_far_future_keeps_no_other_out() -> None:
    buffer: StampedBuffer[int] = StampedBuffer(4)
    for key in (1, 2**31 - 2, 2**31 - 1, 2**62, 2**62 + 1, 2, 3):
        buffer.put(key, key)
    assert buffer.take_until(3) == [1, 2, 3]
    buffer.put(4, 4)
    assert buffer.newest_until(10, None) == 4

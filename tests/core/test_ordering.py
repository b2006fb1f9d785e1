"""One stray number of a stream is refused and counted; a stream that begins anew is followed, and says so."""

from hypothesis import given
from hypothesis import strategies as st

from echopilot_core.timing import StampedBuffer
from echopilot_core.timing.ordering import CONFIRMATIONS, LEAP, Order, StreamOrder


def test_numbers_that_rise_follow_and_equal_ones_repeat() -> None:
    order = StreamOrder()
    assert [order.judge(n) for n in (5, 6, 6, 6 + LEAP)] == [
        Order.FOLLOWS,
        Order.FOLLOWS,
        Order.REPEATS,
        Order.FOLLOWS,
    ]
    assert order.refused == 0


@given(st.lists(st.integers(-(2**62), 2**62), max_size=20), st.integers(1, 1000))
def test_strays_between_the_messages_of_a_stream_never_make_it_deaf(strays: list[int], first: int) -> None:
    order = StreamOrder()
    order.judge(first)
    number = first
    for stray in strays:
        if not number <= stray <= number + LEAP + 1:
            assert order.judge(stray) is Order.REFUSED
        number += 1
        assert order.judge(number) is Order.FOLLOWS


@given(st.integers(0, 2**62), st.integers(0, 2**62), st.booleans())
def test_a_stream_that_begins_anew_is_followed_after_five(before: int, after: int, repeats: bool) -> None:
    order = StreamOrder()
    order.judge(before)
    if -CONFIRMATIONS < after - before <= LEAP:  # it would meet the old numbers
        return
    found = [order.judge(after + (0 if repeats else k)) for k in range(CONFIRMATIONS)]
    assert found == [Order.REFUSED] * (CONFIRMATIONS - 1) + [Order.ANEW]
    assert order.refused == CONFIRMATIONS - 1 and order.judge(after + CONFIRMATIONS) is Order.FOLLOWS


def test_a_buffer_without_a_due_number_keeps_strays_out() -> None:
    buffer: StampedBuffer[int] = StampedBuffer(order=StreamOrder())
    assert [buffer.put(key, key) for key in (1, 2, 2**31 - 2, 3)] == [True, True, False, True]
    assert buffer.take_until(None) == [1, 2, 3]
    for key in range(1000, 1000 + CONFIRMATIONS):
        buffer.put(key, key)
    assert buffer.take_until(None) == [1000 + CONFIRMATIONS - 1]

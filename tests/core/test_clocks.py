"""Clocks never go back, and seconds survive the trip to nanoseconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echopilot_core import ManualClock, SteadyClock, to_ns, to_s


def test_steady_clock_never_goes_back():
    clock = SteadyClock()
    readings = [clock.now_ns() for _ in range(1000)]
    assert readings == sorted(readings)


@given(st.lists(st.integers(0, 10**18), min_size=2))
def test_manual_clock_follows_its_owner_forward_only(times_ns):
    clock = ManualClock()
    for now_ns in times_ns:
        before_ns = clock.now_ns()
        if now_ns >= before_ns:
            clock.advance_to(now_ns)
            assert clock.now_ns() == now_ns
        else:
            with pytest.raises(ValueError, match="cannot go back"):
                clock.advance_to(now_ns)
            assert clock.now_ns() == before_ns


@given(st.integers(0, 10**15))
def test_nanoseconds_survive_seconds(stamp_ns):
    assert to_ns(to_s(stamp_ns)) == stamp_ns

"""Clock of a sender: its own stamps where it has our clock, moved ones otherwise, steps named with their size."""

import re

import numpy as np

from echopilot_core.timing import RemoteClock

MS = 1_000_000
START = 1_700_000_000_000 * MS


def heard(clock: RemoteClock, offset_ns: int, count: int, seed: int, start_ns: int = START, period_ns: int = 33 * MS):
    """Errors [ns] of the stamps of messages that take 1 to 40 ms, from a clock that is `offset_ns` behind ours."""
    print(f"seed {seed}")
    way_ns = np.random.default_rng(seed).integers(1 * MS, 40 * MS, count)
    made = [start_ns + k * period_ns for k in range(count)]
    return [clock.to_ours(t - offset_ns, t + int(w)) - t for t, w in zip(made, way_ns, strict=True)]


def test_stamps_of_a_sender_with_our_clock_are_kept_to_the_nanosecond() -> None:
    clock = RemoteClock("x")
    assert heard(clock, 0, 300, seed=1) == [0] * 300
    assert clock.take_remark() == ""


def test_stamps_of_another_epoch_are_moved_and_keep_their_distances() -> None:
    clock = RemoteClock("x")
    errors = np.array(heard(clock, START - 77 * MS, 600, seed=2))
    assert "behind ours; expected: ours" in clock.take_remark()
    assert clock.take_remark() == ""
    settled = errors[100:]
    assert settled.min() > 0 and settled.max() < 3 * MS, "the fastest message took 1 ms"
    assert np.abs(np.diff(settled)).max() < 2 * MS, "the 40 ms that the network adds to some move no stamp"


def test_a_clock_ahead_of_ours_gives_no_stamp_of_the_future() -> None:
    clock = RemoteClock("x")
    for k in range(50):
        now = START + 33 * k * MS
        assert clock.to_ours(now + 3000 * MS, now) <= now
    assert "3 s ahead of ours" in clock.take_remark()


def test_a_step_of_either_clock_is_named_with_what_was_expected() -> None:
    for step_ns, later_ns in ((1200 * MS, 0), (-1200 * MS, 1100 * MS)):
        clock = RemoteClock("x")
        heard(clock, 0, 100, seed=3)
        second = START + 4000 * MS
        errors = heard(clock, -step_ns, 100, seed=4, start_ns=second)
        remark = clock.take_remark()
        told = re.search(r"stepped by (\S+) s; expected: less than 50 ms", remark)
        assert told is not None and abs(float(told[1]) - step_ns / 1e9) < 0.045
        assert np.abs(errors[1 + later_ns // (33 * MS) + 1 :]).max() < 41 * MS


def test_a_network_that_stalls_and_catches_up_is_no_step() -> None:
    clock = RemoteClock("x")
    heard(clock, 0, 100, seed=5)
    stall_ns = START + 100 * 33 * MS
    for k in range(60):  # 60 messages of 2 s arrive at once, 5 ms apart
        made, arrives = stall_ns + k * 33 * MS, stall_ns + 2000 * MS + k * 5 * MS
        assert clock.to_ours(made, max(arrives, made)) == made
    assert clock.take_remark() == ""


def test_a_drift_of_50_ppm_is_followed() -> None:
    clock, errors = RemoteClock("x"), []
    for k in range(3000):
        made = START + k * 33 * MS
        errors.append(clock.to_ours(round((made - START) * (1 + 50e-6)) + 5, made + 2 * MS) - made)
    assert np.abs(np.array(errors[300:]) - 2 * MS).max() < 1 * MS
    assert clock.take_remark().startswith("the clock of x is")
    assert clock.take_remark() == ""


def test_a_sender_without_stamps_is_stamped_on_arrival() -> None:
    assert RemoteClock("x").to_ours(0, START) == START

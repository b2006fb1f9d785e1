"""Delay between streams: recovered within 5 ms at any rate, with the right sign, or refused."""

import numpy as np
import pytest

from echopilot_control.calibration import Signal, time_offset
from echopilot_control.calibration.motion import line_depth_px, main_axis_m
from echopilot_core import EchoPilotError


def hand(times_s, seed):
    """Up and down by hand about once a second [m]."""
    rng = np.random.default_rng(seed)
    pace_hz = np.array([0.55, 0.9, 1.4]) * rng.uniform(0.9, 1.1, 3)
    phase = rng.uniform(0.0, 2.0 * np.pi, 3)
    return 0.01 * np.sin(2 * np.pi * pace_hz * times_s[:, None] + phase) @ np.array([1.0, 0.5, 0.3])


def stamps(start_s, end_s, rate_hz, jitter, rng):
    regular = np.arange(start_s, end_s, 1.0 / rate_hz)
    return regular + rng.uniform(-jitter, jitter, len(regular)) / rate_hz


def streams(delay_s, image_hz, tracker_hz, seed, end_s=18.0):
    """Images in pixels (falling where the poses rise, some lost) and poses in meters, both noisy and jittered."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    image_s = stamps(2.0, end_s, image_hz, 0.2, rng)
    tracker_s = stamps(0.0, 20.0, tracker_hz, 0.1, rng)
    depth_px = 300.0 - 8e3 * hand(image_s - delay_s, seed) + rng.normal(0.0, 3.0, len(image_s))
    depth_px[rng.random(len(image_s)) < 0.02] = np.nan
    height_m = hand(tracker_s, seed) + rng.normal(0.0, 2e-4, len(tracker_s))
    return Signal(image_s, depth_px), Signal(tracker_s, height_m)


@pytest.mark.parametrize("tracker_hz", [20.0, 48.0, 500.0])
@pytest.mark.parametrize("image_hz", [10.0, 17.0, 30.0, 60.0])
def test_delays_are_recovered_within_5_ms(image_hz, tracker_hz):
    for k, delay_s in enumerate(np.linspace(-0.3, 0.3, 7)):
        found = time_offset(*streams(delay_s, image_hz, tracker_hz, seed=100 + k))
        assert found.delay_s == pytest.approx(delay_s, abs=5e-3)
        assert found.correlation < -0.95
        assert 0.0 < found.sigma_s < 3e-3


def test_a_late_image_has_a_positive_delay_and_the_signals_lie_on_each_other():
    found = time_offset(*streams(0.12, 25.0, 40.0, seed=7))
    assert found.delay_s == pytest.approx(0.12, abs=3e-3)
    assert np.corrcoef(found.image, found.tracker)[0, 1] > 0.95


def test_swapped_streams_give_the_opposite_delay():
    image, tracker = streams(0.1, 25.0, 40.0, seed=8)
    longer = streams(0.1, 25.0, 40.0, seed=8, end_s=20.0)[0]
    there = time_offset(longer, tracker).delay_s
    back = time_offset(Signal(tracker.times_s[120:-60], tracker.values[120:-60]), longer).delay_s
    assert back == pytest.approx(-there, abs=3e-3)
    assert time_offset(image, tracker).delay_s == pytest.approx(0.1, abs=3e-3)


def test_the_standard_error_is_of_the_size_of_the_errors():
    found = [time_offset(*streams(0.05, 12.0, 48.0, seed=200 + k)) for k in range(30)]
    scores = [(f.delay_s - 0.05) / f.sigma_s for f in found]
    assert 0.5 < np.std(scores) < 2.0


def test_streams_that_cannot_tell_the_delay_are_refused():
    image, tracker = streams(0.1, 25.0, 40.0, seed=9)
    noise = np.random.default_rng(0).normal(size=len(image.times_s))
    for other, match in (
        (Signal(image.times_s, np.full_like(noise, 3.0)), "no motion"),
        (Signal(image.times_s, noise), "no motion|do not move together"),
        (Signal(image.times_s, hand(image.times_s, 77)), "do not move together"),
        (Signal(image.times_s, np.sin(2 * np.pi * image.times_s)), "do not move together"),
        (Signal(image.times_s[:20], image.values[:20]), "20 samples|at least 30"),
        (Signal(image.times_s[::-1], image.values), "do not increase"),
        (Signal(image.times_s, np.full_like(noise, np.nan)), "at least 30"),
        (Signal(image.times_s + 100.0, image.values), "overlap"),
    ):
        with pytest.raises(EchoPilotError, match=match) as told:
            time_offset(other, tracker)
        assert "\n" not in str(told.value)
    with pytest.raises(EchoPilotError, match="ambiguous"):
        even = np.sin(2 * np.pi * 2.0 * tracker.times_s)
        time_offset(Signal(image.times_s, np.sin(2 * np.pi * 2.0 * image.times_s)), Signal(tracker.times_s, even))


def test_the_line_is_followed_to_half_a_pixel_whatever_lies_beside_it():
    y, x = np.mgrid[:400, :600]
    for depth, slope in ((100.3, 0.1), (250.0, -0.2), (301.7, 0.0)):
        line = 180.0 * np.exp(-((y - depth - slope * (x - 300)) ** 2) / 8.0) * ((x > 80) & (x < 500))
        line[20:30, 200:240] = 230.0  # a reflection near the face
        assert line_depth_px(line.astype(np.uint8)) == pytest.approx(depth, abs=0.5)
    assert np.isnan(line_depth_px(np.zeros((400, 600), np.uint8)))


def test_positions_become_their_way_along_the_main_axis():
    along = np.sin(np.linspace(0.0, 20.0, 300))
    axis = np.array([0.6, -0.64, 0.48])
    found = main_axis_m(np.outer(along, axis) + [1.0, 2.0, 3.0])
    assert np.abs(found) == pytest.approx(np.abs(along - along.mean()), abs=1e-9)
    for bad in (np.zeros((2, 3)), np.zeros((5, 2)), np.full((5, 3), np.nan)):
        with pytest.raises(EchoPilotError):
            main_axis_m(bad)

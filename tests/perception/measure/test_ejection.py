"""Ejection fraction of noisy curves in regular and irregular rhythm, and what sigma promises."""

import numpy as np
import pytest

from echopilot_core import EchoPilotError
from echopilot_perception.measure import ejection_fraction, fused, least_rate_hz, rate_refusal

SEED = 23
RATE_HZ = 30.0


def curve(rng: np.random.Generator, ef: float, noise: float, irregular: bool, seconds: float = 2.2) -> np.ndarray:
    """Volumes [m^3]; systole lasts 0.3 s, a plateau of 0.06 s follows, diastole fills the rest of each beat."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ + rng.uniform(0.0, 2.0)
    mean_s = rng.uniform(0.65, 1.0)
    lengths = mean_s * (np.exp(0.2 * rng.standard_normal(20)) if irregular else np.ones(20))
    starts = np.concatenate([[0.0], np.cumsum(np.maximum(lengths, 0.5))])
    k = np.searchsorted(starts, t, side="right") - 1
    into, length = t - starts[k], starts[k + 1] - starts[k]

    def ramp(u: np.ndarray) -> np.ndarray:
        u = np.clip(u, 0.0, 1.0)
        return u * u * (3.0 - 2.0 * u)

    ejected = ramp(into / 0.3) - ramp((into - 0.36) / (length - 0.36))
    return np.asarray(120e-6 * (1.0 - ef * ejected) * (1.0 + noise * rng.standard_normal(len(t))))


def times(volumes: np.ndarray) -> np.ndarray:
    return np.arange(len(volumes)) / RATE_HZ


@pytest.mark.parametrize("irregular", [False, True], ids=["sinus", "fibrillation"])
@pytest.mark.parametrize("noise", [0.0, 0.03, 0.06])
def test_sigma_covers_the_true_fraction_and_the_mean_is_true(noise: float, irregular: bool) -> None:
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    errors, off = [], []
    for _ in range(80):
        ef = rng.uniform(0.25, 0.7)
        volumes = curve(rng, ef, noise, irregular)
        found = ejection_fraction(volumes, times(volumes))
        assert found is not None
        errors.append(found.fraction - ef)
        off.append(errors[-1] / found.sigma)
    within = float(np.mean(np.abs(off) < 1.0))
    print("bias", np.mean(errors), "mae", np.mean(np.abs(errors)), "within one sigma", within)
    assert abs(np.mean(errors)) < 0.012
    assert np.mean(np.abs(errors)) < 0.008 + 0.35 * noise
    assert within > 0.6 and np.mean(np.abs(off) < 2.0) > 0.9


def test_outliers_and_gaps_do_not_move_the_fraction() -> None:
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    for _ in range(20):
        volumes = curve(rng, 0.55, 0.02, irregular=False, seconds=3.0)
        clean = ejection_fraction(volumes, times(volumes))
        bad = rng.choice(len(volumes) // 6, 6, replace=False) * 6
        volumes[bad[:3]] *= rng.choice([0.2, 3.0], 3)
        volumes[bad[3:]] = np.nan
        spoiled = ejection_fraction(volumes, times(volumes))
        assert clean is not None and spoiled is not None
        assert spoiled.fraction == pytest.approx(clean.fraction, abs=0.04)


def test_a_clip_that_begins_in_systole_does_not_count_that_beat() -> None:
    t = np.arange(80) / RATE_HZ
    volumes = 100e-6 * (1.0 - 0.3 * (1.0 - np.cos(2.0 * np.pi * (t + 0.25) / 1.0)))  # EF 0.6; begins half way down
    found = ejection_fraction(volumes, t)
    assert found is not None
    assert found.fraction == pytest.approx(0.6, abs=0.01)
    assert all(i > 10 for i in found.diastolic_frames)


def test_doubt_that_all_frames_share_does_not_shrink_with_beats() -> None:
    rng = np.random.default_rng(SEED)
    for seconds in (2.2, 8.0):
        volumes = curve(rng, 0.5, 0.0, irregular=False, seconds=seconds)
        found = ejection_fraction(volumes, times(volumes), np.full(len(volumes), 6e-6))
        assert found is not None and found.sigma == pytest.approx(np.hypot(0.05, 0.025) * 1.02, rel=0.1)


def test_fraction_does_not_depend_on_units_of_volume() -> None:
    rng = np.random.default_rng(SEED)
    volumes = curve(rng, 0.5, 0.02, irregular=True)
    small, large = ejection_fraction(volumes, times(volumes)), ejection_fraction(volumes * 1e3, times(volumes))
    assert small is not None and large is not None
    assert small.fraction == pytest.approx(large.fraction) and small.sigma == pytest.approx(large.sigma)


def test_fused_readings_are_better_than_each_and_cover_the_truth() -> None:
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    sigmas = np.array([[0.06], [0.09]]) * np.ones((2, 4000))
    readings = 1.0 + sigmas * rng.standard_normal(sigmas.shape)
    both = fused(readings, sigmas)
    assert np.std(both.values) < 0.052
    assert 0.65 < np.mean(np.abs(both.values - 1.0) < both.sigmas) < 0.80


def test_a_missing_reading_leaves_the_other_and_contradiction_widens() -> None:
    both = fused(np.array([[1.0, np.nan, np.nan, 1.0]]).repeat(1, 0), np.full((1, 4), 0.1))
    assert both.values[0] == 1.0 and np.isnan(both.values[1])
    pair = fused(np.array([[1.0, 1.0, np.nan], [np.nan, 2.0, np.nan]]), np.full((2, 3), 0.1))
    assert pair.values[0] == 1.0 and pair.sigmas[0] == pytest.approx(0.1)
    assert pair.values[1] == pytest.approx(1.5) and pair.sigmas[1] == pytest.approx(0.5)
    assert np.isnan(pair.values[2]) and np.isnan(pair.sigmas[2])
    with pytest.raises(EchoPilotError, match="same shape"):
        fused(np.zeros((2, 3)), np.zeros((2, 4)))


def test_few_frames_per_beat_do_not_flatten_the_beat() -> None:
    """Perception that answers every second frame sees nine volumes a beat; the peaks among them are no outliers."""
    times = np.arange(72) / 15.0
    volumes = 65e-6 + 30e-6 * np.cos(2.0 * np.pi * 1.65 * times)
    found = ejection_fraction(volumes, times)
    assert found is not None
    assert found.fraction == pytest.approx(1.0 - 35.0 / 95.0, abs=0.05)


def beating(rate_hz: float, per_minute: float, ef: float, start_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Times and volumes: half a cosine down over the ejection time, 60 ms still, half a cosine up over the rest."""
    t = np.arange(int(4.0 * rate_hz)) / rate_hz
    period_s, ejection_s = 60.0 / per_minute, 0.413 - 0.0017 * per_minute
    into = (t + start_s) % period_s
    down = np.clip(into / ejection_s, 0.0, 1.0)
    up = np.clip((into - ejection_s - 0.06) / (period_s - ejection_s - 0.06), 0.0, 1.0)
    return t, 1e-4 * (1.0 - ef * (np.cos(np.pi * up) - np.cos(np.pi * down)) / 2.0)


@pytest.mark.parametrize("per_minute", [50.0, 60.0, 75.0, 100.0, 130.0, 150.0])
def test_at_the_least_frame_rate_no_more_is_lost_than_stated(per_minute: float) -> None:
    rng = np.random.default_rng(SEED)
    least_hz = least_rate_hz(per_minute / 60.0)
    for _ in range(40):
        t, volumes = beating(least_hz, per_minute, 0.58, rng.uniform(0.0, 2.0))
        found = ejection_fraction(volumes, t)
        assert found is not None and -0.05 * 0.58 <= found.fraction - 0.58 <= 0.002
        assert found.beat_hz == pytest.approx(per_minute / 60.0, rel=0.05)
        assert rate_refusal(t * 0.95, found.beat_hz) == ""


@pytest.mark.parametrize("rate_hz", [10.0, 12.0, 15.0])
@pytest.mark.parametrize("per_minute", [60.0, 75.0, 90.0])
def test_ten_to_fifteen_frames_a_second_are_refused_in_words(rate_hz: float, per_minute: float) -> None:
    t, volumes = beating(rate_hz, per_minute, 0.58, 0.1)
    found = ejection_fraction(volumes, t)
    assert found is not None
    why = rate_refusal(t, found.beat_hz)
    assert "frames a second are too few" in why and "beats a minute need" in why


@pytest.mark.parametrize("noise", [0.0, 0.04])
def test_the_numbers_are_those_of_the_frames_that_are_named(noise: float) -> None:
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    for _ in range(40):
        volumes = curve(rng, rng.uniform(0.3, 0.7), noise, irregular=bool(rng.integers(2)), seconds=3.5)
        found = ejection_fraction(volumes, times(volumes))
        assert found is not None
        diastole, systole = volumes[list(found.diastolic_frames)], volumes[list(found.systolic_frames)]
        assert found.end_diastolic_m3 == np.median(diastole) and found.end_systolic_m3 == np.median(systole)
        assert found.fraction == 1.0 - found.end_systolic_m3 / found.end_diastolic_m3
        assert diastole.min() <= found.end_diastolic_m3 <= diastole.max()

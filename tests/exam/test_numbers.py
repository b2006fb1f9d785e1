"""Numbers of still views: beats, biplane volumes, sizes at the right moment, thirds of a sweep."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from exam_world import make_seen

from echopilot_core import (
    CaliperConvention,
    CardiacPhase,
    GateStatus,
    LabelMap,
    Measurement,
    PerceptionResult,
    SegmentationClass,
    View,
)
from echopilot_core import MeasurementName as Name
from echopilot_core.beat_period import beat_period_s
from echopilot_core.measurement_name import THIRD_MAXIMA, THIRD_MEDIANS
from echopilot_exam.measure.aorta_stations import THIRDS, maximum_diameter, third_diameters
from echopilot_exam.measure.biplane import apical_plane, biplane
from echopilot_exam.measure.ejection_fraction import evaluate_heart
from echopilot_exam.measure.heart_rate import MIN_RECORD_S, enough_recorded
from echopilot_exam.measure.static_view_measurements import static_measurements
from echopilot_perception.measure import Ejection

CELL_M = 0.00125


@pytest.mark.parametrize("rate_hz", [15.0, 30.0])
def test_the_beat_is_found_in_a_noisy_curve_of_any_usual_rate(rate_hz: float) -> None:
    seed = 5
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    for period_s in rng.uniform(0.45, 1.4, 40):
        t = np.arange(0.0, 3.6, 1.0 / rate_hz)
        phase = (t / period_s + rng.random()) % 1.0
        area = 20e-4 * (1.0 - 0.35 * np.sin(pi * np.minimum(phase / 0.7, 1.0)) ** 2)
        found = beat_period_s(t, area * (1.0 + 0.03 * rng.standard_normal(len(t))))
        assert found is not None and abs(found / period_s - 1.0) < 0.1, (period_s, found)


def test_noise_and_stillness_have_no_beat() -> None:
    t = np.arange(0.0, 3.6, 1.0 / 15.0)
    noise = np.random.default_rng(1).standard_normal(len(t))
    assert beat_period_s(t, 20e-4 + 1e-5 * noise) is None
    for area_m2 in np.random.default_rng(2).uniform(5e-4, 40e-4, 100):  # its rounding differs from machine to machine
        assert beat_period_s(t, np.full(len(t), area_m2)) is None
    assert beat_period_s(t[:5], noise[:5]) is None


def test_a_recording_lasts_three_beats_or_three_seconds_and_ends() -> None:
    def frames(period_s: float, seconds: float) -> list[PerceptionResult]:
        made = []
        for k in range(round(15 * seconds)):
            seen = make_seen(k, round(k / 15.0 * 1e9), View.A4C)
            scale = 1.0 - 0.2 * np.sin(pi * k / 15.0 / period_s) ** 2
            made.append(replace(seen, extents=tuple(replace(e, area_m2=e.area_m2 * scale) for e in seen.extents)))
        return made

    assert not enough_recorded(frames(0.6, 2.9), 3, 2.9, 6.0)
    assert enough_recorded(frames(0.6, MIN_RECORD_S), 3, MIN_RECORD_S, 6.0)
    assert not enough_recorded(frames(1.2, 3.5), 3, 3.5, 6.0)
    assert enough_recorded(frames(1.2, 4.2), 3, 4.2, 6.0)
    assert enough_recorded([], 3, 6.0, 6.0)


def lv_map(long_m: float, short_m: float) -> LabelMap:
    """An ellipse of the ventricle with the atrium below it."""
    x = -0.08 + CELL_M * (np.arange(128) + 0.5)
    xx, yy = np.meshgrid(x, CELL_M * (np.arange(128) + 0.5))
    labels = np.zeros((128, 128), np.uint8)
    labels[(xx / 0.018) ** 2 + ((yy - 0.03 - long_m - 0.015) / 0.016) ** 2 <= 1.0] = SegmentationClass.LA
    labels[(2 * xx / short_m) ** 2 + (2 * (yy - 0.03 - long_m / 2) / long_m) ** 2 <= 1.0] = SegmentationClass.LV
    return LabelMap(labels, float(x[0]), CELL_M / 2, CELL_M)


def plane(view: View, long_m: tuple[float, float], short_m: tuple[float, float]):
    frames = [replace(make_seen(k, k * 10**8, view), label_map=lv_map(long_m[k % 2], short_m[k % 2])) for k in range(4)]
    found = apical_plane(view, frames, Ejection(0.5, 0.02, 1e-4, 5e-5, 2, (0, 2), (1, 3)))
    assert found is not None
    return found


def test_biplane_volumes_are_those_of_ellipsoids() -> None:
    four = plane(View.A4C, (0.090, 0.080), (0.050, 0.036))
    two = plane(View.A2C, (0.088, 0.079), (0.044, 0.032))
    numbers = {m.name: m for m in biplane((two, four)).measurements}
    diastole, systole = pi / 6 * 0.090 * 0.050 * 0.044, pi / 6 * 0.080 * 0.036 * 0.032
    assert numbers[Name.LV_EDV_BIPLANE].value == pytest.approx(diastole, rel=0.04)
    assert numbers[Name.LV_ESV_BIPLANE].value == pytest.approx(systole, rel=0.04)
    assert numbers[Name.EF_BIPLANE].value == pytest.approx(1.0 - systole / diastole, abs=0.015)
    assert all(m.gate is GateStatus.PASSED and m.frame_sequences for m in numbers.values())


def test_foreshortened_planes_give_no_number_but_a_reason() -> None:
    four, two = plane(View.A4C, (0.090, 0.08), (0.05, 0.036)), plane(View.A2C, (0.076, 0.07), (0.044, 0.03))
    (refused,) = biplane((four, two)).measurements
    assert refused.gate is GateStatus.REFUSED and np.isnan(refused.value)
    assert "foreshortened" in refused.gate_reason
    assert biplane((four,)) is None


def with_root(k: int, lv_scale: float, root_m: float | None) -> PerceptionResult:
    seen = make_seen(k, k * 66_666_667, View.PLAX)
    extents = tuple(replace(e, area_m2=e.area_m2 * lv_scale) for e in seen.extents)
    rows = ()
    if root_m is not None:
        rows = (
            Measurement(
                Name.AORTIC_ROOT, root_m, "m", 1e-3, View.PLAX, CaliperConvention.LEADING_EDGE, frame_sequences=(k,)
            ),
        )
    return replace(seen, extents=extents, measurements=rows)


def test_the_root_is_the_median_at_end_diastole() -> None:
    frames = [with_root(k, 1.0 if k % 3 == 0 else 0.6, 0.044 if k % 3 == 0 else 0.030) for k in range(45)]
    frames[3] = with_root(3, 1.0, 0.090)  # one outlier
    (root,), (finding,) = static_measurements(View.PLAX, frames)
    assert (
        root.value == pytest.approx(0.044)
        and root.phase is CardiacPhase.END_DIASTOLE
        and root.gate is GateStatus.PASSED
    )
    assert finding.kind.name == "DILATED_ROOT" and "review" in finding.text


def test_what_is_read_in_few_frames_is_not_reported() -> None:
    frames = [with_root(k, 1.0, 0.044 if k < 4 else None) for k in range(45)]
    assert static_measurements(View.PLAX, frames) == ((), ())
    assert static_measurements(View.A2C, [with_root(k, 1.0, 0.044) for k in range(45)]) == ((), ())


def test_thirds_of_a_sweep_run_downwards() -> None:
    def station(place_m: float, value: float) -> Measurement:
        return Measurement(Name.AORTA_OUTER_AP, value, "m", 5e-4, View.AORTA_TRANS, station_m=place_m)

    row = [station(0.004 * k + 0.002, 0.026 - 0.0003 * k) for k in range(25)]
    thirds = third_diameters(row)
    assert [m.name for m in thirds] == list(THIRDS)
    assert thirds[0].value > thirds[1].value > thirds[2].value
    assert third_diameters(row[:10]) == () == third_diameters([])


@pytest.mark.parametrize("per_minute", [20.0, 25.0, 200.0, 240.0])
def test_a_heart_outside_the_resolved_rates_is_not_read_as_another(per_minute: float) -> None:
    t = np.arange(0.0, 8.0, 1.0 / 30.0)
    area = 20e-4 * (1.0 - 0.35 * np.sin(pi * ((t * per_minute / 60.0) % 1.0)) ** 2)
    assert beat_period_s(t, area) is None


def test_too_few_frames_in_a_beat_give_no_heart_rate() -> None:
    for rate_hz, known in ((4.0, False), (15.0, True)):
        t = np.arange(0.0, 8.0, 1.0 / rate_hz)
        area = 20e-4 * (1.0 - 0.35 * np.sin(pi * t * 1.2) ** 2)
        assert (beat_period_s(t, area) is not None) == known


def test_the_largest_diameter_is_that_of_its_third_and_the_median_stands_beside_it() -> None:
    print("seed", 3)
    rng = np.random.default_rng(3)
    for _ in range(30):
        values = rng.uniform(0.018, 0.050, 30) if rng.integers(2) else 0.02 + 0.02 * rng.random(30).cumsum() / 30
        row = [
            Measurement(Name.AORTA_OUTER_AP, v, "m", 5e-4, View.AORTA_TRANS, station_m=0.004 * k + 0.002)
            for k, v in enumerate(values)
        ]
        thirds = {m.name: m for m in third_diameters(row)}
        widest = maximum_diameter(row)
        maxima = [thirds[name] for name in THIRD_MAXIMA if name in thirds]
        assert widest is None if not maxima else widest.value == max(m.value for m in maxima)
        for k, (low, high) in enumerate(zip(THIRD_MEDIANS, THIRD_MAXIMA, strict=True)):
            part = row[10 * k : 10 * k + 10]
            assert thirds[low].value == sorted(m.value for m in part)[5]
            assert high not in thirds or thirds[low].value <= thirds[high].value in [m.value for m in part]


def slow_heart(rate_hz: float, scale_known: bool = True) -> list[PerceptionResult]:
    """Four-chamber frames of a heart at 75 beats a minute, as perception names and measures them."""
    frames = []
    for k in range(round(6.0 * rate_hz)):
        volume = 1e-4 * (1.0 - 0.29 * (1.0 - np.cos(2.0 * pi * 1.25 * k / rate_hz)))
        m = Measurement(Name.LV_VOLUME, volume, "m3", 4e-6, View.A4C, frame_sequences=(k,))
        if not scale_known:
            m = replace(m, gate=GateStatus.REFUSED, gate_reason="the scale of the image is not known")
        frames.append(replace(make_seen(k, round(k / rate_hz * 1e9), View.A4C), measurements=(m,)))
    return frames


def test_volumes_are_those_of_the_frames_that_they_cite() -> None:
    frames = slow_heart(30.0)
    of = {s.sequence: s.measurements[0].value for s in frames}
    numbers = {m.name: m for m in evaluate_heart(frames).measurements}
    for name in (Name.LV_EDV_A4C, Name.LV_ESV_A4C):
        assert numbers[name].value == np.median([of[s] for s in numbers[name].frame_sequences])
    edv, esv = numbers[Name.LV_EDV_A4C].value, numbers[Name.LV_ESV_A4C].value
    assert numbers[Name.EF_SINGLE_PLANE_A4C].value == 1.0 - esv / edv


@pytest.mark.parametrize("rate_hz", [10.0, 12.5, 15.0])
def test_too_slow_a_recording_is_refused_in_words(rate_hz: float) -> None:
    found = evaluate_heart(slow_heart(rate_hz))
    assert "frames a second are too few" in found.detail and found.plane is None and not found.findings
    assert found.measurements and all(m.gate is GateStatus.REFUSED and np.isnan(m.value) for m in found.measurements)


def test_without_a_scale_there_is_a_fraction_and_no_volume() -> None:
    found = evaluate_heart(slow_heart(30.0, scale_known=False))
    numbers = {m.name: m for m in found.measurements}
    assert numbers[Name.EF_SINGLE_PLANE_A4C].gate is GateStatus.PASSED
    assert numbers[Name.LV_EDV_A4C].gate is GateStatus.REFUSED and np.isnan(numbers[Name.LV_EDV_A4C].value)
    assert found.series == () and found.plane is None

"""Diameters under the probe's force: the force is told, and the interval covers the unpressed diameter."""

from math import exp, isnan

import numpy as np
import pytest

from echopilot_core import CaliperPoint, ExamPhase, Measurement, View
from echopilot_core import MeasurementName as Name
from echopilot_exam.record.model import TraceSample
from echopilot_report.content.probe_pressure import (
    CONFIDENCE,
    SPREAD_M,
    compression_m,
    press_curves,
    pressure_of,
)

SEED = 31
TICK_NS = 50_000_000


def trace_of(stiffness_n_m: float, setpoint_n: float, breathing_m: float = 0.0) -> list[TraceSample]:
    """Approach at 10 mm/s, touch, ramp, then 20 s at the set-point; the probe looks down."""
    rows = []
    height, force, skin = 0.010, 0.0, 0.0
    for k in range(600):
        skin = breathing_m * np.sin(2.0 * np.pi * 0.25 * k * 0.05)
        phase = ExamPhase.APPROACH if force < 2.0 else ExamPhase.COUPLE if force < setpoint_n else ExamPhase.SWEEP
        if rows and rows[-1].phase is ExamPhase.SWEEP:
            phase = ExamPhase.SWEEP
        if phase is ExamPhase.SWEEP:
            height = skin - setpoint_n / stiffness_n_m
        else:
            height -= 0.0005 if force < 2.0 else 0.25 / stiffness_n_m
        force = max(skin - height, 0.0) * stiffness_n_m
        T = np.eye(4)
        T[:3, :3] = np.diag([1.0, -1.0, -1.0])
        T[2, 3] = height
        rows.append(TraceSample(k * TICK_NS, k, phase, force, setpoint_n, 15.0, 18.0, 1.0, 0.0, T))
    return rows


def diameter(near_m: float, far_m: float, value_m: float, at: int = 500) -> Measurement:
    ends = (CaliperPoint(0.0, near_m), CaliperPoint(0.0, far_m))
    name = Name.AORTA_MAX_OUTER_AP
    return Measurement(name, value_m, "m", 5e-4, View.AORTA_TRANS, end_points=ends, frame_sequences=(at,))


STAMPS = {k: k * TICK_NS for k in range(600)}


@pytest.mark.parametrize("stiffness_n_m", [300.0, 600.0, 3000.0])
def test_the_curve_of_the_contact_gives_stiffness_and_depth(stiffness_n_m: float) -> None:
    trace = trace_of(stiffness_n_m, 8.0)
    (curve,) = press_curves(trace)
    assert curve.stiffness_n_m == pytest.approx(stiffness_n_m, rel=0.12)
    found = pressure_of(diameter(0.05, 0.09, 0.04), trace, (curve,), STAMPS)
    assert found is not None and found.force_n == pytest.approx(8.0)
    assert found.indentation_m == pytest.approx(8.0 / stiffness_n_m, rel=0.12)


def test_more_force_and_softer_tissue_compress_more() -> None:
    widths = [
        pressure_of(diameter(0.05, 0.09, 0.04), trace, press_curves(trace), STAMPS)
        for trace in (trace_of(3000.0, 5.0), trace_of(800.0, 5.0), trace_of(400.0, 5.0), trace_of(400.0, 8.0))
    ]
    middles = [0.5 * (w.low_m + w.high_m) for w in widths if w is not None]
    assert len(middles) == 4 and middles == sorted(middles) and middles[0] > 0.04


def test_compression_vanishes_without_force_and_in_the_depth() -> None:
    assert compression_m(0.05, 0.09, 0.0, 0.02) == 0.0
    near, deep = compression_m(0.03, 0.07, 0.015, 0.02), compression_m(0.10, 0.14, 0.015, 0.02)
    assert 0.0 < deep < near < 0.015


def test_the_interval_covers_the_unpressed_diameter_at_the_stated_rate() -> None:
    """Bodies whose tissue moves by an exponential of any decay: another law than the model's."""
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    inside, runs = 0, 300
    for _ in range(runs):
        stiffness, force = rng.uniform(350.0, 1500.0), rng.uniform(6.0, 10.0)
        depth, free, decay = rng.uniform(0.05, 0.09), rng.uniform(0.018, 0.055), rng.uniform(0.025, 0.045)
        pressed_in = force / stiffness
        near, far = (z - pressed_in * (1.0 - exp(-z / decay)) for z in (depth, depth + free))
        trace = trace_of(stiffness, force, breathing_m=0.003)
        m = diameter(near, far, far - near + 0.0008 * rng.standard_normal())
        found = pressure_of(m, trace, press_curves(trace), STAMPS)
        assert found is not None
        inside += found.low_m <= free <= found.high_m
    share = inside / runs
    print("covered", share)
    assert CONFIDENCE - 0.04 <= share <= 0.98


def test_without_a_curve_the_force_alone_is_told() -> None:
    trace = [t for t in trace_of(600.0, 8.0) if t.phase is ExamPhase.SWEEP]
    found = pressure_of(diameter(0.05, 0.09, 0.04), trace, press_curves(trace), STAMPS)
    assert found is not None and found.force_n == pytest.approx(8.0) and isnan(found.low_m)


def test_without_a_force_nothing_is_told() -> None:
    assert pressure_of(diameter(0.05, 0.09, 0.04), [], (), STAMPS) is None
    trace = trace_of(600.0, 8.0)
    assert pressure_of(diameter(0.05, 0.09, 0.04, at=10_000), trace, press_curves(trace), STAMPS) is None


def test_a_wider_spread_compresses_more() -> None:
    low, high = (compression_m(0.05, 0.09, 0.015, spread) for spread in SPREAD_M)
    assert 0.0 < low < high

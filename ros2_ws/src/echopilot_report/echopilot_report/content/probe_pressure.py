"""Probe force under which a diameter was measured, and an interval for the diameter without it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, isfinite, nan

import numpy as np

from echopilot_core import Measurement
from echopilot_core.robot import FREE_N
from echopilot_exam.machine.states import FORCE_BUILD_UP
from echopilot_exam.record.model import TraceSample

CONFIDENCE = 0.90
TWO_SIDED = 1.645  # standard deviations of it
SPREAD_M = (0.010, 0.030)
"""Radius [m] over which the probe's load acts on the depth: its face alone (22 x 14 mm), or three times as wide,
because skin and fascia spread it. Engineering choice, as the ends of the interval."""
LEAST_RAMP_N = 2.0
BREATHING_M = 0.003  # standard deviation of the skin's own motion while the probe presses
READING_M = 0.0008  # standard deviation of the largest diameter against the pressed one, over simulated patients
STEPS = 60


@dataclass(frozen=True)
class PressCurve:
    """Contact of the probe before a measurement: how far it was pressed in [m], and by which force [N].

    `ended_ns` is when the force had built up.
    """

    ended_ns: int
    indentation_m: float
    force_n: float

    @property
    def stiffness_n_m(self) -> float:
        """Secant of force over depth."""
        return self.force_n / self.indentation_m


@dataclass(frozen=True)
class ProbePressure:
    """Force [N] at the frames of a number, and, for a diameter along the beam, what it does to it.

    `low_m` and `high_m` enclose the diameter without force with CONFIDENCE; NaN, as stiffness and indentation, where
    no force-depth curve was met or the number is not such a diameter.
    """

    force_n: float
    stiffness_n_m: float = nan
    indentation_m: float = nan
    low_m: float = nan
    high_m: float = nan


def press_curves(trace: Sequence[TraceSample]) -> tuple[PressCurve, ...]:
    """The curve of every contact of the trace whose force was built up from air to LEAST_RAMP_N or more.

    The depth is the way of the face along its own axis since the force rose above FREE_N; the skin moves meanwhile.
    """
    curves: list[PressCurve] = []
    ramp: list[tuple[float, float]] = []  # depth and force of each tick of the running contact
    before: TraceSample | None = None
    for sample in trace:
        usable = isfinite(sample.contact_force_n) and bool(np.isfinite(sample.T_base_probe).all())
        if not usable or sample.phase not in FORCE_BUILD_UP:
            curves += _curve(ramp, before)
            ramp, before = [], None
            continue
        way_m = 0.0
        if before is not None:
            step = sample.T_base_probe[:3, 3] - before.T_base_probe[:3, 3]
            way_m = float(step @ sample.T_base_probe[:3, 2])
        if sample.contact_force_n <= FREE_N:
            ramp = [(0.0, sample.contact_force_n)]
        elif ramp:
            ramp.append((ramp[-1][0] + way_m, sample.contact_force_n))
        before = sample
    return (*curves, *_curve(ramp, before))


def pressure_of(
    m: Measurement, trace: Sequence[TraceSample], curves: Sequence[PressCurve], stamps_ns: Mapping[int, int]
) -> ProbePressure | None:
    """Force and interval of a measurement; None where no force was recorded at its frames.

    Args:
        m: with the caliper ends of its first frame.
        trace: of the exam, in the order of time.
        curves: of the same trace.
        stamps_ns: of the exam's frames, by sequence.
    """
    at = [stamps_ns[s] for s in m.frame_sequences if s in stamps_ns]
    known = [t for t in trace if isfinite(t.contact_force_n)]
    if not at or not known or not known[0].stamp_ns <= min(at) <= max(at) <= known[-1].stamp_ns:
        return None
    forces = np.interp(at, [t.stamp_ns for t in known], [t.contact_force_n for t in known])
    force_n = float(np.median(forces))
    curve = next((c for c in reversed(curves) if c.ended_ns <= min(at)), None)
    if curve is None or len(m.end_points) != 2 or not m.name.startswith("aorta_") or force_n <= 0.0:
        return ProbePressure(force_n)
    indentation_m = force_n / curve.stiffness_n_m
    near_m, far_m = sorted(point.y_m for point in m.end_points)
    least, most = sorted(compression_m(near_m, far_m, indentation_m, spread_m) for spread_m in SPREAD_M)
    middle = 0.5 * (least + most)
    sigma = hypot(
        0.5 * (most - least) / TWO_SIDED, middle * min(BREATHING_M / indentation_m, 1.0), hypot(m.sigma, READING_M)
    )
    low_m, high_m = (m.value + middle + side * TWO_SIDED * sigma for side in (-1.0, 1.0))
    return ProbePressure(force_n, curve.stiffness_n_m, indentation_m, low_m, high_m)


def compression_m(near_m: float, far_m: float, indentation_m: float, spread_m: float) -> float:
    """How much [m] thinner a structure between two depths [m] below the face is than without the probe.

    Tissue at depth z moves by indentation * spread / sqrt(spread^2 + z^2), as on the axis of a load that is evenly
    spread over a disk on an incompressible half-space (Johnson, Contact Mechanics, 1985, section 3.4).
    """

    def moved(depth_m: float) -> float:
        return indentation_m * spread_m / hypot(spread_m, depth_m)

    def unpressed_depth(seen_m: float) -> float:
        depth_m = seen_m + indentation_m
        for _ in range(STEPS):
            depth_m = 0.5 * (depth_m + seen_m + indentation_m - moved(depth_m))
        return depth_m

    return moved(unpressed_depth(near_m)) - moved(unpressed_depth(far_m))


def _curve(ramp: Sequence[tuple[float, float]], last: TraceSample | None) -> list[PressCurve]:
    if last is None or len(ramp) < 3:
        return []
    force_n = float(np.median([force for _, force in ramp[-5:]]))
    depth_m = float(np.median([depth for depth, _ in ramp[-5:]]))
    if force_n < LEAST_RAMP_N or depth_m <= 0.0:
        return []
    return [PressCurve(last.stamp_ns, depth_m * force_n / (force_n - FREE_N), force_n)]

"""Biplane ejection fraction of A4C and A2C by the method of disks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import hypot

import numpy as np

from echopilot_core import (
    CardiacPhase,
    Finding,
    FindingKind,
    GateStatus,
    Measurement,
    MeasurementName,
    PerceptionResult,
    View,
)
from echopilot_perception.anomaly import measured_finding
from echopilot_perception.measure import Ejection, Ventricle, biplane_measurement, ventricle_of

MAX_MISMATCH = 0.10
"""Share of the longer axis; beyond it one plane is foreshortened and nothing is reported (clinical note 1.3)."""


@dataclass(frozen=True)
class VentricleOutline:
    """Left ventricle in one frame."""

    sequence: int
    ventricle: Ventricle


@dataclass(frozen=True)
class ApicalPlane:
    """One apical view: an outline per beat at end-diastole and end-systole, and the sigma of its ejection fraction."""

    view: View
    diastole: tuple[VentricleOutline, ...]
    systole: tuple[VentricleOutline, ...]
    sigma: float


@dataclass(frozen=True)
class Biplane:
    """Measurements of both planes, or only a reason for their absence."""

    detail: str
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()


def apical_plane(view: View, frames: Sequence[PerceptionResult], ejection: Ejection) -> ApicalPlane | None:
    """Outlines of a recording with the volume curve `ejection`; None where they are missing in one phase."""
    diastole, systole = (
        tuple(
            VentricleOutline(frames[i].sequence, found)
            for i in indices
            if (found := ventricle_of(frames[i].label_map)) is not None
        )
        for indices in (ejection.diastolic_frames, ejection.systolic_frames)
    )
    return ApicalPlane(view, diastole, systole, ejection.sigma) if diastole and systole else None


def biplane(planes: Sequence[ApicalPlane]) -> Biplane | None:
    """EF and volumes [m3] of A4C with A2C by the method of disks; None until both are recorded.

    Median over all pairs of a beat of one view and a beat of the other: the views were not recorded together.
    """
    of = {plane.view: plane for plane in planes}
    four, two = of.get(View.A4C), of.get(View.A2C)
    if four is None or two is None:
        return None
    long_four, long_two = (float(np.median([c.ventricle.length_m for c in p.diastole])) for p in (four, two))
    mismatch = abs(long_four - long_two) / max(long_four, long_two)
    if mismatch > MAX_MISMATCH:
        why = (
            f"foreshortened: the long axes in A4C ({1e3 * long_four:.0f} mm) and A2C ({1e3 * long_two:.0f} mm) "
            f"differ by {mismatch:.0%}"
        )
        return Biplane(f"no biplane EF, {why}", (_refused(why, four, two),))
    end_diastole = _volume(MeasurementName.LV_EDV_BIPLANE, four.diastole, two.diastole, CardiacPhase.END_DIASTOLE)
    end_systole = _volume(MeasurementName.LV_ESV_BIPLANE, four.systole, two.systole, CardiacPhase.END_SYSTOLE)
    if not end_diastole.value > end_systole.value > 0.0:
        return Biplane("no biplane EF: the volume in systole is not below that in diastole")
    fraction = Measurement(
        name=MeasurementName.EF_BIPLANE,
        value=1.0 - end_systole.value / end_diastole.value,
        unit=MeasurementName.EF_BIPLANE.unit,
        sigma=hypot(four.sigma, two.sigma) / 2.0,
        view=View.A4C,
        phase=CardiacPhase.CYCLE,
        gate=GateStatus.PASSED,
        end_points=end_diastole.end_points,
        frame_sequences=end_diastole.frame_sequences + end_systole.frame_sequences,
    )
    finding = measured_finding(FindingKind.REDUCED_EF, fraction)
    return Biplane(
        f"biplane EF, axes differ by {mismatch:.0%}",
        (fraction, end_diastole, end_systole),
        (finding,) if finding else (),
    )


def _refused(why: str, four: ApicalPlane, two: ApicalPlane) -> Measurement:
    return Measurement(
        name=MeasurementName.EF_BIPLANE,
        value=float("nan"),
        unit=MeasurementName.EF_BIPLANE.unit,
        sigma=float("nan"),
        view=View.A4C,
        phase=CardiacPhase.CYCLE,
        gate=GateStatus.REFUSED,
        gate_reason=why,
        frame_sequences=tuple(cut.sequence for cut in (*four.diastole, *two.diastole)),
    )


def _volume(
    name: MeasurementName, four: Sequence[VentricleOutline], two: Sequence[VentricleOutline], phase: CardiacPhase
) -> Measurement:
    pairs = [
        biplane_measurement(a.ventricle, b.ventricle, phase, (a.sequence, b.sequence)) for a, b in product(four, two)
    ]
    first = pairs[0]
    return Measurement(
        name=name,
        value=float(np.median([m.value for m in pairs])),
        unit=name.unit,
        sigma=float(np.median([m.sigma for m in pairs])),
        view=View.A4C,
        phase=phase,
        gate=GateStatus.PASSED,
        end_points=first.end_points,
        frame_sequences=tuple(cut.sequence for cut in (*four, *two)),
    )

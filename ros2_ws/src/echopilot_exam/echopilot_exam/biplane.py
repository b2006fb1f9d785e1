"""Biplane ejection fraction: the left ventricle of A4C and of A2C at end-diastole and end-systole, disc by disc."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import hypot

import numpy as np

from echopilot_core import Finding, FindingKind, GateStatus, Measurement, Phase, Seen, View
from echopilot_perception.anomaly import measured_finding
from echopilot_perception.measure import Ejection, Ventricle, biplane_measurement, ventricle_of

EF_NAME, EDV_NAME, ESV_NAME = "ef_biplane", "lv_edv_biplane", "lv_esv_biplane"
MAX_MISMATCH = 0.10
"""Of the longer axis: beyond it one of the planes is foreshortened and nothing is reported (clinical note 1.3)."""


@dataclass(frozen=True)
class Cut:
    """The ventricle in one frame."""

    sequence: int
    ventricle: Ventricle


@dataclass(frozen=True)
class ApicalPlane:
    """One apical view: a cut per beat at either end of systole, and the sigma of its ejection fraction."""

    view: View
    diastole: tuple[Cut, ...]
    systole: tuple[Cut, ...]
    sigma: float


@dataclass(frozen=True)
class Biplane:
    """Numbers of both planes together, or only a reason."""

    detail: str
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()


def apical_plane(view: View, frames: Sequence[Seen], ejection: Ejection) -> ApicalPlane | None:
    """The cuts of a recording whose volume curve gave `ejection`; None where the outline is missing in one phase."""
    diastole, systole = (
        tuple(
            Cut(frames[i].sequence, found) for i in indices if (found := ventricle_of(frames[i].label_map)) is not None
        )
        for indices in (ejection.diastolic_frames, ejection.systolic_frames)
    )
    return ApicalPlane(view, diastole, systole, ejection.sigma) if diastole and systole else None


def biplane(planes: Sequence[ApicalPlane]) -> Biplane | None:
    """EF and volumes [m3] of A4C with A2C by the method of discs; None until both are there.

    Every beat of one view is laid over every beat of the other, and the median taken: they were not recorded together.
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
    end_diastole = _volume(EDV_NAME, four.diastole, two.diastole, Phase.END_DIASTOLE)
    end_systole = _volume(ESV_NAME, four.systole, two.systole, Phase.END_SYSTOLE)
    if not end_diastole.value > end_systole.value > 0.0:
        return Biplane("no biplane EF: the volume in systole is not below that in diastole")
    fraction = Measurement(
        name=EF_NAME,
        value=1.0 - end_systole.value / end_diastole.value,
        unit="1",
        sigma=hypot(four.sigma, two.sigma) / 2.0,
        view=View.A4C,
        phase=Phase.CYCLE,
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
        name=EF_NAME,
        value=float("nan"),
        unit="1",
        sigma=float("nan"),
        view=View.A4C,
        phase=Phase.CYCLE,
        gate=GateStatus.REFUSED,
        gate_reason=why,
        frame_sequences=tuple(cut.sequence for cut in (*four.diastole, *two.diastole)),
    )


def _volume(name: str, four: Sequence[Cut], two: Sequence[Cut], phase: Phase) -> Measurement:
    pairs = [
        biplane_measurement(a.ventricle, b.ventricle, phase, (a.sequence, b.sequence)) for a, b in product(four, two)
    ]
    first = pairs[0]
    return Measurement(
        name=name,
        value=float(np.median([m.value for m in pairs])),
        unit="m3",
        sigma=float(np.median([m.sigma for m in pairs])),
        view=View.A4C,
        phase=phase,
        gate=GateStatus.PASSED,
        end_points=first.end_points,
        frame_sequences=tuple(cut.sequence for cut in (*four, *two)),
    )

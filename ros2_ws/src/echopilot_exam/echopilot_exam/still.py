"""Sizes of a still view from many frames: the median over the right moment of the heart beat."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot, isfinite, sqrt

import numpy as np

from echopilot_core import Finding, FindingKind, GateStatus, Measurement, Phase, Seen, Tissue, View
from echopilot_perception.anomaly import measured_finding

MIN_FRAMES = 5
MIN_SHARE = 0.3
"""Of the frames of its moment: what is read in fewer is not there."""
MOMENT_SHARE = 0.3
"""The frames with the largest (smallest) left ventricle count as end-diastole (end-systole)."""


@dataclass(frozen=True)
class Size:
    """A measurement of single frames that becomes one of the view; `views` empty: of every view."""

    name: str
    views: tuple[View, ...]
    phase: Phase
    finding: FindingKind | None = None


SIZES = (
    Size("aortic_root", (View.PLAX,), Phase.END_DIASTOLE, FindingKind.DILATED_ROOT),
    Size("aortic_root_plax", (View.PLAX,), Phase.END_DIASTOLE),
    Size("ascending_aorta_plax", (View.PLAX,), Phase.END_DIASTOLE),
    Size("la_volume", (View.A4C,), Phase.END_SYSTOLE),
    Size("ivc_diameter", (View.SC_IVC,), Phase.UNSPECIFIED),
    Size("effusion_depth", (View.PLAX, View.PSAX_PM, View.A4C, View.SC4C), Phase.END_DIASTOLE, FindingKind.EFFUSION),
)


def still_sizes(view: View, frames: Sequence[Seen]) -> tuple[tuple[Measurement, ...], tuple[Finding, ...]]:
    """Sizes that `view` gives, from frames that passed the gate, and what they make suspect."""
    numbers: list[Measurement] = []
    findings: list[Finding] = []
    for size in (s for s in SIZES if view in s.views):
        number = _median(size, view, frames)
        if number is None:
            continue
        numbers.append(number)
        finding = measured_finding(size.finding, number) if size.finding is not None else None
        findings += [finding] if finding is not None else []
    return tuple(numbers), tuple(findings)


def _median(size: Size, view: View, frames: Sequence[Seen]) -> Measurement | None:
    moment = at_phase(frames, size.phase)
    found = [
        m for s in moment for m in s.measurements if m.name == size.name and isfinite(m.value) and isfinite(m.sigma)
    ]
    if len(found) < max(MIN_FRAMES, MIN_SHARE * len(moment)):
        return None
    values = np.array([m.value for m in found])
    median = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - median)))
    typical = found[int(np.argmin(np.abs(values - median)))]
    rest = tuple(s for m in found if m is not typical for s in m.frame_sequences)
    return replace(
        typical,
        value=median,
        sigma=hypot(spread / sqrt(len(found)), float(np.median([m.sigma for m in found]))),
        view=view,
        phase=size.phase,
        gate=GateStatus.PASSED,
        gate_reason="",
        frame_sequences=(*typical.frame_sequences, *rest),
    )


def at_phase(frames: Sequence[Seen], phase: Phase) -> list[Seen]:
    """The frames nearest to a moment of the beat by the area of the left ventricle; all where it is not seen."""
    areas = [e.area_m2 for s in frames if (e := s.extent(Tissue.LV)) is not None]
    with_ventricle = [s for s in frames if s.extent(Tissue.LV) is not None]
    if phase not in (Phase.END_DIASTOLE, Phase.END_SYSTOLE) or len(areas) < 2 * MIN_FRAMES:
        return list(frames)
    if phase is Phase.END_DIASTOLE:
        border = float(np.quantile(areas, 1.0 - MOMENT_SHARE))
        return [s for s, area in zip(with_ventricle, areas, strict=True) if area >= border]
    border = float(np.quantile(areas, MOMENT_SHARE))
    return [s for s, area in zip(with_ventricle, areas, strict=True) if area <= border]

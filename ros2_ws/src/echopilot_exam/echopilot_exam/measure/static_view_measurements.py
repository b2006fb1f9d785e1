"""Measurements of a still view: medians over the frames of the right cardiac phase."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot, isfinite, sqrt

import numpy as np

from echopilot_core import (
    CardiacPhase,
    Finding,
    FindingKind,
    GateStatus,
    Measurement,
    MeasurementName,
    PerceptionResult,
    SegmentationClass,
    View,
)
from echopilot_perception.anomaly import measured_finding

MIN_FRAMES = 5
MIN_SHARE = 0.3
"""Share of the frames of its cardiac phase; a structure measured in fewer is not reported."""
PHASE_SHARE = 0.3
"""The frames with the largest (smallest) left ventricle count as end-diastole (end-systole)."""


@dataclass(frozen=True)
class StaticMeasurement:
    """A measurement of single frames that is reported for the `views`."""

    name: MeasurementName
    views: tuple[View, ...]
    phase: CardiacPhase
    finding: FindingKind | None = None


STATIC_MEASUREMENTS = (
    StaticMeasurement(MeasurementName.AORTIC_ROOT, (View.PLAX,), CardiacPhase.END_DIASTOLE, FindingKind.DILATED_ROOT),
    StaticMeasurement(MeasurementName.AORTIC_ROOT_PLAX, (View.PLAX,), CardiacPhase.END_DIASTOLE),
    StaticMeasurement(MeasurementName.ASCENDING_AORTA_PLAX, (View.PLAX,), CardiacPhase.END_DIASTOLE),
    StaticMeasurement(MeasurementName.LA_VOLUME, (View.A4C,), CardiacPhase.END_SYSTOLE),
    StaticMeasurement(MeasurementName.IVC_DIAMETER, (View.SC_IVC,), CardiacPhase.UNSPECIFIED),
    StaticMeasurement(
        MeasurementName.EFFUSION_DEPTH,
        (View.PLAX, View.PSAX_PM, View.A4C, View.SC4C),
        CardiacPhase.END_DIASTOLE,
        FindingKind.EFFUSION,
    ),
)


def static_measurements(
    view: View, frames: Sequence[PerceptionResult]
) -> tuple[tuple[Measurement, ...], tuple[Finding, ...]]:
    """Measurements of a still view and the findings that they raise.

    Args:
        view: that was recorded.
        frames: perception results that passed the gate.
    """
    numbers: list[Measurement] = []
    findings: list[Finding] = []
    for size in (s for s in STATIC_MEASUREMENTS if view in s.views):
        number = _median(size, view, frames)
        if number is None:
            continue
        numbers.append(number)
        finding = measured_finding(size.finding, number) if size.finding is not None else None
        findings += [finding] if finding is not None else []
    return tuple(numbers), tuple(findings)


def _median(size: StaticMeasurement, view: View, frames: Sequence[PerceptionResult]) -> Measurement | None:
    moment = at_phase([frame for frame in frames if frame.view is not View.NONE], size.phase)
    found = [
        m
        for s in moment
        for m in s.measurements
        if m.name is size.name and isfinite(m.value) and isfinite(m.sigma) and m.gate is not GateStatus.REFUSED
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


def at_phase(frames: Sequence[PerceptionResult], phase: CardiacPhase) -> list[PerceptionResult]:
    """Frames of a cardiac phase by the area of the left ventricle; all frames where it is not visible."""
    areas = [e.area_m2 for s in frames if (e := s.extent(SegmentationClass.LV)) is not None]
    with_ventricle = [s for s in frames if s.extent(SegmentationClass.LV) is not None]
    if phase not in (CardiacPhase.END_DIASTOLE, CardiacPhase.END_SYSTOLE) or len(areas) < 2 * MIN_FRAMES:
        return list(frames)
    if phase is CardiacPhase.END_DIASTOLE:
        border = float(np.quantile(areas, 1.0 - PHASE_SHARE))
        return [s for s, area in zip(with_ventricle, areas, strict=True) if area >= border]
    border = float(np.quantile(areas, PHASE_SHARE))
    return [s for s, area in zip(with_ventricle, areas, strict=True) if area <= border]

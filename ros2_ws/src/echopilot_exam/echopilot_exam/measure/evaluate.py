"""Evaluation of the frames of a step: measurements and findings of what passed the gate."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from echopilot_core import Finding, Measurement, PerceptionResult, View
from echopilot_exam.gate.gate import FrameVerdict, ViewVerdict
from echopilot_exam.machine.states import KeyFrame, Series
from echopilot_exam.measure.aorta_stations import (
    AortaSection,
    aneurysm_finding,
    maximum_diameter,
    station_diameters,
    third_diameters,
)
from echopilot_exam.measure.biplane import ApicalPlane, biplane
from echopilot_exam.measure.ejection_fraction import APICAL, evaluate_heart
from echopilot_exam.measure.static_view_measurements import static_measurements


@dataclass(frozen=True)
class Evaluation:
    """Results of a step; only `detail` when the gate rejected it."""

    detail: str
    frame_sequences: tuple[int, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    series: tuple[Series, ...] = ()
    keep: tuple[KeyFrame, ...] = ()
    planes: tuple[ApicalPlane, ...] = ()  # of this exam so far


def evaluate_recording(
    view: View,
    recorded: Sequence[PerceptionResult],
    verdicts: Sequence[FrameVerdict],
    verdict: ViewVerdict,
    planes: tuple[ApicalPlane, ...] = (),
) -> Evaluation:
    """Measurements of a still view from the frames that passed.

    Args:
        view: that was recorded.
        recorded: its perception results.
        verdicts: of the gate on these and earlier frames of the step.
        verdict: of the gate on the view.
        planes: apical views recorded before in this exam.
    """
    if not verdict.passed:
        return Evaluation(f"gate refused: {verdict.reason}", planes=planes)
    passed = {v.sequence: v.quality for v in verdicts if v.passed}
    good = [frame for frame in recorded if frame.sequence in passed]
    sequences = tuple(frame.sequence for frame in good)
    best = max(passed, key=lambda sequence: passed[sequence])
    sizes, suspects = static_measurements(view, good)
    result = Evaluation(
        f"{len(good)} of {verdict.frames} frames passed",
        sequences,
        measurements=sizes,
        findings=suspects,
        keep=(KeyFrame(best, view, "best frame"),),
        planes=planes,
    )
    return _with_ventricle(result, view, good) if view in APICAL else result


def _with_ventricle(result: Evaluation, view: View, good: Sequence[PerceptionResult]) -> Evaluation:
    heart = evaluate_heart(good, view)
    planes = result.planes
    if heart.plane is not None:
        planes = (*(p for p in planes if p.view is not view), heart.plane)
    both = biplane(planes) if heart.plane is not None else None
    return replace(
        result,
        detail="; ".join([result.detail, heart.detail, *([both.detail] if both else [])]),
        measurements=(*heart.measurements, *(both.measurements if both else ()), *result.measurements),
        findings=(*heart.findings, *(both.findings if both else ()), *result.findings),
        series=heart.series,
        keep=(*heart.keep, *result.keep),
        planes=planes,
    )


def evaluate_sweep(sections: Sequence[AortaSection], verdict: ViewVerdict) -> Evaluation:
    """Diameters along the sweep, the supported maximum and the finding of an aneurysm."""
    sequences = tuple(section.sequence for section in sections)
    if not verdict.passed:
        return Evaluation(f"gate refused: {verdict.reason}", sequences)
    stations = station_diameters(sections)
    maximum = maximum_diameter(stations)
    if maximum is None:
        return Evaluation("too few tracked sections for a diameter", sequences)
    finding = aneurysm_finding(maximum)
    return Evaluation(
        detail=f"{len(stations)} stations over {_length_m(stations) * 1e3:.0f} mm",
        frame_sequences=sequences,
        measurements=(*stations, *third_diameters(stations), maximum),
        findings=(finding,) if finding else (),
    )


def _length_m(stations: Sequence[Measurement]) -> float:
    return stations[-1].station_m - stations[0].station_m

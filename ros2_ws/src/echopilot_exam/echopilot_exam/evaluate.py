"""From the frames of a step to its numbers: only what passed the gate may leave."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from echopilot_core import Finding, Measurement, Seen, View
from echopilot_exam.aggregate import Section, aneurysm_finding, maximum_diameter, station_diameters
from echopilot_exam.gate import FrameVerdict, ViewVerdict
from echopilot_exam.heart import evaluate_heart
from echopilot_exam.states import KeyFrame, Series


@dataclass(frozen=True)
class Evaluation:
    """What a step yields; empty but for `detail` when the gate refused."""

    detail: str
    frame_sequences: tuple[int, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    series: tuple[Series, ...] = ()
    keep: tuple[KeyFrame, ...] = ()


def evaluate_recording(
    view: View, recorded: Sequence[Seen], verdicts: Sequence[FrameVerdict], verdict: ViewVerdict
) -> Evaluation:
    """Numbers of a still view: the ejection fraction of an A4C; other views are kept as pictures."""
    if not verdict.passed:
        return Evaluation(f"gate refused: {verdict.reason}")
    passed = {v.sequence: v.quality for v in verdicts if v.passed}
    good = [seen for seen in recorded if seen.sequence in passed]
    sequences = tuple(seen.sequence for seen in good)
    best = max(passed, key=lambda sequence: passed[sequence])
    result = Evaluation(
        f"{len(good)} of {verdict.frames} frames passed", sequences, keep=(KeyFrame(best, view, "best frame"),)
    )
    if view is not View.A4C:
        return result
    heart = evaluate_heart(good)
    return replace(
        result,
        detail=f"{result.detail}; {heart.detail}",
        measurements=heart.measurements,
        findings=heart.findings,
        series=heart.series,
        keep=(*heart.keep, *result.keep),
    )


def evaluate_sweep(sections: Sequence[Section], verdict: ViewVerdict) -> Evaluation:
    """Diameters along the sweep, the supported maximum and the suspicion of an aneurysm."""
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
        measurements=(*stations, maximum),
        findings=(finding,) if finding else (),
    )


def _length_m(stations: Sequence[Measurement]) -> float:
    return stations[-1].station_m - stations[0].station_m

"""Largest diameter of the abdominal aorta in a clip without poses: the widest second of frames that passed the gate."""

from collections.abc import Sequence

from echopilot_core import FindingKind, GateStatus, Measurement, MeasurementName, PerceptionResult, View
from echopilot_exam.gate.gate import FrameVerdict, ViewVerdict
from echopilot_exam.machine.states import KeyFrame
from echopilot_exam.measure.aorta_stations import aneurysm_finding
from echopilot_exam.measure.evaluate import Evaluation
from echopilot_exam.measure.frame_measurements import outer_ap
from echopilot_perception.anomaly.thresholds import FULL_SHARE
from echopilot_perception.anomaly.tracker import WINDOW_NS
from echopilot_perception.anomaly.window_evidence import WindowEvidence, combine, frame_evidence

ALONG = "along the sweep"


def evaluate_aorta_clip(
    frames: Sequence[PerceptionResult], verdicts: Sequence[FrameVerdict], verdict: ViewVerdict
) -> Evaluation:
    """Largest diameter of a transverse clip and the finding of an aneurysm; only a reason where the gate refused.

    Without poses there are no stations along the vessel, and the tilt of a section is not divided out.
    """
    if not verdict.passed:
        return Evaluation(f"gate refused: {verdict.reason}")
    passed = {v.sequence: v.quality for v in verdicts if v.passed}
    good = [frame for frame in frames if frame.sequence in passed]
    detail = f"{len(good)} of {verdict.frames} frames passed"
    best = max(passed, key=lambda sequence: passed[sequence])
    keep = (KeyFrame(best, View.AORTA_TRANS, "best frame"),)
    widest = widest_second(good)
    if widest is None:
        why = _why_none(good)
        return Evaluation(f"{detail}; {why}", tuple(passed), keep=keep)
    maximum = _measurement(widest, good)
    finding = aneurysm_finding(maximum)
    return Evaluation(
        detail=detail,
        frame_sequences=tuple(passed),
        measurements=(maximum,),
        findings=(finding,) if finding else (),
        keep=(*keep, KeyFrame(widest.frames[0], View.AORTA_TRANS, ALONG)),
    )


def _why_none(frames: Sequence[PerceptionResult]) -> str:
    """Why there is no diameter: calipers without a scale, or too few that agree."""
    calipers = [m for frame in frames for m in frame.measurements if m.name is MeasurementName.AORTA_OUTER_AP]
    refused = next((m.gate_reason for m in calipers if m.gate is GateStatus.REFUSED), "")
    return f"no diameter: {refused or 'no second of frames that agree'}"


def widest_second(frames: Sequence[PerceptionResult]) -> WindowEvidence | None:
    """The largest median diameter over one second of frames, by the windows of findings; None without a full one."""
    evidence = [frame_evidence(frame) for frame in frames]
    found: list[WindowEvidence] = []
    first = 0
    for last, newest in enumerate(evidence):
        while newest.stamp_ns - evidence[first].stamp_ns >= WINDOW_NS:
            first += 1
        if newest.stamp_ns - evidence[first].stamp_ns < FULL_SHARE * WINDOW_NS:
            continue
        row = combine(evidence[first : last + 1], FindingKind.ANEURYSM_ABDOMINAL)
        found += [row] if row is not None else []
    return max(found, key=lambda row: row.value, default=None)


def _measurement(widest: WindowEvidence, frames: Sequence[PerceptionResult]) -> Measurement:
    """The diameter with the calipers of the frame nearest to the median."""
    name = MeasurementName.AORTA_MAX_OUTER_AP
    typical = next(frame for frame in frames if frame.sequence == widest.frames[0])
    aorta = outer_ap(typical)
    return Measurement(
        name=name,
        value=widest.value,
        unit=name.unit,
        sigma=widest.sigma,
        view=View.AORTA_TRANS,
        convention=name.convention,
        gate=GateStatus.PASSED,
        end_points=() if aorta is None else aorta.end_points,
        frame_sequences=widest.frames,
    )

"""Evaluation of a recorded clip as a step of an exam: view by vote, gate, measurements, findings over beats."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan

from echopilot_core import (
    CaliperConvention,
    Finding,
    FindingKind,
    GateStatus,
    Measurement,
    PerceptionResult,
    SegmentationClass,
    View,
)
from echopilot_exam.clips.aorta_clip import evaluate_aorta_clip
from echopilot_exam.gate.acceptance_criteria import GATES, SWEEP
from echopilot_exam.gate.gate import AcceptanceGate, FrameVerdict, ViewVerdict, evaluate_frame, evaluate_view
from echopilot_exam.measure.biplane import ApicalPlane
from echopilot_exam.measure.evaluate import Evaluation, evaluate_recording
from echopilot_perception.anomaly import ClipVote, area_change_of_clip, findings_of_clip, vote
from echopilot_perception.anomaly.thresholds import ABOUT_THE_IMAGE, SIZES

TIMES_UNKNOWN = "the clip gives no frame times"
_NO_FRAMES = ViewVerdict(False, 0.0, 0, 0.0, "no standard view")


@dataclass(frozen=True)
class ClipEvaluation:
    """What a clip gives: its view by `vote`, the gate's verdict on it, and numbers and findings where it passed."""

    vote: ClipVote
    verdict: ViewVerdict
    verdicts: tuple[FrameVerdict, ...]
    evaluation: Evaluation

    @property
    def view(self) -> View:
        """The view that counts: NONE where no standard view was named most often."""
        return self.vote.view


def evaluate_clip(
    frames: Sequence[PerceptionResult],
    calibrated: bool,
    times_known: bool,
    planes: tuple[ApicalPlane, ...] = (),
) -> ClipEvaluation:
    """Evaluate one clip by the gate and the measurements of an exam.

    A finding of the body and a number need a clip that passed the gate of its view, as in an exam; a finding about
    the image does not. The tilt of every diameter is unknown (NaN): there are no poses.

    Args:
        frames: results of all frames, in order.
        calibrated: whether the scale is known; without it the gate asks for structures, not for their sizes.
        times_known: whether the clip gives its frame times; without them there is no ejection fraction.
        planes: apical views of earlier clips.
    """
    answer = vote(frames, times_known)
    found = findings_of_clip(frames, times_known)
    if answer.view is View.NONE:
        evaluation = Evaluation(_no_view(answer, len(frames)), planes=planes)
        return ClipEvaluation(answer, _NO_FRAMES, (), _with_findings(evaluation, found, False))
    gate = gate_of_clip(answer.view, calibrated)
    verdicts = tuple(evaluate_frame(frame, gate) for frame in frames)
    verdict = evaluate_view(verdicts, gate)
    if answer.view is View.AORTA_TRANS:
        evaluation = replace(evaluate_aorta_clip(frames, verdicts, verdict), planes=planes)
    else:
        evaluation = evaluate_recording(answer.view, frames, verdicts, verdict, planes)
    evaluation = _with_area_change(evaluation, frames) if times_known else _without_times(evaluation, planes)
    evaluation = replace(evaluation, measurements=tuple(_tilt_unknown(m) for m in evaluation.measurements))
    shown = f"{answer.view.name} in {answer.view_fraction:.0%} of {_voters(answer, len(frames))}"
    evaluation = replace(evaluation, detail=f"{shown}; {evaluation.detail}")
    return ClipEvaluation(answer, verdict, verdicts, _with_findings(evaluation, found, verdict.passed))


def gate_of_clip(view: View, calibrated: bool) -> AcceptanceGate:
    """The gate of a view; of a clip along the aorta that of a sweep. Without a scale it asks for no size and place."""
    gate = GATES[SWEEP if view is View.AORTA_TRANS else view.name]
    if calibrated:
        return gate
    present = tuple(replace(need, min_area_m2=0.0) for need in gate.required_structures)
    return replace(gate, required_structures=present, centered=SegmentationClass.BACKGROUND)


def _with_findings(evaluation: Evaluation, found: Sequence[Finding], passed: bool) -> Evaluation:
    """Add the findings over beats to those of the measurements; what is withheld is named in the detail.

    Where a size was measured over the whole clip, that measurement alone decides about its finding.
    """
    names = {m.name for m in evaluation.measurements}
    decided = {kind for kind, limit in SIZES.items() if names.intersection(limit.names)}
    others = [f for f in found if f.kind not in decided]
    told = [f for f in others if f.kind in ABOUT_THE_IMAGE or (passed and f.kind not in _MEASURED_BEATS)]
    withheld = ", ".join(f.kind.name for f in others if f not in told)
    detail = f"{evaluation.detail}; withheld with it: {withheld}" if withheld else evaluation.detail
    return replace(evaluation, detail=detail, findings=(*evaluation.findings, *told))


_MEASURED_BEATS = frozenset({FindingKind.REDUCED_EF})
"""Findings that need a number over whole beats, which the exam's measurement gives or refuses."""


def _without_times(evaluation: Evaluation, planes: tuple[ApicalPlane, ...]) -> Evaluation:
    """Nothing that is timed: ejection fractions and volumes of a phase are refused, curves left out."""
    timed = {s.name for s in evaluation.series} | {m.name for m in evaluation.measurements if _is_timed(m)}
    if not timed:
        return evaluation
    return replace(
        evaluation,
        measurements=tuple(_refused(m) if _is_timed(m) else m for m in evaluation.measurements),
        findings=tuple(f for f in evaluation.findings if f.kind not in _MEASURED_BEATS),
        series=(),
        planes=planes,
        detail=f"{evaluation.detail}; no ejection fraction: {TIMES_UNKNOWN}",
    )


def _is_timed(m: Measurement) -> bool:
    """Whether a number rests on the beats of a curve: a fraction, or a volume of the ventricle."""
    return m.unit == "1" or m.name.startswith("lv_")


def _refused(m: Measurement) -> Measurement:
    return replace(m, value=nan, sigma=nan, gate=GateStatus.REFUSED, gate_reason=TIMES_UNKNOWN)


def _tilt_unknown(m: Measurement) -> Measurement:
    return m if m.convention is CaliperConvention.NOT_APPLICABLE else replace(m, obliquity_rad=nan)


def _with_area_change(evaluation: Evaluation, frames: Sequence[PerceptionResult]) -> Evaluation:
    """Say the fractional area change of the ventricle, a ratio that needs no scale, where the gate passed."""
    change = area_change_of_clip(frames) if evaluation.frame_sequences else None
    if change is None:
        return evaluation
    words = f"area of the left ventricle changes by {change.fraction:.0%} ({change.view.name})"
    return replace(evaluation, detail=f"{evaluation.detail}; {words}")


def _no_view(answer: ClipVote, frames: int) -> str:
    if answer.foreign:
        return "no view: unlike heart and aorta in at least half of the frames"
    nearest = f"nearest {answer.nearest_view.name} in {answer.nearest_fraction:.0%}"
    return f"no standard view in {answer.view_fraction:.0%} of {_voters(answer, frames)}; {nearest}"


def _voters(answer: ClipVote, frames: int) -> str:
    return f"{answer.beats} beats" if answer.beats else f"{frames} frames"

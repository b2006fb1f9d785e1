"""Findings, ejection fraction and measurements of a whole clip: what its frames agree on."""

from collections.abc import Iterable
from functools import reduce
from math import isfinite, nan

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
from echopilot_perception.anomaly.stretches import stretches
from echopilot_perception.anomaly.suspicion import can_show
from echopilot_perception.anomaly.thresholds import MIN_EF_FRAMES
from echopilot_perception.anomaly.tracker import TrackedFindings, follow
from echopilot_perception.anomaly.votes import ClipVote, vote
from echopilot_perception.anomaly.wording import measured_finding
from echopilot_perception.measure.ejection import ejection_fraction, rate_refusal
from echopilot_perception.views_that_show import FINDING_VIEWS, NEEDS_FINDING


def findings_of_clip(results: Iterable[PerceptionResult], times_known: bool = True) -> tuple[Finding, ...]:
    """Findings raised at any time of a clip, each in its strongest form, the most probable first.

    A finding of the body needs a view that shows it and that a beat, or a second, was named most often
    (`votes.vote`); WRONG_ORGAN needs half of the frames of the whole clip. Without known frame times there is none of
    the ejection fraction. The frames come in order. A clip shorter than a window raises nothing. Without poses a sweep
    is read second by second: the largest median of one second stands for the maximum that the exam takes from its
    stations.
    """
    frames = sorted(results, key=lambda s: s.stamp_ns)
    answer = vote(frames, times_known)
    found = [f for f in reduce(follow, frames, TrackedFindings()).ever if _agreed(f.kind, answer)]
    ejection = ejection_of_clip(frames) if times_known else None
    reduced = (
        measured_finding(FindingKind.REDUCED_EF, ejection)
        if ejection is not None and ejection.gate is not GateStatus.REFUSED
        else None
    )
    return tuple(sorted([*found, *([reduced] if reduced is not None else [])], key=lambda f: (-f.probability, f.kind)))


def told_measurements(rows: Iterable[Measurement], findings: Iterable[Finding]) -> tuple[Measurement, ...]:
    """Measurements of a frame without those that need a finding which its clip, or its window, does not raise."""
    kinds = {f.kind for f in findings}
    return tuple(m for m in rows if NEEDS_FINDING.get(m.name) in (None, *kinds))


def ejection_of_clip(frames: Iterable[PerceptionResult]) -> Measurement | None:
    """Single-plane ejection fraction over the four-chamber frames; None without a full beat of measured ventricles.

    Of several stretches without a gap the longest counts, so that only whole beats do. Refused, with the reason, where
    the frames are too few for the heart rate.
    """
    every = [(s, m) for s in frames if FindingKind.REDUCED_EF in can_show(s) and (m := _volume(s)) is not None]
    rows = max(stretches(every), key=len, default=[])
    if len(rows) < MIN_EF_FRAMES:
        return None
    times_s = np.array([(s.stamp_ns - rows[0][0].stamp_ns) * 1e-9 for s, _ in rows])
    result = ejection_fraction(np.array([m.value for _, m in rows]), times_s, np.array([m.sigma for _, m in rows]))
    if result is None:
        return None
    too_slow = rate_refusal(times_s, result.beat_hz)
    return Measurement(
        name=MeasurementName.EF_SINGLE_PLANE_A4C,
        value=nan if too_slow else result.fraction,
        unit=MeasurementName.EF_SINGLE_PLANE_A4C.unit,
        sigma=nan if too_slow else result.sigma,
        gate=GateStatus.REFUSED if too_slow else GateStatus.NOT_CHECKED,
        gate_reason=too_slow,
        view=View.A4C,
        phase=CardiacPhase.CYCLE,
        frame_sequences=tuple(rows[i][0].sequence for i in (*result.diastolic_frames, *result.systolic_frames)),
    )


def _agreed(kind: FindingKind, answer: ClipVote) -> bool:
    """Whether the clip as a whole allows a finding that some window raised."""
    if kind is FindingKind.WRONG_ORGAN:
        return answer.foreign
    views = FINDING_VIEWS[kind]
    return not views or bool(answer.shown.intersection(views))


def _volume(result: PerceptionResult) -> Measurement | None:
    return next(
        (
            m
            for m in result.measurements
            if m.name is MeasurementName.LV_VOLUME and isfinite(m.value) and isfinite(m.sigma)
        ),
        None,
    )

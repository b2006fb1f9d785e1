"""Evidence of a window of frames for one finding.

The frames of a second show the same tissue from nearly the same place; their errors are shared. So their
probabilities are never multiplied. A score is pooled as the value that at least half of the frames reach, which is
the median log-odds with an effective number of one frame. A measured value is pooled as the median; of its sigma, the
part of the mask is shared by all frames and stays whole, only the scatter shrinks, by the number of stretches of
CORRELATION_S that the frames span.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, hypot, isfinite, sqrt

import numpy as np

from echopilot_core import Finding, FindingKind, MeasurementName, PerceptionResult, View
from echopilot_perception.anomaly.suspicion import FrameSuspicion, can_show, suspicions
from echopilot_perception.anomaly.thresholds import (
    AGREEING,
    CORRELATION_S,
    EVIDENCE_FRAMES,
    MIN_FRAMES,
    SCORES,
    SIZES,
    suspicious,
)
from echopilot_perception.anomaly.wording import crossing_probability, scored_finding, sized_finding


@dataclass(frozen=True)
class FrameEvidence:
    """Evidence of one frame, as kept in the window."""

    stamp_ns: int
    sequence: int
    view: View
    quality: float
    able: frozenset[FindingKind]
    suspicions: tuple[FrameSuspicion, ...]

    def about(self, kind: FindingKind) -> FrameSuspicion | None:
        """The frame's suspicion of a kind, or None."""
        return next((s for s in self.suspicions if s.kind == kind), None)


@dataclass(frozen=True)
class WindowEvidence:
    """Combined evidence of a window for one kind; `value` and `sigma` are NaN for a score.

    `frames` holds the sequences of the frames, the strongest evidence first.
    """

    kind: FindingKind
    probability: float
    value: float
    sigma: float
    name: MeasurementName | None
    view: View
    frames: tuple[int, ...]


def frame_evidence(result: PerceptionResult) -> FrameEvidence:
    """Evidence of a frame for the tracker."""
    able = can_show(result)
    view = result.view if able else View.NONE
    return FrameEvidence(result.stamp_ns, result.sequence, view, result.quality, able, suspicions(result))


def combine(frames: Sequence[FrameEvidence], kind: FindingKind) -> WindowEvidence | None:
    """Combined evidence of the frames, in any order, that can show `kind`.

    None when too few of them can, or too few of those were measured.
    """
    able = [n for n in frames if kind in n.able]
    if len(able) < MIN_FRAMES:
        return None
    measured = [(n, s) for n in able if (s := n.about(kind)) is not None and isfinite(s.value)]
    if kind in SIZES and len(measured) >= max(MIN_FRAMES, ceil(AGREEING * len(able))):
        return _of_values(kind, measured)
    return _of_scores(kind, able) if kind in SCORES else None


def raises_finding(evidence: WindowEvidence) -> bool:
    """Whether the evidence is enough to raise the finding."""
    if isfinite(evidence.value):
        return suspicious(SIZES[evidence.kind], evidence.value)
    return evidence.probability >= SCORES[evidence.kind].raise_at


def keeps_finding(evidence: WindowEvidence) -> bool:
    """Whether the evidence is enough to keep a raised finding; the thresholds are a little lower (hysteresis)."""
    if isfinite(evidence.value):
        limit = SIZES[evidence.kind]
        slack = 0.5 * limit.observer_sigma
        return suspicious(limit, evidence.value + (slack if limit.above else -slack))
    return evidence.probability >= SCORES[evidence.kind].keep_at


def to_finding(evidence: WindowEvidence) -> Finding | None:
    """The finding with its text."""
    if isfinite(evidence.value):
        return sized_finding(
            evidence.kind, evidence.value, evidence.sigma, evidence.view, evidence.frames, evidence.name
        )
    return scored_finding(evidence.kind, evidence.probability, evidence.view, evidence.frames)


def _of_values(kind: FindingKind, rows: Sequence[tuple[FrameEvidence, FrameSuspicion]]) -> WindowEvidence:
    values = np.array([s.value for _, s in rows])
    median = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - median)))
    stamps = [n.stamp_ns for n, _ in rows]
    draws = min(float(len(rows)), 1.0 + (max(stamps) - min(stamps)) * 1e-9 / CORRELATION_S)
    sigma = hypot(spread / sqrt(draws), float(np.median([s.sigma for _, s in rows])))
    best = sorted(rows, key=lambda row: (abs(row[1].value - median), -row[0].quality, row[0].sequence))
    return WindowEvidence(
        kind,
        crossing_probability(SIZES[kind], median, sigma),
        median,
        sigma,
        best[0][1].name,
        best[0][0].view,
        tuple(n.sequence for n, _ in best[:EVIDENCE_FRAMES]),
    )


def _of_scores(kind: FindingKind, able: Sequence[FrameEvidence]) -> WindowEvidence:
    rows = [(n, s.score if (s := n.about(kind)) is not None else 0.0) for n in able]
    best = sorted(rows, key=lambda row: (-row[1], -row[0].quality, row[0].sequence))
    score = best[ceil(AGREEING * len(best)) - 1][1]
    nan = float("nan")
    return WindowEvidence(
        kind, score, nan, nan, None, best[0][0].view, tuple(n.sequence for n, s in best[:EVIDENCE_FRAMES] if s > 0.0)
    )

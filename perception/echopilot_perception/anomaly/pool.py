"""What a window of frames says together about one finding.

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

from echopilot_core import Finding, FindingKind, Seen, View
from echopilot_perception.anomaly.suspicion import Suspicion, can_show, suspicions
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
class Note:
    """What is kept of one frame."""

    stamp_ns: int
    sequence: int
    view: View
    quality: float
    able: frozenset[FindingKind]
    suspicions: tuple[Suspicion, ...]

    def about(self, kind: FindingKind) -> Suspicion | None:
        """The frame's suspicion of a kind, or None."""
        return next((s for s in self.suspicions if s.kind == kind), None)


@dataclass(frozen=True)
class Pooled:
    """A window's verdict on one kind; `value` and `sigma` are NaN for a score. `evidence`: the most telling first."""

    kind: FindingKind
    probability: float
    value: float
    sigma: float
    name: str
    view: View
    evidence: tuple[int, ...]


def note_of(seen: Seen) -> Note:
    """Take what the tracker needs from a frame."""
    able = can_show(seen)
    view = seen.view if able else View.NONE
    return Note(seen.stamp_ns, seen.sequence, view, seen.quality, able, suspicions(seen))


def pool(notes: Sequence[Note], kind: FindingKind) -> Pooled | None:
    """Verdict of the frames that can show `kind`, in any order; None when too few can, or too few of them measured."""
    able = [n for n in notes if kind in n.able]
    if len(able) < MIN_FRAMES:
        return None
    measured = [(n, s) for n in able if (s := n.about(kind)) is not None and isfinite(s.value)]
    if kind in SIZES and len(measured) >= max(MIN_FRAMES, ceil(AGREEING * len(able))):
        return _of_values(kind, measured)
    return _of_scores(kind, able) if kind in SCORES else None


def raises(pooled: Pooled) -> bool:
    """Whether the verdict is enough to raise the finding."""
    if isfinite(pooled.value):
        return suspicious(SIZES[pooled.kind], pooled.value)
    return pooled.probability >= SCORES[pooled.kind].raise_at


def keeps(pooled: Pooled) -> bool:
    """Whether the verdict is enough to keep a finding that is raised already: a little less is asked for."""
    if isfinite(pooled.value):
        limit = SIZES[pooled.kind]
        slack = 0.5 * limit.observer_sigma
        return suspicious(limit, pooled.value + (slack if limit.above else -slack))
    return pooled.probability >= SCORES[pooled.kind].keep_at


def to_finding(pooled: Pooled) -> Finding | None:
    """The verdict in words."""
    if isfinite(pooled.value):
        return sized_finding(pooled.kind, pooled.value, pooled.sigma, pooled.view, pooled.evidence, pooled.name)
    return scored_finding(pooled.kind, pooled.probability, pooled.view, pooled.evidence)


def _of_values(kind: FindingKind, rows: Sequence[tuple[Note, Suspicion]]) -> Pooled:
    values = np.array([s.value for _, s in rows])
    median = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - median)))
    stamps = [n.stamp_ns for n, _ in rows]
    draws = min(float(len(rows)), 1.0 + (max(stamps) - min(stamps)) * 1e-9 / CORRELATION_S)
    sigma = hypot(spread / sqrt(draws), float(np.median([s.sigma for _, s in rows])))
    best = sorted(rows, key=lambda row: (abs(row[1].value - median), -row[0].quality, row[0].sequence))
    return Pooled(
        kind,
        crossing_probability(SIZES[kind], median, sigma),
        median,
        sigma,
        best[0][1].name,
        best[0][0].view,
        tuple(n.sequence for n, _ in best[:EVIDENCE_FRAMES]),
    )


def _of_scores(kind: FindingKind, able: Sequence[Note]) -> Pooled:
    rows = [(n, s.score if (s := n.about(kind)) is not None else 0.0) for n in able]
    best = sorted(rows, key=lambda row: (-row[1], -row[0].quality, row[0].sequence))
    score = best[ceil(AGREEING * len(best)) - 1][1]
    nan = float("nan")
    return Pooled(
        kind, score, nan, nan, "", best[0][0].view, tuple(n.sequence for n, s in best[:EVIDENCE_FRAMES] if s > 0.0)
    )

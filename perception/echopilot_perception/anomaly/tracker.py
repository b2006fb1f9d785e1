"""Tracking of findings over frames: raised when a window of frames agrees, cleared when it no longer does."""

from dataclasses import dataclass

from echopilot_core import Finding, FindingKind, PerceptionResult
from echopilot_perception.anomaly.thresholds import FULL_SHARE, SCORES, SIZES, WINDOW_S
from echopilot_perception.anomaly.window_evidence import (
    FrameEvidence,
    WindowEvidence,
    combine,
    frame_evidence,
    keeps_finding,
    raises_finding,
    to_finding,
)

WINDOW_NS = round(WINDOW_S * 1e9)
_KINDS = tuple(kind for kind in FindingKind if kind in SIZES or kind in SCORES)


@dataclass(frozen=True)
class TrackedFindings:
    """State after some frames: the window, what is raised now, and the strongest form of all that ever was."""

    window: tuple[FrameEvidence, ...] = ()
    now: tuple[Finding, ...] = ()
    ever: tuple[Finding, ...] = ()


def follow(before: TrackedFindings, result: PerceptionResult) -> TrackedFindings:
    """Take one more frame; `before` stays as it was.

    A frame that is not newer than the last one is ignored. After a jump back of more than a window the clock is
    taken to be a new one, and after a gap the old frames have left the window: both start from no agreement.
    """
    last_ns = before.window[-1].stamp_ns if before.window else None
    if last_ns is not None and last_ns - WINDOW_NS <= result.stamp_ns <= last_ns:
        return before
    kept = [n for n in before.window if 0 <= result.stamp_ns - n.stamp_ns < WINDOW_NS]
    window = (*kept, frame_evidence(result))
    if window[-1].stamp_ns - window[0].stamp_ns < FULL_SHARE * WINDOW_NS:
        return TrackedFindings(window, (), before.ever)
    raised = {f.kind for f in before.now}
    evidence = [p for kind in _KINDS if (p := combine(window, kind)) is not None]
    now = tuple(f for p in evidence if (f := _raised(p, p.kind in raised)) is not None)
    return TrackedFindings(window, now, _strongest(before.ever, now))


def _raised(evidence: WindowEvidence, already: bool) -> Finding | None:
    return to_finding(evidence) if raises_finding(evidence) or (already and keeps_finding(evidence)) else None


def _strongest(ever: tuple[Finding, ...], now: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """One finding per kind; on equal probability the earlier one stays."""
    best = {f.kind: f for f in ever}
    for f in now:
        if f.kind not in best or f.probability > best[f.kind].probability:
            best[f.kind] = f
    return tuple(best[kind] for kind in sorted(best))

"""Frame after frame: findings come up when a whole window agrees, and go when it no longer does."""

from dataclasses import dataclass

from echopilot_core import Finding, FindingKind, Seen
from echopilot_perception.anomaly.pool import Note, Pooled, keeps, note_of, pool, raises, to_finding
from echopilot_perception.anomaly.thresholds import FULL_SHARE, SCORES, SIZES, WINDOW_S

WINDOW_NS = round(WINDOW_S * 1e9)
_KINDS = tuple(kind for kind in FindingKind if kind in SIZES or kind in SCORES)


@dataclass(frozen=True)
class Tracked:
    """State after some frames: the window, what is raised now, and the strongest form of all that ever was."""

    window: tuple[Note, ...] = ()
    now: tuple[Finding, ...] = ()
    ever: tuple[Finding, ...] = ()


def follow(before: Tracked, seen: Seen) -> Tracked:
    """Take one more frame; `before` stays as it was.

    A frame that is not newer than the last one says nothing. After a jump back of more than a window the clock is
    taken to be a new one, and after a gap the old frames have left the window: both start from no agreement.
    """
    last_ns = before.window[-1].stamp_ns if before.window else None
    if last_ns is not None and last_ns - WINDOW_NS <= seen.stamp_ns <= last_ns:
        return before
    kept = [n for n in before.window if 0 <= seen.stamp_ns - n.stamp_ns < WINDOW_NS]
    window = (*kept, note_of(seen))
    if window[-1].stamp_ns - window[0].stamp_ns < FULL_SHARE * WINDOW_NS:
        return Tracked(window, (), before.ever)
    raised = {f.kind for f in before.now}
    verdicts = [p for kind in _KINDS if (p := pool(window, kind)) is not None]
    now = tuple(f for p in verdicts if (f := _raised(p, p.kind in raised)) is not None)
    return Tracked(window, now, _strongest(before.ever, now))


def _raised(pooled: Pooled, already: bool) -> Finding | None:
    return to_finding(pooled) if raises(pooled) or (already and keeps(pooled)) else None


def _strongest(ever: tuple[Finding, ...], now: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """One finding per kind; on equal probability the earlier one stays."""
    best = {f.kind: f for f in ever}
    for f in now:
        if f.kind not in best or f.probability > best[f.kind].probability:
            best[f.kind] = f
    return tuple(best[kind] for kind in sorted(best))

"""View of a clip, and whether it is foreign, by votes of its frames.

Where the beat is known every whole beat has one vote, so that no phase of the heart counts twice; otherwise the frames
vote over the clip. A frame that is out of distribution votes for no view, as in the acceptance gate of the exam.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echopilot_core import FindingKind, HeadName, PerceptionResult, SegmentationClass, View
from echopilot_core.beat_period import beat_period_s
from echopilot_perception.anomaly.suspicion import can_show
from echopilot_perception.anomaly.thresholds import AGREEING, SCORES, SPEAKS, WINDOW_S

Frames = Sequence[PerceptionResult]


@dataclass(frozen=True)
class ClipVote:
    """View by votes with its share of them, the nearest standard view likewise, and how many beats voted.

    `foreign`: half of the frames in contact are out of distribution, so that the clip has no view. `beats` is 0 where
    the frames themselves voted. `shown` are the views that any beat, or any second, was named most often: those whose
    findings count.
    """

    view: View = View.NONE
    view_fraction: float = 0.0
    nearest_view: View = View.NONE
    nearest_fraction: float = 0.0
    foreign: bool = False
    beats: int = 0
    shown: frozenset[View] = frozenset()


def vote(results: Frames, times_known: bool = True) -> ClipVote:
    """The vote of the frames of a clip, in order of time; all NONE and 0 without frames."""
    if not results:
        return ClipVote()
    foreign = is_foreign(results)
    period_s = _period_s(results) if times_known else None
    beats = _pieces(results, period_s) if period_s is not None else []
    parts = beats or [[result] for result in results]
    view, share = _most([_most([named(s) for s in part])[0] for part in parts])
    nearest, nearest_share = _most([_most([s.nearest_view for s in part])[0] for part in parts])
    told = [[named(s) for s in part if named(s) is not View.NONE] for part in _pieces(results, period_s or WINDOW_S)]
    shown = frozenset(_most(part)[0] for part in told if part)
    return ClipVote(
        View.NONE if foreign else view,
        1.0 if foreign else share,
        nearest,
        nearest_share,
        foreign,
        len(beats),
        frozenset() if foreign else shown,
    )


def named(result: PerceptionResult) -> View:
    """View of a frame as it votes: NONE where the frame is out of distribution, as far as the model judges that."""
    if HeadName.OOD in result.heads and not result.ood_score < SPEAKS.max_ood:
        return View.NONE
    return result.view


def is_foreign(results: Frames) -> bool:
    """Whether at least half of the frames in contact are unlike heart and aorta; False without such frames."""
    able = [s for s in results if FindingKind.WRONG_ORGAN in can_show(s)]
    far = sum(s.ood_score >= SCORES[FindingKind.WRONG_ORGAN].raise_at for s in able)
    return bool(able) and far >= AGREEING * len(able)


def _period_s(results: Frames) -> float | None:
    """Period of the beat from the area of the left ventricle; its scale does not matter."""
    sizes = [(s.stamp_ns * 1e-9, extent.area_m2) for s in results if (extent := s.extent(SegmentationClass.LV))]
    return beat_period_s([t for t, _ in sizes], [a for _, a in sizes])


def _pieces(results: Frames, length_s: float) -> list[list[PerceptionResult]]:
    """Whole pieces of this length from the first frame on; one shorter piece where the clip is shorter."""
    since_s = np.array([(s.stamp_ns - results[0].stamp_ns) * 1e-9 for s in results])
    step_s = float(np.median(np.diff(since_s))) if len(results) > 1 else 0.0
    whole = max(int((since_s[-1] + step_s) / length_s + 1e-6), 1)
    rows: dict[int, list[PerceptionResult]] = {}  # pieces without a frame are none
    for result, t in zip(results, since_s, strict=True):
        if t < whole * length_s:
            rows.setdefault(int(t / length_s), []).append(result)
    return list(rows.values())


def _most(views: Sequence[View]) -> tuple[View, float]:
    """The most frequent view with its share; of equally frequent ones a standard view, the earlier in the clip."""
    counts = Counter(views)
    best = max(counts, key=lambda v: (counts[v], v is not View.NONE))
    return best, counts[best] / len(views)

"""Differences between two results of one frame, head by head, down to the last bit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import PerceptionResult
from echopilot_exam.record.codec import plain

Flat = tuple[tuple[Any, ...], NDArray[np.float64]]  # words that must be equal, numbers that are compared


@dataclass(frozen=True)
class HeadDifference:
    """`largest` absolute difference of a number of this head, in its own unit; None where words or counts differ."""

    head: str
    largest: float | None


def differences(a: PerceptionResult, b: PerceptionResult) -> list[HeadDifference]:
    """Heads that are not the same bit for bit; the latency does not count, nor what is for display only."""
    found = []
    for head, flat in HEADS.items():
        (words_a, numbers_a), (words_b, numbers_b) = flat(a), flat(b)
        if words_a != words_b or numbers_a.shape != numbers_b.shape:
            found.append(HeadDifference(head, None))
        elif numbers_a.tobytes() != numbers_b.tobytes():
            unequal = ~((numbers_a == numbers_b) | (np.isnan(numbers_a) & np.isnan(numbers_b)))
            gaps = np.abs(numbers_a[unequal] - numbers_b[unequal])
            largest = float(np.max(gaps, initial=0.0)) if np.isfinite(gaps).all() else None
            found.append(HeadDifference(head, largest))
    return found


def _numbers(*values: Any) -> NDArray[np.float64]:
    return np.concatenate([np.asarray(v, np.float64).ravel() for v in values]) if values else np.zeros(0)


def _labels(result: PerceptionResult) -> Flat:
    m = result.label_map
    return (m.labels.shape,), _numbers(m.labels, m.origin_x_m, m.origin_y_m, m.spacing_m)


def _sizes(result: PerceptionResult) -> Flat:
    rows = [(e.area_m2, e.sigma_m2, e.centroid_x_m, e.centroid_y_m) for e in result.extents]
    return tuple(e.tissue for e in result.extents), _numbers(*rows)


def _guidance(result: PerceptionResult) -> Flat:
    return tuple(g.view for g in result.guidance), _numbers(
        *((*g.relative_pose_twist, *g.sigma) for g in result.guidance)
    )


def _landmarks(result: PerceptionResult) -> Flat:
    marks = result.landmarks
    return tuple(p.name for p in marks), _numbers(*((*p.position_m, *p.covariance_m2.ravel()) for p in marks))


def _boxes(result: PerceptionResult) -> Flat:
    return tuple(b.kind for b in result.boxes), _numbers(
        *((b.score, b.left_m, b.top_m, b.right_m, b.bottom_m) for b in result.boxes)
    )


def _rows(pick: Callable[[PerceptionResult], tuple[Any, ...]]) -> Callable[[PerceptionResult], Flat]:
    def flat(result: PerceptionResult) -> Flat:
        words: list[Any] = []
        numbers: list[float] = []

        def walk(value: Any) -> None:
            if isinstance(value, dict | list):
                words.append(tuple(value) if isinstance(value, dict) else len(value))
                for item in value.values() if isinstance(value, dict) else value:
                    walk(item)
            elif isinstance(value, float):
                numbers.append(value)
            else:
                words.append(value)

        for row in pick(result):
            walk(plain(row))
        return tuple(words), np.asarray(numbers, np.float64)

    return flat


HEADS: dict[str, Callable[[PerceptionResult], Flat]] = {
    "segmentation": _labels,
    "sizes": _sizes,
    "view": lambda s: ((), _numbers(s.view_probability)),
    "quality": lambda s: ((), _numbers(s.quality)),
    "coupling": lambda s: ((), _numbers(s.coupling)),
    "ood": lambda s: ((), _numbers(s.ood_score)),
    "guidance": _guidance,
    "landmarks": _landmarks,
    "boxes": _boxes,
    "findings": _rows(lambda s: s.findings),
    "measurements": _rows(lambda s: s.measurements),
}

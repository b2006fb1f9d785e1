"""Marks of single images, and the score of any choice of them: what bootstrap over patients draws from."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_perception.anomaly import auroc
from echopilot_perception.tasks.applications import CORRELATED, TaskApplication

Score = Callable[[Array], float]
MIN_IOU = 0.5


def score_of(application: TaskApplication) -> Score:
    """The function from marks (N, M) of an application to its score; NaN where they do not determine it."""
    if application.kind == "classification":
        return _auroc if application.outputs == 2 else _balanced_accuracy
    if application.name in CORRELATED:
        return _spearman
    return {
        "segmentation": _dice,
        "detection": _f1,
        "report": _f1,
        "landmarks": _ratio,
        "regression": _mean,
        "enhancement": _psnr,
        "retrieval": _mean,
    }[application.kind]


def segmentation_marks(found: NDArray[np.uint8], true: NDArray[np.uint8], classes: int) -> Array:
    """Cells in common and cells of either (N, 2 (classes - 1)) of maps (N, H, W); cells of 255 do not count."""
    seen = true != 255
    both, either = [], []
    for value in range(1, classes):
        a, b = (found == value) & seen, true == value
        both.append((a & b).sum(axis=(1, 2)))
        either.append(a.sum(axis=(1, 2)) + b.sum(axis=(1, 2)))
    return np.stack([*both, *either], axis=1).astype(np.float64)


def detection_marks(boxes: list[Array | None], true: list[Array | None]) -> Array:
    """Right, false and missed boxes (N, 3); a box (left, top, right, bottom) is right from an IoU of 0.5 on."""
    rows = []
    for box, other in zip(boxes, true, strict=True):
        right = box is not None and other is not None and intersection_over_union(box, other) >= MIN_IOU
        rows.append((right, box is not None and not right, other is not None and not right))
    return np.array(rows, np.float64).reshape(-1, 3)


def statement_marks(found: NDArray[np.bool_], true: NDArray[np.int8]) -> Array:
    """Right, false and missed sentences (N, 3 S), in this order, of flags (N, S); a truth of -1 does not count."""
    seen = true >= 0
    there = (true == 1) & seen
    said = found & seen
    return np.concatenate([said & there, said & ~there, ~said & there], axis=1).astype(np.float64)


def said_and_true(marks: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Flags (S,) of the sentences that were said of an image, and of those that are true, from its marks (3 S,)."""
    right, false, missed = marks.reshape(3, -1) > 0.0
    return right | false, right | missed


def retrieval_marks(features: Array, classes: NDArray[Any], patients: NDArray[Any]) -> Array:
    """Average precision (N, 1) of each image as a query among the images of other patients; NaN without a match."""
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    alike = unit @ unit.T
    rows = np.full((len(features), 1), np.nan)
    for i, row in enumerate(alike):
        others = np.flatnonzero(patients != patients[i])
        hits = (classes[others] == classes[i])[np.argsort(-row[others], kind="stable")]
        if hits.any():
            at = np.flatnonzero(hits)
            rows[i] = float(np.mean((np.arange(len(at)) + 1) / (at + 1)))
    return rows


def intersection_over_union(a: Array, b: Array) -> float:
    """Of two boxes (left, top, right, bottom)."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(float(width), 0.0) * max(float(height), 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return shared / max(float(sum(areas)) - shared, 1e-12)


def _dice(marks: Array) -> float:
    half = marks.shape[1] // 2
    both, either = marks[:, :half].sum(axis=0), marks[:, half:].sum(axis=0)
    there = either > 0
    return float((2.0 * both[there] / either[there]).mean()) if there.any() else float("nan")


def _f1(marks: Array) -> float:
    right, false, missed = marks.sum(axis=0).reshape(3, -1).sum(axis=1)
    return float(2.0 * right / (2.0 * right + false + missed)) if right + false + missed else float("nan")


def _ratio(marks: Array) -> float:
    total, count = marks.sum(axis=0)
    return float(total / count) if count else float("nan")


def _mean(marks: Array) -> float:
    finite = marks[np.isfinite(marks)]
    return float(finite.mean()) if len(finite) else float("nan")


def _psnr(marks: Array) -> float:
    return -10.0 * float(np.log10(max(marks.mean(), 1e-12)))


def _balanced_accuracy(marks: Array) -> float:
    true, found = marks[:, 0], marks[:, 1]
    return float(np.mean([(found[true == value] == value).mean() for value in np.unique(true)]))


def _auroc(marks: Array) -> float:
    return auroc(marks[:, 1], marks[:, 0] > 0.5)


def _spearman(marks: Array) -> float:
    from scipy.stats import spearmanr

    if min(len(np.unique(marks[:, k])) for k in (0, 1)) < 2:
        return float("nan")
    return float(spearmanr(marks[:, 0], marks[:, 1]).statistic)

"""Confidence intervals of figures: 95 % by bootstrap over patients (Efron 1979)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array, SegmentationClass
from echopilot_lab.evaluation.marks import Marks

DRAWS = 400


def intervals(parts: Sequence[Marks], seed: int = 0) -> dict[str, Any]:
    """`[low, high]` of Dice, view accuracy and mean errors; `parts` are the marks of one patient each."""
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(parts), (DRAWS, len(parts)))
    both = np.stack([p.both_cells for p in parts]).astype(np.float64)
    either = np.stack([p.true_cells + p.predicted_cells for p in parts]).astype(np.float64)
    true = np.stack([p.true_cells for p in parts]).sum(axis=0)
    tissues = [t for t in list(SegmentationClass)[1:] if true[t]]
    dice = np.array([[2.0 * both[d, t].sum() / max(either[d, t].sum(), 1.0) for t in tissues] for d in draws])
    return {
        "dice": {t.name: _ends(dice[:, i]) for i, t in enumerate(tissues)},
        "dice_mean": _ends(dice.mean(axis=1)),
        "view_accuracy": _mean_ends([np.equal(p.view_true, p.predicted_view) for p in parts], draws),
        "aortic_diameter_mae_mm": _mean_ends([np.abs(p.aorta_mm) for p in parts], draws),
        "ef_mae_pct": _mean_ends([np.abs([a - b for a, b in p.ef]) for p in parts], draws),
    }


def _mean_ends(values: Sequence[Any], draws: NDArray[np.int64]) -> list[float]:
    """Of the mean over all values, which belong to patients."""
    sums = np.array([float(np.sum(v)) for v in values])
    counts = np.array([float(np.size(v)) for v in values])
    return _ends(np.array([sums[d].sum() / max(counts[d].sum(), 1.0) for d in draws]))


def _ends(drawn: Array) -> list[float]:
    return [float(v) for v in np.percentile(drawn, [2.5, 97.5])]

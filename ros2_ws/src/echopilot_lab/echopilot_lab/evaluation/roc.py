"""Receiver operating characteristic: curve, operating point with Wilson intervals, and the figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from echopilot_core import Array, EchoPilotError
from echopilot_lab.util.chart import COLORS, FAINT, new_figure, save_figure, set_axes, style
from echopilot_perception.anomaly import Rate, auroc, wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE_PX = 870
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class OperatingPoint:
    """What a threshold does: everything that scores at least `threshold` is called positive."""

    threshold: float
    sensitivity: Rate
    specificity: Rate


@dataclass(frozen=True)
class Roc:
    """Curve of one finding from (0, 0) to (1, 1), its area and the point at the threshold in use."""

    name: str
    false_positive: Array  # (M,)
    true_positive: Array  # (M,)
    area: float
    positives: int
    negatives: int
    point: OperatingPoint


def operating_point(scores: ArrayLike, positive: ArrayLike, threshold: float) -> OperatingPoint:
    """Sensitivity and specificity of scores (N,) against truth (N,) bool, with 95 % Wilson intervals."""
    predicted = np.asarray(scores, dtype=np.float64) >= threshold
    true = np.asarray(positive, dtype=bool)
    hit, quiet = int((predicted & true).sum()), int((~predicted & ~true).sum())
    return OperatingPoint(threshold, wilson(hit, int(true.sum())), wilson(quiet, int((~true).sum())))


def roc(name: str, scores: ArrayLike, positive: ArrayLike, threshold: float = 0.5) -> Roc:
    """Curve over every threshold; raises EchoPilotError unless there are finite scores of both sorts."""
    s, t = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
    area = auroc(s, t)
    if not np.isfinite(area):
        raise EchoPilotError(f"no ROC for {name}: it needs positives and negatives, got {int(t.sum())} of {t.size}")
    order = np.argsort(-s, kind="stable")
    last = np.flatnonzero(np.append(np.diff(s[order]) != 0.0, True))  # ties move together
    hits, alarms = np.cumsum(t[order])[last], np.cumsum(~t[order])[last]
    up, across = np.append(0, hits) / t.sum(), np.append(0, alarms) / (~t).sum()
    return Roc(name, across, up, area, int(t.sum()), int((~t).sum()), operating_point(s, t, threshold))


def draw_roc(curves: Sequence[Roc], path: Path, title: str = "Receiver operating characteristic") -> None:
    """Write a PNG with the chance line and a curve per finding with its operating point and the intervals of it.

    Args:
        curves: at least one; EchoPilotError without any.
        path: of the PNG.
        title: above the axes.
    """
    if not curves:
        raise EchoPilotError("no ROC to draw: no finding has both positives and negatives")
    with style():
        figure, (axes,) = new_figure(SIDE_PX, SIDE_PX)
        set_axes(axes, title, "false positive rate (1 - specificity)", (0.0, 1.0), (0.0, 1.0), TICKS, TICKS)
        axes.set_ylabel("true positive rate (sensitivity)")
        axes.plot([0.0, 1.0], [0.0, 1.0], "--", color=FAINT, linewidth=1.0)
        for curve, color in zip(curves, cycle(COLORS), strict=False):
            axes.plot(curve.false_positive, curve.true_positive, color=color, linewidth=2.5, label=_caption(curve))
            _draw_point(axes, curve.point, color)
        axes.legend(loc="lower right", fontsize=8.0)
        save_figure(figure, path)


def _draw_point(axes: Axes, point: OperatingPoint, color: str) -> None:
    """The operating point with the arms of its two intervals."""
    x, y = 1.0 - point.specificity.value, point.sensitivity.value
    axes.plot([1.0 - point.specificity.high, 1.0 - point.specificity.low], [y, y], color=color, linewidth=1.5)
    axes.plot([x, x], [point.sensitivity.low, point.sensitivity.high], color=color, linewidth=1.5)
    axes.plot(x, y, "o", color=color, markerfacecolor="white", markersize=7.0, markeredgewidth=2.0)


def _caption(curve: Roc) -> str:
    name, point = curve.name.replace("_", " ").lower(), curve.point
    sensitivity, specificity = _interval(point.sensitivity), _interval(point.specificity)
    return (
        f"{name}, AUC {curve.area:.3f} ({curve.positives} positive, {curve.negatives} negative)\n"
        f"at {point.threshold:.2g}: sensitivity {sensitivity}, specificity {specificity}"
    )


def _interval(rate: Rate) -> str:
    return f"{rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}]"

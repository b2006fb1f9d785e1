"""Line plots of the report: curves with a band, limit lines, marked points and vertical guides."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from echopilot_report.images.svg_figure import GUIDE, INK, LIMIT, MAIN, SOFT, new_figure, style, svg_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 760.0, 240.0
MARGINS = (52.0, 14.0, 128.0, 40.0)
"""Left, top, right (labels of levels), bottom; in units of the SVG."""
LEVEL_STYLES: dict[str, tuple[str, tuple[float, float]]] = {"limit": (LIMIT, (6.0, 4.0)), "guide": (GUIDE, (2.0, 4.0))}
LABEL_UNITS = 14.0
"""Labels of levels keep this distance."""


@dataclass(frozen=True)
class Curve:
    """Points of one curve; not-finite values break the line. `band` is a half width drawn around it."""

    x: Sequence[float]
    y: Sequence[float]
    style: str  # main, soft
    dots: bool = False
    band: Sequence[float] = ()


@dataclass(frozen=True)
class Level:
    """A horizontal line with a label at its right end."""

    y: float
    label: str
    style: str = "limit"  # limit, guide


@dataclass(frozen=True)
class Upright:
    """A vertical line with a label: right of its lower end, with `anchor` "end" left of its upper end."""

    x: float
    label: str
    anchor: str = "start"


@dataclass(frozen=True)
class Mark:
    """A circled point with a label."""

    x: float
    y: float
    label: str


def line_plot(
    x_label: str,
    y_label: str,
    curves: Sequence[Curve],
    levels: Sequence[Level] = (),
    marks: Sequence[Mark] = (),
    y_from_zero: bool = False,
    uprights: Sequence[Upright] = (),
) -> Markup:
    """An SVG figure; an empty string when nothing is finite.

    Args:
        x_label: Label of the x axis.
        y_label: Label of the y axis.
        curves: Drawn over each other in their order.
        levels: Horizontal lines, labeled at the right.
        marks: Circled points.
        y_from_zero: Whether the y axis starts at zero.
        uprights: Vertical lines.
    """
    points = [(x, y) for c in curves for x, y in zip(c.x, c.y, strict=True) if math.isfinite(x) and math.isfinite(y)]
    if not points:
        return Markup("")
    levels = [level for level in levels if math.isfinite(level.y)]
    xs = [x for x, _ in points]
    ys = [y for _, y in points] + [level.y for level in levels]
    y_ticks = _ticks(0.0 if y_from_zero else min(ys), max(ys))
    with style():
        figure, axes = new_figure(WIDTH, HEIGHT, MARGINS)
        axes.grid(visible=False, axis="x")
        axes.spines["bottom"].set_visible(False)
        axes.set_xlim(min(xs), max(max(xs), min(xs) + 1e-9))
        axes.set_ylim(min(y_ticks[0], *ys), max(y_ticks[-1], *ys))
        axes.set_xticks([t for t in _ticks(min(xs), max(xs)) if min(xs) <= t <= max(xs)])
        axes.set_yticks(y_ticks)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        _draw_levels(axes, levels)
        _draw_uprights(axes, uprights)
        for curve in curves:
            _draw_curve(axes, curve)
        _draw_marks(axes, marks)
        return svg_of(figure, y_label)


def _draw_curve(axes: "Axes", curve: Curve) -> None:
    color, width = {"main": (MAIN, 1.8), "soft": (SOFT, 1.4)}[curve.style]
    if curve.band:
        low = [y - half for y, half in zip(curve.y, curve.band, strict=True)]
        high = [y + half for y, half in zip(curve.y, curve.band, strict=True)]
        axes.fill_between(curve.x, low, high, color=color, alpha=0.13, linewidth=0.0)
    axes.plot(
        curve.x,
        curve.y,
        color=color,
        linewidth=width,
        marker="o" if curve.dots else "",
        markersize=5.2,
        markeredgewidth=0.0,
        clip_on=False,
    )


def _draw_levels(axes: "Axes", levels: Sequence[Level]) -> None:
    """Lines at their values; labels of neighbors move apart."""
    per_unit = (axes.get_ylim()[1] - axes.get_ylim()[0]) / (HEIGHT - MARGINS[1] - MARGINS[3])
    below = -math.inf
    for level in sorted(levels, key=lambda level: level.y):
        color, dashes = LEVEL_STYLES[level.style]
        axes.axhline(level.y, color=color, linewidth=1.0, linestyle=(0.0, dashes), clip_on=False)
        below = max(level.y, below + LABEL_UNITS * per_unit)
        label_color = color if level.style == "limit" else None
        axes.annotate(
            level.label,
            (1.0, below),
            (8.0, 0.0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            annotation_clip=False,
            color=label_color,
        )


def _draw_uprights(axes: "Axes", uprights: Sequence[Upright]) -> None:
    color, dashes = LEVEL_STYLES["guide"]
    for upright in uprights:
        axes.axvline(upright.x, color=color, linewidth=1.0, linestyle=(0.0, dashes), clip_on=False)
        is_start = upright.anchor == "start"
        axes.annotate(
            upright.label,
            (upright.x, 0.0 if is_start else 1.0),
            (5.0, 5.0) if is_start else (-5.0, -3.0),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha="left" if is_start else "right",
            va="bottom" if is_start else "top",
        )


def _draw_marks(axes: "Axes", marks: Sequence[Mark]) -> None:
    low, high = axes.get_ylim()
    for mark in marks:
        if not (math.isfinite(mark.x) and math.isfinite(mark.y)):
            continue
        axes.plot(
            [mark.x],
            [mark.y],
            marker="o",
            markersize=12.0,
            markerfacecolor="none",
            markeredgecolor=INK,
            markeredgewidth=1.6,
            clip_on=False,
        )
        is_near_top = (high - mark.y) / (high - low) * (HEIGHT - MARGINS[1] - MARGINS[3]) < 24.0
        axes.annotate(
            mark.label,
            (mark.x, mark.y),
            (0.0, -12.0 if is_near_top else 12.0),
            textcoords="offset points",
            ha="center",
            va="top" if is_near_top else "bottom",
            color=INK,
            fontsize=13.0,
            fontweight="bold",
        )


def _ticks(low: float, high: float) -> list[float]:
    """Four to seven round numbers that enclose [low, high]."""
    span = max(high - low, 1e-6)
    raw = span / 4.0
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(k * step, 10) for k in range(first, last + 1)]

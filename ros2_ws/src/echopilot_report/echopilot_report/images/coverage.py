"""Chart of probe contact on the body, in frontal view; in the robot's base frame where no landmarks are known."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from echopilot_core.robot import CONTACT_N
from echopilot_exam.machine.states import CLIP_PHASES
from echopilot_exam.record import ExamRecord, TraceSample
from echopilot_report.grading.wording import text
from echopilot_report.images.svg_figure import INK, MAIN, QUIET, SOFT, new_figure, style, svg_of
from echopilot_report.page.live.torso import Chart, chart_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST, LEFT, MARGIN = 320.0, 64.0, 46.0
"""Longest side of the axes, their left margin and their other margins, in units of the SVG."""
RIGHT_SHARE = 0.6
"""Stretches that begin further right than this share of the width have their labels at the left."""
MOST_POINTS = 1500
EDGE_MM = 15.0
NEAR_MM, ROW = 10.0, 15.0
"""Labels of stretches that begin closer together are stacked at this distance (units of the SVG)."""
LEAST_SIDE = 0.4
"""Shortest side of the axes as a share of the longest."""
TRUNK_MM = 140.0
"""Half the width of a drawn trunk."""
STEPS_MM = (10.0, 20.0, 50.0, 100.0)
Point = tuple[float, float]


def coverage_plot(record: ExamRecord) -> Markup:
    """Path in contact, equal scales; an empty string when the probe never touched."""
    chart = None if record.landmarks is None else chart_of(record.landmarks)
    every = max(len(record.trace) // MOST_POINTS, 1)
    runs = _stretches(record, record.trace[::every], chart)
    points = [point for run in runs for point in run.points]
    if not points:
        return Markup("")
    marks = _landmarks(record, chart)
    with style():
        figure, axes = _plan_axes([*points, *marks.values()], bool(marks))
        axes.set_xlabel(text("plot", "base_y" if chart is None else "chart_x"))
        axes.set_ylabel(text("plot", "base_x" if chart is None else "chart_y"))
        for name, (x, y) in marks.items():
            axes.plot([x], [y], marker="+", markersize=8.0, markeredgewidth=1.6, color=QUIET)
            axes.annotate(text("plot", name), (x, y), (-8.0, 0.0), textcoords="offset points", ha="right", va="center")
        _draw_stretches(axes, runs)
        return svg_of(figure, text("page", "coverage"), "plot plan")


def _plan_axes(points: Sequence[Point], with_trunk: bool) -> tuple["Figure", "Axes"]:
    """Axes with equal scales around `points`, x to the right and y downward."""
    xs, ys = [x for x, _ in points] + ([-TRUNK_MM, TRUNK_MM] if with_trunk else []), [y for _, y in points]
    x_low, x_high = min(xs) - EDGE_MM, max(xs) + EDGE_MM
    y_low, y_high = min(ys) - EDGE_MM, max(ys) + EDGE_MM
    longest_mm = max(x_high - x_low, y_high - y_low)
    x_low, x_high = _widened(x_low, x_high, LEAST_SIDE * longest_mm)
    y_low, y_high = _widened(y_low, y_high, LEAST_SIDE * longest_mm)
    scale = LONGEST / longest_mm
    width, height = (x_high - x_low) * scale + LEFT + MARGIN, (y_high - y_low) * scale + 2.0 * MARGIN
    figure, axes = new_figure(width, height, (LEFT, MARGIN, MARGIN, MARGIN))
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(x_low, x_high)
    axes.set_ylim(y_high, y_low)
    step_mm = next((s for s in STEPS_MM if longest_mm / s <= 8), STEPS_MM[-1])
    axes.set_xticks(_multiples(x_low, x_high, step_mm))
    axes.set_yticks(_multiples(y_low, y_high, step_mm))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    return figure, axes


def _draw_stretches(axes: "Axes", stretches: Sequence["Stretch"]) -> None:
    """Stretches with recorded images dark and labeled, over all others."""
    x_low, x_high = axes.get_xlim()
    labeled: list[Point] = []
    for stretch in sorted(stretches, key=lambda stretch: stretch.label != ""):
        x, y = stretch.points[0]
        color, width = (MAIN, 1.8) if stretch.label else (SOFT, 1.4)
        axes.plot(*zip(*stretch.points, strict=True), color=color, linewidth=width)
        if not stretch.label:
            continue
        axes.plot(
            [x], [y], marker="o", markersize=8.0, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.6
        )
        row = sum(math.hypot(x - u, y - v) < NEAR_MM for u, v in labeled)  # labels of near points: above, below, ...
        labeled.append((x, y))
        is_left, is_above = x - x_low > RIGHT_SHARE * (x_high - x_low), row % 2 == 0
        shift = 6.0 + ROW * (row // 2)
        axes.annotate(
            stretch.label,
            (x, y),
            (-7.0 if is_left else 7.0, shift if is_above else -shift),
            textcoords="offset points",
            ha="right" if is_left else "left",
            va="bottom" if is_above else "top",
            color=INK,
            fontsize=13.0,
            fontweight="bold",
        )


def _landmarks(record: ExamRecord, chart: Chart | None) -> dict[str, Point]:
    """Landmarks [mm] on the chart by name."""
    if chart is None or record.landmarks is None:
        return {}
    body = record.landmarks
    found = {"notch": body.notch_m, "xiphoid": body.xiphoid_m, "navel": body.navel_m}
    return {name: _mm(chart, point) for name, point in found.items()}


def _mm(chart: Chart | None, point_m: NDArray[np.float64]) -> Point:
    """On the chart: the patient's left to the right, feet down. Without one base y to the right, base x down."""
    x, y = 1e3 * (point_m[[1, 0]] if chart is None else chart.at(point_m))
    return float(x), float(y)


@dataclass(frozen=True)
class Stretch:
    """A stretch of contact: points in mm; the label is empty where no images were kept."""

    label: str
    points: list[Point]


def _stretches(record: ExamRecord, trace: Sequence[TraceSample], chart: Chart | None) -> list[Stretch]:
    runs: list[Stretch] = []
    before = None
    stamps = [event.stamp_ns for event in record.events]
    for sample in trace:
        x, y = _mm(chart, sample.T_base_probe[:3, 3])
        if not (sample.contact_force_n > CONTACT_N and math.isfinite(x) and math.isfinite(y)):
            before = None
            continue
        label = ""
        if sample.phase in CLIP_PHASES:
            event = record.events[max(bisect_right(stamps, sample.stamp_ns) - 1, 0)] if stamps else None
            step = event.step_index if event else -1
            label = record.steps[step] if 0 <= step < len(record.steps) else sample.phase.name.lower()
        if label != before:
            runs.append(Stretch(label, []))
        runs[-1].points.append((x, y))
        before = label
    return runs


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _widened(low: float, high: float, least: float) -> Point:
    missing = max(least - (high - low), 0.0)
    return low - missing / 2.0, high + missing / 2.0

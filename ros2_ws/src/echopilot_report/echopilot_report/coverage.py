"""Where the probe was on the body, seen from the front; in the robot's base frame where no landmarks are known."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from echopilot_exam.record import ExamRecord, TraceSample
from echopilot_report.page.torso import Chart, chart_of
from echopilot_report.plots import STYLE
from echopilot_report.reading.wording import text

CONTACT_N = 1.0
KEPT_PHASES = frozenset({"RECORD", "SWEEP"})
LONGEST_PX, MARGIN_PX = 320.0, 46.0
CROSS_PX = 4.0
LABEL_TURNS = 0.6  # of the width: further right a name stands left of its place
MOST_POINTS = 1500
EDGE_MM = 15.0
TRUNK_MM = 140.0
"""Half the width of a drawn trunk."""
STEPS_MM = (10.0, 20.0, 50.0, 100.0)


def coverage_plot(record: ExamRecord) -> Markup:
    """Path in contact, equal scales; an empty string when the probe never touched."""
    chart = None if record.landmarks is None else chart_of(record.landmarks)
    every = max(len(record.trace) // MOST_POINTS, 1)
    runs = _stretches(record, record.trace[::every], chart)
    points = [point for run in runs for point in run.points]
    if not points:
        return Markup("")
    marks = _landmarks(record, chart)
    seen = [*points, *marks.values(), *((x, y) for x in (-TRUNK_MM, TRUNK_MM) for _, y in marks.values())]
    x_low, x_high = min(x for x, _ in seen) - EDGE_MM, max(x for x, _ in seen) + EDGE_MM
    y_low, y_high = min(y for _, y in seen) - EDGE_MM, max(y for _, y in seen) + EDGE_MM
    scale = LONGEST_PX / max(x_high - x_low, y_high - y_low)
    width, height = (x_high - x_low) * scale + 2 * MARGIN_PX, (y_high - y_low) * scale + 2 * MARGIN_PX

    def place(x: float, y: float) -> tuple[float, float]:
        """x runs to the right, y down."""
        return MARGIN_PX + (x - x_low) * scale, MARGIN_PX + (y - y_low) * scale

    label = escape(text("page", "coverage"))
    parts = [f'<svg class="plot plan" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{label}">{STYLE}']
    step = next((s for s in STEPS_MM if max(x_high - x_low, y_high - y_low) / s <= 8), STEPS_MM[-1])
    for x in _multiples(x_low, x_high, step):
        u, _ = place(x, y_low)
        parts.append(f'<line class="grid" x1="{u:.1f}" x2="{u:.1f}" y1="{MARGIN_PX}" y2="{height - MARGIN_PX:.1f}"/>')
        parts.append(f'<text x="{u:.1f}" y="{height - MARGIN_PX + 15:.1f}" text-anchor="middle">{x:g}</text>')
    for y in _multiples(y_low, y_high, step):
        _, v = place(x_low, y)
        parts.append(f'<line class="grid" x1="{MARGIN_PX}" x2="{width - MARGIN_PX:.1f}" y1="{v:.1f}" y2="{v:.1f}"/>')
        parts.append(f'<text x="{MARGIN_PX - 6}" y="{v + 4:.1f}" text-anchor="end">{y:g}</text>')
    for name, point in marks.items():
        u, v = place(*point)
        c = CROSS_PX
        parts.append(f'<path class="cross" d="M{u - c:.1f} {v:.1f}h{2 * c}M{u:.1f} {v - c:.1f}v{2 * c}"/>')
        parts.append(f'<text x="{u - 8:.1f}" y="{v + 4:.1f}" text-anchor="end">{escape(text("plot", name))}</text>')
    above = True
    for stretch in sorted(runs, key=lambda run: run.label != ""):
        line = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in stretch.points)
        parts.append(f'<polyline class="{"main" if stretch.label else "soft"}" points="{line}"/>')
        if stretch.label:
            u, v = place(*stretch.points[0])
            parts.append(f'<circle class="mark" cx="{u:.1f}" cy="{v:.1f}" r="4"/>')
            x, anchor = (u - 7, "end") if u > LABEL_TURNS * width else (u + 7, "start")
            y = v - 8 if above else v + 18  # neighbours begin at the same place
            above = not above
            parts.append(
                f'<text class="mark" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(stretch.label)}</text>'
            )
    across, along = ("base_y", "base_x") if chart is None else ("chart_x", "chart_y")
    parts.append(
        f'<text x="{width / 2:.1f}" y="{height - 10:.1f}" text-anchor="middle">{escape(text("plot", across))}</text>'
    )
    parts.append(
        f'<text transform="translate(12 {height / 2:.1f}) rotate(-90)" text-anchor="middle">'
        f"{escape(text('plot', along))}</text>"
    )
    return Markup("".join([*parts, "</svg>"]))


def _landmarks(record: ExamRecord, chart: Chart | None) -> dict[str, tuple[float, float]]:
    """Places [mm] on the chart, by the word for them."""
    if chart is None or record.landmarks is None:
        return {}
    body = record.landmarks
    found = {"notch": body.notch_m, "xiphoid": body.xiphoid_m, "navel": body.navel_m}
    return {name: _mm(chart, point) for name, point in found.items()}


def _mm(chart: Chart | None, point_m: NDArray[np.float64]) -> tuple[float, float]:
    """On the chart: the patient's left to the right, feet down. Without one base y to the right, base x down."""
    x, y = 1e3 * (point_m[[1, 0]] if chart is None else chart.at(point_m))
    return float(x), float(y)


@dataclass(frozen=True)
class Stretch:
    """A stretch of contact: points in mm; the label is empty where no pictures were kept."""

    label: str
    points: list[tuple[float, float]]


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
        if sample.phase in KEPT_PHASES:
            event = record.events[max(bisect_right(stamps, sample.stamp_ns) - 1, 0)] if stamps else None
            step = event.step_index if event else -1
            label = record.steps[step] if 0 <= step < len(record.steps) else sample.phase.lower()
        if label != before:
            runs.append(Stretch(label, []))
        runs[-1].points.append((x, y))
        before = label
    return runs


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]

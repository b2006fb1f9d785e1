"""Where the probe was on the body, seen from above: the path of its face in the robot's base frame."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from echopilot_exam.record import ExamRecord, TraceSample
from echopilot_report.plots import STYLE
from echopilot_report.reading.wording import text

CONTACT_N = 1.0
KEPT_PHASES = frozenset({"RECORD", "SWEEP"})
LONGEST_PX, MARGIN_PX = 320.0, 46.0
MOST_POINTS = 1500
EDGE_MM = 15.0
STEPS_MM = (10.0, 20.0, 50.0, 100.0)


def coverage_plot(record: ExamRecord) -> Markup:
    """Path in contact, equal scales; an empty string when the probe never touched."""
    every = max(len(record.trace) // MOST_POINTS, 1)
    runs = _stretches(record, record.trace[::every])
    points = [point for run in runs for point in run.points]
    if not points:
        return Markup("")
    x_low, x_high = min(x for x, _ in points) - EDGE_MM, max(x for x, _ in points) + EDGE_MM
    y_low, y_high = min(y for _, y in points) - EDGE_MM, max(y for _, y in points) + EDGE_MM
    scale = LONGEST_PX / max(x_high - x_low, y_high - y_low)
    width, height = (y_high - y_low) * scale + 2 * MARGIN_PX, (x_high - x_low) * scale + 2 * MARGIN_PX

    def place(x: float, y: float) -> tuple[float, float]:
        """Base y runs to the right, base x down: a patient along y lies across the page."""
        return MARGIN_PX + (y - y_low) * scale, MARGIN_PX + (x - x_low) * scale

    label = escape(text("page", "coverage"))
    parts = [f'<svg class="plot plan" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{label}">{STYLE}']
    step = next((s for s in STEPS_MM if max(x_high - x_low, y_high - y_low) / s <= 8), STEPS_MM[-1])
    for y in _multiples(y_low, y_high, step):
        u, _ = place(x_low, y)
        parts.append(f'<line class="grid" x1="{u:.1f}" x2="{u:.1f}" y1="{MARGIN_PX}" y2="{height - MARGIN_PX:.1f}"/>')
        parts.append(f'<text x="{u:.1f}" y="{height - MARGIN_PX + 15:.1f}" text-anchor="middle">{y:g}</text>')
    for x in _multiples(x_low, x_high, step):
        _, v = place(x, y_low)
        parts.append(f'<line class="grid" x1="{MARGIN_PX}" x2="{width - MARGIN_PX:.1f}" y1="{v:.1f}" y2="{v:.1f}"/>')
        parts.append(f'<text x="{MARGIN_PX - 6}" y="{v + 4:.1f}" text-anchor="end">{x:g}</text>')
    above = True
    for stretch in sorted(runs, key=lambda run: run.label != ""):
        line = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in stretch.points)
        parts.append(f'<polyline class="{"main" if stretch.label else "soft"}" points="{line}"/>')
        if stretch.label:
            u, v = place(*stretch.points[0])
            parts.append(f'<circle class="mark" cx="{u:.1f}" cy="{v:.1f}" r="4"/>')
            x, anchor = (u - 7, "end") if u > width / 2 else (u + 7, "start")
            y = v - 8 if above else v + 18  # neighbours begin at the same place
            above = not above
            parts.append(
                f'<text class="mark" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(stretch.label)}</text>'
            )
    parts.append(
        f'<text x="{width / 2:.1f}" y="{height - 10:.1f}" text-anchor="middle">{escape(text("plot", "base_y"))}</text>'
    )
    parts.append(
        f'<text transform="translate(12 {height / 2:.1f}) rotate(-90)" text-anchor="middle">'
        f"{escape(text('plot', 'base_x'))}</text>"
    )
    return Markup("".join([*parts, "</svg>"]))


@dataclass(frozen=True)
class Stretch:
    """A stretch of contact: points in mm; the label is empty where no pictures were kept."""

    label: str
    points: list[tuple[float, float]]


def _stretches(record: ExamRecord, trace: Sequence[TraceSample]) -> list[Stretch]:
    runs: list[Stretch] = []
    before = None
    stamps = [event.stamp_ns for event in record.events]
    for sample in trace:
        x, y = (float(v) * 1e3 for v in sample.T_base_probe[:2, 3])
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

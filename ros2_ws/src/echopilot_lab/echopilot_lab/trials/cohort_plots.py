"""Figures of a cohort of trials: patients reached, errors of views, durations, one force trace."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from echopilot_core import ExamPhase
from echopilot_exam.record import ExamRecord, read_exam
from echopilot_lab.trials.cohort_figures import Result, by_view, known
from echopilot_lab.trials.scores import REACHED_ANGLE_DEG, REACHED_OFFSET_MM
from echopilot_lab.util.chart import BLUE, FAINT, GREEN, INK, PALE, PINK, RED, new_figure, save_figure, set_axes, style
from echopilot_perception.anomaly import wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SECONDS_WANTED = 45.0
BMI = "bmi_kg_m2"
COLUMNS = 3
PLOTS = ("success_by_bmi.png", "errors.png", "seconds.png", "force.png")
"""Names of all that `draw_cohort` may write."""


def draw_cohort(results: list[Result], figures: dict[str, Any], folder: Path) -> list[Path]:
    """Write all figures that these results allow; returns their paths."""
    paths = []
    if figures["views"]:
        for name, draw in zip(PLOTS, (draw_success, draw_errors, draw_seconds), strict=False):
            paths.append(folder / name)
            draw(by_view(results), results, paths[-1])
    hardest = max(results, key=lambda r: r["force"]["max_n"] or 0.0)
    paths.append(folder / PLOTS[-1])
    record = read_exam(folder / str(hardest["patient"]) / hardest.get("record", "record"))
    draw_force(record, f"patient {hardest['patient']}, the largest force of {len(results)}", paths[-1])
    return paths


def draw_success(views: dict[str, list[Result]], results: list[Result], path: Path) -> None:
    """Share of patients reached by thirds of BMI, with 95 % Wilson intervals; a dot per patient above or below."""
    ranked = sorted((r for r in results if known([r["person"][BMI]])), key=lambda r: float(r["person"][BMI]))
    columns = min(COLUMNS, len(views))
    rows = math.ceil(len(views) / columns)
    with style():
        figure, panels = new_figure(max(370 * columns + 70, 820), 340 * rows + 40, rows, columns)
        for axes in panels[len(views) :]:
            axes.set_visible(False)
        for axes, (name, scores) in zip(panels, views.items(), strict=False):
            title = f"{name}: {sum(s['reached'] for s in scores)} of {len(scores)} reached"
            x_ticks, y_ticks = (20.0, 25.0, 30.0, 35.0, 40.0), (0.0, 0.5, 0.9, 1.0)
            set_axes(axes, title, "BMI [kg/m2]", (15.0, 45.0), (-0.1, 1.1), x_ticks, y_ticks)
            mine = [(r["person"][BMI], r["views"][name]["reached"]) for r in ranked if name in r["views"]]
            _draw_thirds(axes, mine)
        words = (
            "Bars: share reached in each third of the patients with its 95 % interval. Dots: patients, reached or not."
        )
        figure.supxlabel(words, color=FAINT, fontsize=10.0, x=0.02, ha="left")
        save_figure(figure, path)


def _draw_thirds(axes: Axes, patients: Sequence[tuple[float, bool]]) -> None:
    """Patients (BMI, reached) in the order of their BMI as dots, each third of them as a bar."""
    for hit, color in ((True, GREEN), (False, RED)):
        x = [min(max(bmi, 15.5), 44.5) for bmi, reached in patients if reached is hit]
        axes.plot(x, [1.05 if hit else -0.05] * len(x), "o", color=color, markersize=5.0)
    for i in range(3):
        part = patients[i * len(patients) // 3 : (i + 1) * len(patients) // 3]
        if not part:
            continue
        rate = wilson(sum(hit for _, hit in part), len(part))
        span = float(np.clip(part[0][0], 15, 45)), float(np.clip(part[-1][0], 15, 45))
        axes.plot(span, (rate.value, rate.value), color=BLUE, linewidth=3.0)
        axes.plot([sum(span) / 2] * 2, (rate.low, rate.high), color=BLUE, linewidth=1.5)


def draw_errors(views: dict[str, list[Result]], _: list[Result], path: Path) -> None:
    """Histograms of angle and offset by view: accepted views blue, final errors of the others pale, limits red."""
    kinds = (
        ("angle_error_deg", "end_angle_deg", "angle [deg]; patients", REACHED_ANGLE_DEG),
        ("offset_mm", "end_offset_mm", "offset along the skin [mm]; patients", REACHED_OFFSET_MM),
    )
    with style():
        figure, panels = new_figure(1060, 235 * len(views) + 10, len(views), len(kinds))
        for i, (name, scores) in enumerate(views.items()):
            for column, (key, end, label, limit) in enumerate(kinds):
                accepted = known([s[key] for s in scores if s["accepted"]])
                others = known([s[end] for s in scores if not s["accepted"]])
                _draw_histogram(panels[len(kinds) * i + column], name, label, accepted, others, limit, with_key=i == 0)
        save_figure(figure, path)


def _draw_histogram(
    axes: Axes, name: str, label: str, accepted: list[float], others: list[float], limit: float, with_key: bool
) -> None:
    span = 40.0
    edges = np.linspace(0.0, span, 21)
    low, high = (np.histogram(np.minimum(v, span - 1e-6), edges)[0] for v in (accepted, others))
    top = max(4, int((low + high).max()))
    median = f"median {np.median(accepted):.1f}" if accepted else "none accepted"
    title = f"{name}: {median}, {len(accepted)} accepted"
    x_ticks = [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0]
    y_ticks = [float(v) for v in range(0, top + 1, max(1, math.ceil(top / 4)))]
    set_axes(axes, title, label, (0.0, span), (0.0, 1.05 * top), x_ticks, y_ticks)
    width = edges[1] - edges[0] - 0.3
    axes.bar(edges[:-1] + 0.15, low, width, align="edge", color=BLUE, label="accepted")
    axes.bar(edges[:-1] + 0.15, high, width, low, align="edge", color=PALE, label="not accepted: final error")
    axes.axvline(limit, color=RED, linewidth=2.0, label=f"reached: up to {limit:g}")
    if with_key:
        axes.legend(title=f"last bar: {span - 2:g} and more", loc="upper right", frameon=False, fontsize=9.0)


def draw_seconds(views: dict[str, list[Result]], _: list[Result], path: Path) -> None:
    """Seconds per view: a dot per patient, median as a bar."""
    names = list(views)
    times = {name: [(s["seconds"], s["reached"]) for s in views[name] if s["seconds"] is not None] for name in names}
    top = max([60.0, *(t for row in times.values() for t, _ in row)])
    width = max(3, len(names))
    with style():
        figure, (axes,) = new_figure(140 + 150 * width, 520)
        title = "Seconds from the start of a step to acceptance, or until it was given up"
        x_limits, y_ticks = (-0.5, width - 0.5), _steps(top, 20.0 if top < 150 else 50.0)
        set_axes(axes, title, "", x_limits, (0.0, 1.05 * top), [], y_ticks)
        axes.set_xticks(range(len(names)), names)
        axes.grid(visible=False, axis="x")
        axes.axhline(SECONDS_WANTED, color=FAINT, linewidth=1.0)
        axes.text(x_limits[1] - 0.02, SECONDS_WANTED + 0.01 * top, f"{SECONDS_WANTED:g} s", color=FAINT, ha="right")
        for k, name in enumerate(names):
            for hit, color in ((True, GREEN), (False, RED)):
                chosen = [(j, t) for j, (t, reached) in enumerate(sorted(times[name])) if reached is hit]
                x = [k + 0.28 * math.sin(2.4 * j) for j, _ in chosen]
                word = None if k else "reached" if hit else "not reached"
                axes.plot(x, [t for _, t in chosen], "o", color=color, markersize=5.0, label=word)
            if times[name]:
                median = float(np.median([t for t, _ in times[name]]))
                axes.plot((k - 0.35, k + 0.35), (median, median), color=INK, linewidth=3.0)
                axes.text(k + 0.37, median, f"{median:.0f}", va="center")
        axes.legend(loc="upper left", frameon=False)
        save_figure(figure, path)


def draw_force(record: ExamRecord, title: str, path: Path) -> None:
    """Measured force, set-point, soft cap and trip over a whole exam, with the names of the steps."""
    trace = record.trace
    start_ns = trace[0].stamp_ns if trace else 0
    times = [1e-9 * (s.stamp_ns - start_ns) for s in trace]
    end_s = max([1.0, *times])
    step = next(s for s in (5.0, 10.0, 20.0, 50.0, 100.0) if end_s / s < 13)
    with style():
        figure, (axes,) = new_figure(1180, 520)
        x_label = "time of the exam [s]; force [N]"
        x_ticks, y_ticks = _steps(end_s, step), _steps(20.0, 4.0)
        set_axes(axes, f"Force, {title} trials", x_label, (0.0, end_s), (0.0, 20.0), x_ticks, y_ticks)
        for label, values, color, width in (
            ("safety trip", [s.trip_force_n for s in trace], RED, 1.5),
            ("soft cap", [s.soft_cap_n for s in trace], PINK, 1.5),
            ("set-point", [s.setpoint_n for s in trace], GREEN, 2.0),
            ("measured", [max(s.contact_force_n, 0.0) for s in trace], BLUE, 1.2),
        ):
            axes.plot(times, np.minimum(values, 20.0), color=color, linewidth=width, label=label)
        axes.legend(loc="upper left", ncols=4, frameon=False, reverse=True)
        _draw_steps(record, axes, start_ns)
        save_figure(figure, path)


def _draw_steps(record: ExamRecord, axes: Axes, start_ns: int) -> None:
    """Start and name of each step."""
    named = set()
    for event in record.events:
        if event.step_index not in named and event.step_index < len(record.steps) and event.state is ExamPhase.PREPARE:
            named.add(event.step_index)
            at = 1e-9 * (event.stamp_ns - start_ns)
            axes.plot((at, at), (0.0, 17.0), color=FAINT, linewidth=1.0)
            axes.text(at + 0.004 * axes.get_xlim()[1], 16.6, record.steps[event.step_index], color=FAINT, va="center")


def _steps(top: float, step: float) -> list[float]:
    return [float(v) for v in np.arange(0.0, top + 1e-9, step)]

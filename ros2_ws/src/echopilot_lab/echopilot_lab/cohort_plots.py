"""Pictures of a cohort of trials: who is reached, how far off views are, how long they take, one force trace."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from echopilot_exam.record import ExamRecord, read_exam
from echopilot_lab.chart import BOTTOM, TOP, Panel, font, new_page, save_page
from echopilot_lab.cohort_figures import Result, by_view, known
from echopilot_lab.roc import COLOURS, FAINT, INK, SCALE, Rgb
from echopilot_lab.scores import REACHED_ANGLE_DEG, REACHED_OFFSET_MM
from echopilot_perception.anomaly import wilson

BLUE, RED, GREEN = COLOURS[0], COLOURS[1], COLOURS[2]
PALE: Rgb = (200, 216, 230)
SECONDS_WANTED = 45.0
BMI = "bmi_kg_m2"
TOUCHING = frozenset({"APPROACH", "TOUCH", "COUPLE", "SEARCH", "REFINE", "HOLD", "RECORD", "MEASURE", "SWEEP"})


def draw_cohort(results: list[Result], figures: dict[str, Any], folder: Path) -> list[Path]:
    """Write all pictures that these results allow; returns their paths."""
    paths = []
    if figures["views"]:
        for name, draw in (("success_by_bmi", draw_success), ("errors", draw_errors), ("seconds", draw_seconds)):
            paths.append(folder / f"{name}.png")
            draw(by_view(results), results, paths[-1])
    hardest = max(results, key=lambda r: r["force"]["max_n"] or 0.0)
    paths.append(folder / "force.png")
    record = read_exam(folder / str(hardest["patient"]) / "record")
    draw_force(record, f"patient {hardest['patient']}, the largest force of {len(results)}", paths[-1])
    return paths


def draw_success(views: dict[str, list[Result]], results: list[Result], path: Path) -> None:
    """Share of patients reached by thirds of BMI, with 95 % Wilson intervals; a dot per patient above or below."""
    ranked = sorted((r for r in results if known([r["person"][BMI]])), key=lambda r: float(r["person"][BMI]))
    pieces = _tiles(views, 250)
    width, height = pieces[0]
    page, pen = new_page(max(width, 820), height + 30)
    words = "Bars: share reached in each third of the patients, with its 95 % interval. Dots: patients, reached or not."
    pen.text((SCALE * 70, SCALE * (height + 8)), words, FAINT, font(14), anchor="lm")
    for name, (left, top, wide, high) in zip(views, pieces[1], strict=True):
        panel = Panel(pen, left, wide, (15.0, 45.0), (-0.1, 1.1), top, high)
        reached = sum(s["reached"] for s in views[name])
        panel.axes(
            f"{name}: {reached} of {len(views[name])} reached",
            "BMI [kg/m2]",
            [20.0, 25.0, 30.0, 35.0, 40.0],
            [0.0, 0.5, 0.9, 1.0],
        )
        mine = [(r["person"][BMI], r["views"][name]["reached"]) for r in ranked if name in r["views"]]
        for bmi, hit in mine:
            panel.dot(min(max(bmi, 15.5), 44.5), 1.05 if hit else -0.05, GREEN if hit else RED, 3.0)
        for i in range(3):
            part = mine[i * len(mine) // 3 : (i + 1) * len(mine) // 3]
            if not part:
                continue
            rate = wilson(sum(hit for _, hit in part), len(part))
            span = float(np.clip(part[0][0], 15, 45)), float(np.clip(part[-1][0], 15, 45))
            middle = sum(span) / 2
            panel.line([(span[0], rate.value), (span[1], rate.value)], BLUE, 3.0)
            panel.line([(middle, rate.low), (middle, rate.high)], BLUE, 1.5)
    save_page(page, path)


def draw_errors(views: dict[str, list[Result]], _: list[Result], path: Path) -> None:
    """Histograms of angle and offset by view: accepted views in blue, the others' last look pale; limits in red."""
    rows = len(views)
    height, gap = 105.0, TOP + BOTTOM
    page, pen = new_page(1060, round(rows * (height + gap)) + 10)
    for i, (name, scores) in enumerate(views.items()):
        for column, (key, end, unit, limit, span) in enumerate(
            (
                ("angle_error_deg", "end_angle_deg", "angle [deg]; patients", REACHED_ANGLE_DEG, 40.0),
                ("offset_mm", "end_offset_mm", "offset along the skin [mm]; patients", REACHED_OFFSET_MM, 40.0),
            )
        ):
            accepted = known([s[key] for s in scores if s["accepted"]])
            others = known([s[end] for s in scores if not s["accepted"]])
            edges = np.linspace(0.0, span, 21)
            low, high = (np.histogram(np.minimum(v, span - 1e-6), edges)[0] for v in (accepted, others))
            top = max(4, int((low + high).max()))
            panel = Panel(pen, 80 + column * 500, 430, (0.0, span), (0.0, 1.05 * top), TOP + i * (height + gap), height)
            median = f"median {np.median(accepted):.1f}" if accepted else "none accepted"
            ticks = [float(v) for v in range(0, top + 1, max(1, math.ceil(top / 4)))]
            panel.axes(f"{name}: {median}, {len(accepted)} accepted", unit, [0, 5, 10, 15, 20, 25, 30, 35, 40], ticks)
            for j in range(len(edges) - 1):
                x = float(edges[j]) + 0.15, float(edges[j + 1]) - 0.15
                panel.bar(x, (0.0, float(low[j])), BLUE)
                panel.bar(x, (float(low[j]), float(low[j] + high[j])), PALE)
            panel.line([(limit, 0.0), (limit, 1.05 * top)], RED, 2.0)
            if i == 0:
                panel.words(span - 0.5, 0.92 * top, "accepted", BLUE, "rm")
                panel.words(span - 0.5, 0.74 * top, "not accepted: last look", FAINT, "rm")
                panel.words(span - 0.5, 0.56 * top, f"reached: up to {limit:g}", RED, "rm")
                panel.words(span - 0.5, 0.38 * top, f"last bar: {span - 2:g} and more", FAINT, "rm")
    save_page(page, path)


def draw_seconds(views: dict[str, list[Result]], _: list[Result], path: Path) -> None:
    """Seconds per view: a dot per patient, median as a bar."""
    names = list(views)
    times = {name: [(s["seconds"], s["reached"]) for s in views[name] if s["seconds"] is not None] for name in names}
    top = max([60.0, *(t for row in times.values() for t, _ in row)])
    step = 20.0 if top < 150 else 50.0
    page, pen = new_page(140 + 150 * max(3, len(names)))
    panel = Panel(pen, 80, 150.0 * max(3, len(names)), (-0.5, max(3, len(names)) - 0.5), (0.0, 1.05 * top))
    panel.axes("Seconds from the start of a step to acceptance, or until it was given up", "", [], _steps(top, step))
    panel.line([(panel.x[0], SECONDS_WANTED), (panel.x[1], SECONDS_WANTED)], FAINT, 1.0)
    panel.words(panel.x[1] - 0.02, SECONDS_WANTED + 0.02 * top, f"{SECONDS_WANTED:g} s", FAINT, "rb")
    for k, name in enumerate(names):
        for j, (seconds, hit) in enumerate(sorted(times[name])):
            panel.dot(k + 0.28 * math.sin(2.4 * j), seconds, GREEN if hit else RED, 3.0)
        if times[name]:
            median = float(np.median([t for t, _ in times[name]]))
            panel.line([(k - 0.35, median), (k + 0.35, median)], INK, 3.0)
            panel.words(k + 0.36, median, f"{median:.0f}", INK, "lm", 14)
        panel.words(k, -0.03 * top, name, INK, "mt", 14)
    panel.words(-0.45, 1.0 * top, "reached", GREEN, "lm")
    panel.words(-0.45, 0.95 * top, "not reached", RED, "lm")
    save_page(page, path)


def draw_force(record: ExamRecord, title: str, path: Path) -> None:
    """Measured force, set-point, soft cap and trip over a whole exam, with the names of the steps."""
    trace = record.trace
    start_ns = trace[0].stamp_ns if trace else 0
    times = [1e-9 * (s.stamp_ns - start_ns) for s in trace]
    end_s = max([1.0, *times])
    page, pen = new_page(1180)
    panel = Panel(pen, 70, 1080, (0.0, end_s), (0.0, 20.0))
    step = next(s for s in (5.0, 10.0, 20.0, 50.0, 100.0) if end_s / s < 13)
    panel.axes(f"Force, {title} trials", "time of the exam [s]; force [N]", _steps(end_s, step), _steps(20.0, 4.0))
    for key, colour, width in (("trip_force_n", RED, 1.5), ("soft_cap_n", COLOURS[3], 1.5), ("setpoint_n", GREEN, 2.0)):
        for run in _runs(times, [getattr(s, key) for s in trace]):
            panel.line(run, colour, width)
    for run in _runs(times, [max(s.contact_force_n, 0.0) for s in trace]):
        panel.line(run, BLUE, 1.2)
    for k, (words, colour) in enumerate(
        (("measured", BLUE), ("set-point", GREEN), ("soft cap", COLOURS[3]), ("safety trip", RED))
    ):
        panel.words(0.01 * end_s + 0.09 * k * end_s, 19.2, words, colour)
    _steps_of(record, panel, start_ns)
    save_page(page, path)


def _steps_of(record: ExamRecord, panel: Panel, start_ns: int) -> None:
    """Where each step began, and its name."""
    named = set()
    for event in record.events:
        if event.step_index not in named and event.step_index < len(record.steps) and event.state == "PREPARE":
            named.add(event.step_index)
            at = 1e-9 * (event.stamp_ns - start_ns)
            panel.line([(at, 0.0), (at, 17.0)], FAINT, 1.0)
            panel.words(at + 0.004 * panel.x[1], 16.6, record.steps[event.step_index], FAINT)


def _runs(times: Sequence[float], values: Sequence[float]) -> list[list[tuple[float, float]]]:
    """Stretches of finite values, as points."""
    runs: list[list[tuple[float, float]]] = [[]]
    for t, v in zip(times, values, strict=True):
        if math.isfinite(v):
            runs[-1].append((t, min(v, 20.0)))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]


def _steps(top: float, step: float) -> list[float]:
    return [float(v) for v in np.arange(0.0, top + 1e-9, step)]


def _tiles(views: dict[str, Any], height: int) -> tuple[tuple[int, int], list[tuple[float, float, float, float]]]:
    """Size of a page and (left, top, width, height) of a panel per view, three in a row."""
    columns = min(3, len(views))
    gap = TOP + BOTTOM
    rows = math.ceil(len(views) / columns)
    boxes = [
        (70.0 + 370 * (k % columns), float(TOP + (height + gap) * (k // columns)), 300.0, float(height))
        for k in range(len(views))
    ]
    return (70 + 370 * columns, rows * (height + gap)), boxes

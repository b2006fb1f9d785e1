"""Table of a cohort of trials for the console: patients, views, failures, and patients that are hard to image."""

from collections import Counter
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from echopilot_lab.trials.cohort_figures import STRATA, Result, by_view

WIDTH = 120  # of what goes to a file or a pipe: narrower, tables would lose columns
TITLE = "(simulated, not clinical evidence)"


def print_cohort(results: list[Result], figures: dict[str, Any], console: Console) -> None:
    """All tables, then the lines of sweep, force, safety and speed."""
    tables = [_patients(results, figures)]
    if figures["views"]:
        tables += [_views(figures), _strata(figures)]
    if any(view["failures"] for view in figures["views"].values()):
        tables.append(_failures(results))
    if console.width < WIDTH and not console.is_terminal:
        console = Console(file=console.file, width=WIDTH, quiet=console.quiet)
    for printed in (*tables, *_lines(figures)):
        console.print(printed)


def _patients(results: list[Result], figures: dict[str, Any]) -> Table:
    table = _table(f"{figures['patients']} virtual patients {TITLE}")
    names = list(figures["views"])
    for heading in ("seed", "BMI", *names, "sweep", "mm (true)", "AAA", "EF (true)", "N max"):
        table.add_column(heading, no_wrap=True)
    for r in results:
        aorta, heart = r["aorta"], r["heart"]
        swept = aorta["attempted"]
        table.add_row(
            str(r["patient"]),
            text(r["person"]["bmi_kg_m2"], 0),
            *(view_cell(r["views"].get(name)) for name in names),
            "done" if aorta["completed"] else ("no" if swept else "-"),
            f"{text(aorta['max_diameter_mm'])} ({text(aorta['true_max_diameter_mm'])})" if swept else "-",
            _aneurysm(aorta),
            f"{text(heart['ef_pct'], 0)} ({text(heart['true_ef_pct'], 0)})",
            text(r["force"]["max_n"]),
        )
    return table


def _aneurysm(aorta: dict[str, Any]) -> str:
    if not aorta["attempted"]:
        return "-"
    if aorta["aneurysm"] is None:
        return "no answer"
    return "ok" if aorta["aneurysm"] == aorta["true_aneurysm"] else "WRONG"


def _views(figures: dict[str, Any]) -> Table:
    table = _table("views: median (p95) over the patients; the start is the true error at first contact")
    table.add_column("view", no_wrap=True)
    for heading in ("reached", "near", "accepted", "angle deg", "offset mm", "seconds", "start deg", "start mm"):
        table.add_column(heading, no_wrap=True, justify="right")
    for name, view in figures["views"].items():
        counts = (f"{view[key]} of {view['attempted']}" for key in ("reached", "near", "accepted"))
        spans = ("angle_error_deg", "offset_mm", "seconds", "start_angle_deg", "start_offset_mm")
        table.add_row(name, *counts, *(_span(view[key]) for key in spans))
    return table


def _failures(results: list[Result]) -> Table:
    table = _table("views that were not reached")
    for heading in ("view", "failure", "times", "commonest reason"):
        table.add_column(heading, no_wrap=heading != "commonest reason")
    for name, scores in by_view(results).items():
        kinds = Counter(s["failure"] for s in scores if s["failure"])
        for kind, times in kinds.most_common():
            why = Counter(s["why"] for s in scores if s["failure"] == kind).most_common(1)[0]
            table.add_row(name, kind, str(times), f"{why[0]} ({why[1]})")
    return table


def _strata(figures: dict[str, Any]) -> Table:
    table = _table("views reached, by thirds of the patients: BMI in kg/m2, and how far the lung covers the heart")
    table.add_column("view")
    thirds = [(words, third) for key, words in STRATA.items() for third in figures["strata"][key]]
    for words, third in thirds:
        table.add_column(f"{words}\n{third['from']:.0f} to {third['to']:.0f}", justify="right")
    for name in figures["views"]:
        cells = (third["views"].get(name) for _, third in thirds)
        table.add_row(name, *("-" if c is None else f"{c['reached']} of {c['attempted']}" for c in cells))
    return table


def _lines(figures: dict[str, Any]) -> list[str]:
    aorta, force, safety = figures["aorta"], figures["force"], figures["safety"]
    windows = [f"{name} {w['reached']} of {w['attempted']}" for name, w in figures["windows"].items()]
    lines = [f"reached by window: {', '.join(windows)}"] if windows else []
    if aorta["attempted"]:
        table = aorta["aneurysm"]
        lines += [
            f"sweeps completed {aorta['completed']} of {aorta['attempted']}; largest diameter off by "
            f"{text(aorta['diameter_error_mm']['mae'])} mm (mean); center line "
            f"{_span(aorta['centreline_error_mm'])} mm; plane {_span(aorta['orientation_error_deg'])} deg",
            f"aneurysms right in {table['tp'] + table['tn']} of {aorta['attempted'] - table['borderline']} patients, "
            f"{table['borderline']} within 2 mm of the threshold",
        ]
    if figures["ef_error_pct"]["mae"] is not None:
        lines.append(f"EF off by {text(figures['ef_error_pct']['mae'])} points (mean)")
    return [
        *lines,
        f"force: rmse {text(force['rmse_n'])} N, at most {text(force['overshoot_n'])} N over the set-point, touch-down "
        f"{text(force['touchdown_n'])} N, largest true force {text(force['max_n'])} N; safety trips {safety['trips']}, "
        f"steps above the hard limit {safety['limit_crossings']}",
        f"{text(figures['real_time_factor'])} times real time, {text(figures['real_time_factor_per_core'])} per core",
    ]


def view_cell(view: Result | None) -> str:
    """How close a view came: degrees and millimeters, green when reached, yellow when near, red when missed."""
    if view is None:
        return "-"
    color = "green" if view["reached"] else "yellow" if view["near"] else "red"
    return f"[{color}]{text(view['angle_error_deg'], 0)}° {text(view['offset_mm'], 0)} mm[/]"


def text(value: float | None, digits: int = 1) -> str:
    """A number for people, or a dash."""
    return "-" if value is None else f"{value:.{digits}f}"


def _span(figure: dict[str, float | None]) -> str:
    return f"{text(figure['median'])} ({text(figure['p95'])})"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))

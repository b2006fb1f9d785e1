"""Many trials in parallel processes, resumable; a table per seed and figures over all of them."""

import json
import math
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from echopilot_core import FindingKind
from echopilot_exam.protocol import load_protocol
from echopilot_lab.loop import LoopTick
from echopilot_lab.parallel import run_all
from echopilot_lab.trial import made_with, run_trial
from echopilot_perception.anomaly.thresholds import SIZES, borderline
from echopilot_perception.model import read_manifest

Result = dict[str, Any]

_ANEURYSM = SIZES[FindingKind.ANEURYSM_ABDOMINAL]


def run_cohort(
    protocol: str, patients: int, seed: int, jobs: int, out: Path, fresh: bool, console: Console
) -> dict[str, Any]:
    """Run seeds `seed .. seed + patients - 1`.

    Finished ones in `out` are kept unless `fresh`, or made with another protocol file or model.
    """
    plan = load_protocol(protocol)
    wanted = made_with(plan, read_manifest())
    folder = out / plan.name
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    seeds = range(seed, seed + patients)
    missing = [s for s in seeds if not finished(folder, s, wanted)]
    if len(missing) < patients:
        console.print(f"{patients - len(missing)} finished trials are kept from {folder}; --fresh runs them again")
    started = time.monotonic()
    run_all(partial(run_one, protocol, folder), missing, jobs, console, "trials")
    results = [json.loads(result_file(folder, s).read_text()) for s in seeds]
    figures = summarise(results)
    figures["wall_s"] = time.monotonic() - started
    print_table(results, figures, console)
    return figures


def result_file(folder: Path, seed: int) -> Path:
    """Where the finished trial of a seed lies."""
    return folder / str(seed) / "trial.json"


def finished(folder: Path, seed: int, wanted: dict[str, str]) -> bool:
    """Whether the trial of a seed is there, whole, and made with the protocol and model that are wanted."""
    try:
        return bool(json.loads(result_file(folder, seed).read_text()).get("made_with") == wanted)
    except (FileNotFoundError, ValueError):
        return False


def run_one(protocol: str, folder: Path, seed: int, watch: Callable[[LoopTick], None] = lambda _: None) -> int:
    """Worker: run one trial and write its file atomically; `watch` sees every tick."""
    result = run_trial(seed, protocol, folder / str(seed), watch=watch)
    target = result_file(folder, seed)
    partial_file = target.with_suffix(".part")
    partial_file.write_text(json.dumps(result, indent=2) + "\n")
    partial_file.replace(target)
    return seed


def summarise(results: list[Result]) -> dict[str, Any]:
    """Figures over all trials, in the keys that DESIGN section 9 promises."""
    names = sorted({name for r in results for name in r["views"]})
    forces = [r["force"] for r in results]
    return {
        "patients": len(results),
        "views": {name: view_figures([r["views"][name] for r in results if name in r["views"]]) for name in names},
        "aorta": aorta_figures([r["aorta"] for r in results if r["aorta"]["attempted"]]),
        "ef_error_pct": {"mae": mean_of([difference(r["heart"], "ef_pct", "true_ef_pct") for r in results])},
        "force": {
            "rmse_n": mean_of([f["rmse_n"] for f in forces]),
            "max_n": max((f["max_n"] for f in forces if f["max_n"] is not None), default=None),
        },
        "safety": {key: sum(r["safety"][key] for r in results) for key in ("limit_crossings", "trips")},
        "real_time_factor": mean_of([r["real_time_factor"] for r in results]),
    }


def view_figures(scores: list[Result]) -> dict[str, Any]:
    """Counts and error quantiles of one view."""
    return {
        "attempted": sum(s["attempted"] for s in scores),
        "accepted": sum(s["accepted"] for s in scores),
        "reached": sum(s["reached"] for s in scores),
        "near": sum(s["near"] for s in scores),
        **{key: quantiles([s[key] for s in scores]) for key in ("seconds", "angle_error_deg", "offset_mm")},
    }


def aorta_figures(scores: list[Result]) -> dict[str, Any]:
    """Sweeps, diameter error and the aneurysm table; within 2 mm of the threshold counts as borderline."""
    errors = [abs(e) for s in scores if (e := difference(s, "max_diameter_mm", "true_max_diameter_mm")) is not None]
    table = dict.fromkeys(("tp", "fp", "tn", "fn", "borderline"), 0)
    for s in scores:
        if borderline(_ANEURYSM, 1e-3 * s["unloaded_max_diameter_mm"]):
            table["borderline"] += 1
        else:
            right = s["aneurysm"] == s["true_aneurysm"]
            table[("t" if right else "f") + ("p" if s["aneurysm"] else "n")] += 1
    return {
        "attempted": len(scores),
        "completed": sum(s["completed"] for s in scores),
        "diameter_error_mm": {"mae": mean_of(errors), "p95": quantile(errors, 95)},
        "aneurysm": table,
    }


def difference(score: Result, key: str, true_key: str) -> float | None:
    """Error of a figure, or None when either side is unknown."""
    a, b = score[key], score[true_key]
    return None if a is None or b is None else abs(float(a) - float(b))


def known(values: list[float | None]) -> list[float]:
    """Values that are there and finite."""
    return [v for v in values if v is not None and math.isfinite(v)]


def mean_of(values: list[float | None] | list[float]) -> float | None:
    """Mean of the known values."""
    numbers = known(list(values))
    return float(np.mean(numbers)) if numbers else None


def quantile(values: list[float] | list[float | None], percent: float) -> float | None:
    """Percentile of the known values."""
    numbers = known(list(values))
    return float(np.percentile(numbers, percent)) if numbers else None


def quantiles(values: list[float | None]) -> dict[str, float | None]:
    """Median and 95th percentile."""
    return {"median": quantile(values, 50), "p95": quantile(values, 95)}


def print_table(results: list[Result], figures: dict[str, Any], console: Console) -> None:
    """One row per patient, then the totals."""
    title = f"{figures['patients']} virtual patients (simulated, not clinical evidence)"
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    names = list(figures["views"])
    for heading in ("seed", *names, "sweep", "mm (true)", "AAA", "EF (true)", "N max"):
        table.add_column(heading, no_wrap=True)
    for r in results:
        aorta, heart = r["aorta"], r["heart"]
        table.add_row(
            str(r["patient"]),
            *(view_cell(r["views"].get(name)) for name in names),
            "done" if aorta["completed"] else ("no" if aorta["attempted"] else "-"),
            f"{text(aorta['max_diameter_mm'])} ({text(aorta['true_max_diameter_mm'])})",
            "ok" if aorta["aneurysm"] == aorta["true_aneurysm"] else "WRONG",
            f"{text(heart['ef_pct'])} ({text(heart['true_ef_pct'])})",
            text(r["force"]["max_n"]),
        )
    console.print(table)
    for name, view in figures["views"].items():
        console.print(
            f"{name}: reached {view['reached']}, near {view['near']} of {view['attempted']}; median "
            f"{text(view['angle_error_deg']['median'])} deg, {text(view['offset_mm']['median'])} mm, "
            f"{text(view['seconds']['median'])} s"
        )
    aorta, safety = figures["aorta"], figures["safety"]
    console.print(
        f"sweeps completed {aorta['completed']} of {aorta['attempted']}; diameter error "
        f"{text(aorta['diameter_error_mm']['mae'])} mm; safety trips {safety['trips']}, "
        f"above the hard limit {safety['limit_crossings']}"
    )


def view_cell(view: Result | None) -> str:
    """How close a view came: degrees and millimetres, green when reached, yellow when near, red when missed."""
    if view is None:
        return "-"
    colour = "green" if view["reached"] else "yellow" if view["near"] else "red"
    return f"[{colour}]{text(view['angle_error_deg'])}° {text(view['offset_mm'])} mm[/]"


def text(value: float | None) -> str:
    """One decimal, or a dash."""
    return "-" if value is None else f"{value:.1f}"

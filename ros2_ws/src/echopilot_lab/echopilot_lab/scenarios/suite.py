"""Many scenarios in parallel processes, resumable; a table, a plot per scenario, one over all."""

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from echopilot_core import EchoPilotError
from echopilot_lab.parallel import run_all
from echopilot_lab.scenarios.catalogue import ALL, FOLDER, load_scenario, scenario_names, sha256_of
from echopilot_lab.scenarios.interface import OURS, load_controller
from echopilot_lab.scenarios.plot import draw_overview, draw_scenario
from echopilot_lab.scenarios.run import run_scenario
from echopilot_lab.staging import whole_file
from echopilot_perception.model import read_manifest

Result = dict[str, Any]


def run_suite(which: str, controller: str, jobs: int, out: Path, fresh: bool, console: Console) -> dict[str, Any]:
    """Run one scenario or all; finished ones are kept unless `fresh`, or file, model or controller have changed.

    Raises EchoPilotError before anything runs for an unknown scenario or controller.
    """
    names = scenario_names() if which == ALL else (which,)
    if not names:
        raise EchoPilotError(f"no scenarios in {FOLDER}; they come with the repository, or give a YAML file")
    for name in names:
        load_scenario(name)
    load_controller(controller)
    folder = out / ("ours" if controller == OURS else controller.replace(":", "."))
    if fresh and folder.exists() and which == ALL:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in names if fresh or not finished(folder, name, controller)]
    if len(missing) < len(names):
        console.print(f"{len(names) - len(missing)} finished scenarios are kept from {folder}; --fresh runs them again")
    run_all(partial(run_one, controller, folder), missing, jobs, console, "scenarios")
    results = [json.loads(result_file(folder, name).read_text()) for name in names]
    print_table(results, controller, console)
    if which == ALL:
        draw_overview(results, folder / "overview.png")
        console.print(f"plots in {folder}, all together in {folder / 'overview.png'}")
    else:
        console.print(f"plot: {folder / results[0]['name']}.png")
    return {"controller": controller, "passed": sum(r["passed"] for r in results), "scenarios": results}


def run_one(controller: str, folder: Path, name: str) -> str:
    """Worker: run one scenario, draw it, write its result whole or not at all."""
    scenario = load_scenario(name)
    result, traces = run_scenario(scenario, load_controller(controller))
    draw_scenario(scenario, result, traces, folder / f"{scenario.name}.png")
    with whole_file(result_file(folder, name)) as file:
        file.write_text(json.dumps(result | {"made_with": made_with(name, controller)}, indent=2) + "\n")
    return name


def result_file(folder: Path, name: str) -> Path:
    """Where the result of a scenario lies."""
    return folder / f"{Path(name).stem}.json"


def made_with(name: str, controller: str) -> dict[str, str]:
    """What a result depends on, beside the code."""
    return {"scenario_sha256": sha256_of(name), "model_sha256": read_manifest().sha256, "controller": controller}


def finished(folder: Path, name: str, controller: str) -> bool:
    """Whether the result of a scenario is there, whole, and made with what is wanted."""
    try:
        done = json.loads(result_file(folder, name).read_text()).get("made_with")
    except (FileNotFoundError, ValueError):
        return False
    return bool(done == made_with(name, controller))


def print_table(results: list[Result], controller: str, console: Console) -> None:
    """One row per scenario: verdict, score, what failed, and the figures beside it."""
    title = f"{controller} in simulation (not clinical evidence)"
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("scenario", "", "score", "criteria: found (asked)"):
        table.add_column(heading, no_wrap=heading != "criteria: found (asked)")
    for r in results:
        word = "[green]passed[/]" if r["passed"] else "[red]failed[/]"
        shown = [v for v in r["verdicts"] if not v["met"]] or r["verdicts"][:4]
        words = "; ".join(f"{v['name']} {v['found']} ({v['asked']})" for v in shown)
        for name, figures in r["beside"].items():
            tracked = figures["tracking_rmse_mm"]
            words += f"; {name}: " + (f"tracking {tracked:.2f} mm" if tracked is not None else "no figure")
        table.add_row(r["name"], word, f"{r['score']:.0f}", words)
    console.print(table)
    console.print(f"{sum(r['passed'] for r in results)} of {len(results)} passed")

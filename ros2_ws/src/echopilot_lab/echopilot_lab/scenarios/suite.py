"""Many scenarios in parallel processes, resumable; a table, a plot per scenario, one over all."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from echopilot_core import EchoPilotError
from echopilot_core.guarded.json_input import read_json
from echopilot_lab.cli.shared import say_first_start
from echopilot_lab.scenarios.catalog import ALL, FOLDER, load_scenario, scenario_names, sha256_of
from echopilot_lab.scenarios.interface import OURS, load_controller
from echopilot_lab.scenarios.plot import draw_overview, draw_scenario
from echopilot_lab.scenarios.run import run_scenario
from echopilot_lab.util.atomic_output import whole_file
from echopilot_lab.util.owned_files import claim
from echopilot_lab.util.parallel import run_all
from echopilot_perception.model import read_manifest

Result = dict[str, Any]
OVERVIEW = "overview.png"


def run_suite(which: str, controller: str, jobs: int, out: Path, fresh: bool, console: Console) -> dict[str, Any]:
    """Run one scenario or all; finished ones are kept unless `fresh`, or file, model or controller have changed.

    Raises EchoPilotError before anything runs for an unknown scenario or controller, or where a file that is no result
    of ours would be replaced.
    """
    names = scenario_names() if which == ALL else (which,)
    if not names:
        raise EchoPilotError(f"no scenarios in {FOLDER}; they come with the repository, or give a YAML file")
    for name in names:
        load_scenario(name)
    load_controller(controller)
    folder = out / ("ours" if controller == OURS else controller.replace(":", "."))
    stems = [Path(name).stem for name in names]
    claim(folder, [f"{stem}{suffix}" for stem in stems for suffix in (".json", ".png")] + [OVERVIEW])
    missing = [name for name in names if fresh or not finished(folder, name, controller)]
    if len(missing) < len(names):
        console.print(f"{len(names) - len(missing)} finished scenarios are kept from {folder}; --fresh runs them again")
    say_first_start(console)
    run_all(partial(run_one, controller, folder), missing, jobs, console, "scenarios")
    results = [read_json(result_file(folder, name), finite=False) for name in names]
    print_table(results, controller, console)
    if which == ALL:
        draw_overview(results, folder / OVERVIEW)
        console.print(f"plots in {folder}, all together in {folder / OVERVIEW}")
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
        done = read_json(result_file(folder, name), finite=False).get("made_with")
    except (OSError, ValueError, AttributeError):
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

"""`echopilot scenario`: the named scenarios, with the shipped controller or another one."""

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from echopilot_lab.cli.shared import JsonFile, console, one_line_errors, results, write_json

scenario_app = typer.Typer(
    help="Named scenarios with disturbances and criteria, for our controller or yours (docs/scenarios.md).",
    no_args_is_help=True,
)


@scenario_app.command(name="list")
@one_line_errors
def show() -> None:
    """Name and describe all scenarios."""
    from echopilot_lab.scenarios.catalog import load_scenario, scenario_names

    table = Table("scenario", "images", "what happens", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in scenario_names():
        scenario = load_scenario(name)
        table.add_row(name, scenario.pictures, scenario.description)
    results.print(table)


@scenario_app.command()
@one_line_errors
def run(
    name: Annotated[str, typer.Argument(help="A name from `scenario list`, a YAML file, or all.")],
    controller: Annotated[
        str, typer.Option(help="module:factory; the factory takes the limits and gives an object with step().")
    ] = "echopilot_control.controller:Controller",
    jobs: Annotated[int, typer.Option(min=1, help="Parallel processes.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder that keeps results and plots.")] = Path("out/scenario"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Run finished scenarios again.")] = False,
    json_file: JsonFile = None,
) -> None:
    """Run one scenario or all of them; exit code 1 when one fails."""
    from echopilot_lab.scenarios.suite import run_suite

    figures = run_suite(name, controller, jobs, out, fresh, console)
    write_json(figures, json_file)
    if figures["passed"] < len(figures["scenarios"]):
        raise typer.Exit(1)

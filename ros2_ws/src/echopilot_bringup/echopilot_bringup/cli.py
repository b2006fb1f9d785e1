"""The `echopilot` command: the commands of echopilot_lab, and those that start a ROS graph or connect to one."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from echopilot_bringup.cli_exam import add_exam_requests
from echopilot_bringup.cli_graph import graph_app
from echopilot_core import EchoPilotError
from echopilot_lab.cli.app import app
from echopilot_lab.cli.bench import bench_app
from echopilot_lab.cli.exam import exam_app
from echopilot_lab.cli.shared import JsonFile, console, one_line_errors, results, write_json


@app.command()
@one_line_errors
def demo(
    clip: Annotated[str, typer.Option(help="A real clip instead of the patient: a file or 'default'.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the virtual patient.")] = 600_002,
    protocol: Annotated[str, typer.Option(help="aorta, cardiac, full or screening.")] = "full",
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/demo"),
    depth_cm: Annotated[
        float | None, typer.Option("--depth-cm", help="Depth that the scanner prints, for a clip without a scale.")
    ] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="Exchange left and right of the clip.")] = False,
) -> None:
    """Start the ROS 2 graph, run an exam, leave a report and summary.json; exit code 3 when the exam was aborted.

    Each run has a folder of its own in --out; the newest is found there through links.
    """
    from echopilot_bringup.demo import run_clip_demo, run_exam_demo

    if not clip and (depth_cm is not None or mirror):
        raise EchoPilotError("--depth-cm and --mirror are for clips; give --clip with them")
    if clip:
        code = run_clip_demo(clip, out, console, results, None if depth_cm is None else 0.01 * depth_cm, mirror)
    else:
        code = run_exam_demo(seed, protocol, out, console, results)
    if code:
        raise typer.Exit(code)


app.registered_commands.insert(0, app.registered_commands.pop())  # first in --help
add_exam_requests(exam_app)
app.add_typer(graph_app, name="graph")


@bench_app.command()
@one_line_errors
def graph(
    seconds: Annotated[float, typer.Option(min=1.0, help="Seconds to measure.")] = 20.0, json_file: JsonFile = None
) -> None:
    """The live ROS graph with lockstep off: image to command latency, drops."""
    from echopilot_bringup.bench_graph import bench_graph

    write_json(bench_graph(seconds, console), json_file)


@bench_app.command()
@one_line_errors
def hardware(
    minutes: Annotated[float, typer.Option(min=0.5, help="Minutes to run exams for.")] = 10.0,
    rate: Annotated[int, typer.Option(help="Samples of the driver per second: 1000, 500, 250, 200, 125, 100.")] = 500,
    json_file: JsonFile = None,
) -> None:
    """Exams over a driver in wall time; exit code 1 when safety held without a cause, or the bridge told of a fault."""
    from echopilot_bringup.hardware.bench import bench_hardware

    figures = bench_hardware(minutes, rate, console)
    write_json(figures, json_file)
    if figures["holds"]["without_cause"] or figures["faults_s"]:
        raise typer.Exit(1)


@bench_app.command()
@one_line_errors
def page(
    stops: Annotated[int, typer.Option(min=1, help="How many STOPs.")] = 40,
    windows: Annotated[int, typer.Option(min=1, help="How many pairs of windows.")] = 8,
    seconds: Annotated[float, typer.Option(min=0.5, help="Robot time of a window.")] = 2.0,
    attacks: Annotated[str, typer.Option(help="Measure STOP under these attacks instead: all, or names.")] = "",
    json_file: JsonFile = None,
) -> None:
    """The operator's page: latency of STOP, cost of ten watching pages; exit code 1 when a bar does not hold."""
    from echopilot_bringup.bench_page import bench_page
    from echopilot_bringup.page_under_attack import chosen

    figures = bench_page(console, stops, windows, seconds, chosen(attacks) if attacks else None)
    write_json(figures, json_file)
    if not all(figures["holds"].values()):
        raise typer.Exit(1)


@bench_app.command()
@one_line_errors
def kills(
    protocol: Annotated[str, typer.Option(help="Protocol by name or file.")] = "aorta",
    process: Annotated[list[str] | None, typer.Option(help="A process to kill; may be repeated. Default: all.")] = None,
    phase: Annotated[list[str] | None, typer.Option(help="When to kill it; may be repeated. Default: all.")] = None,
    out: Annotated[Path, typer.Option(help="New folder for the runs.")] = Path("out/bench/kills"),
    json_file: JsonFile = None,
) -> None:
    """kill -9 of every process of a demo in every phase; exit code 1 when something was lost or left. Takes hours."""
    from echopilot_bringup.bench_kills import PHASES, VICTIMS, bench_kills

    figures = bench_kills(console, protocol, process or list(VICTIMS), phase or list(PHASES), out)
    write_json(figures, json_file)
    if figures["failed"]:
        raise typer.Exit(1)


def main() -> None:
    """Console entry point."""
    sys.exit(app())


if __name__ == "__main__":
    main()

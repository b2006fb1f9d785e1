"""`echopilot exam`: what a protocol would do, and requests to an exam that runs in a ROS graph."""

import os
from datetime import datetime, timezone
from math import radians
from typing import Annotated

import typer

from echopilot_lab.cli_shared import console, one_line_errors

exam_app = typer.Typer(
    help="Plan an exam, and stop, resume, skip or guide one that runs (ROS_DOMAIN_ID picks the graph).",
    no_args_is_help=True,
)

Speed = Annotated[float, typer.Option(min=-12.0, max=12.0, help="mm/s across the skin; the robot keeps the force.")]
Turn = Annotated[float, typer.Option(min=-12.0, max=12.0, help="Degrees/s about an axis of the probe.")]


@exam_app.command()
@one_line_errors
def plan(
    protocol: Annotated[str, typer.Argument(help="A protocol by name, or a YAML file (docs/protocol.md).")],
    calibration: Annotated[
        str, typer.Option(help="Also check the calibrations in this folder, as the exam will; or 'simulated'.")
    ] = "",
) -> None:
    """Print every step without moving anything: place, force, gate, what is taken, time limits."""
    from echopilot_exam.calibration import check_calibrations
    from echopilot_exam.plan import plan_text
    from echopilot_exam.protocol import load_protocol

    typer.echo(plan_text(load_protocol(protocol)))
    if calibration:
        found = check_calibrations(calibration, datetime.now(timezone.utc))
        typer.echo(f"probe calibration: {found.probe}\ntime calibration: {found.time}")


@exam_app.command()
@one_line_errors
def stop() -> None:
    """The probe leaves the skin and the exam waits; `resume` repeats the step."""
    _ask("stop")


@exam_app.command()
@one_line_errors
def resume() -> None:
    """Go on with the same step after a stop; in a step held by hand: record now."""
    _ask("resume")


@exam_app.command()
@one_line_errors
def skip() -> None:
    """Go on to the next step."""
    _ask("skip")


@exam_app.command()
@one_line_errors
def jog(
    x: Speed = 0.0,
    y: Speed = 0.0,
    about_x: Turn = 0.0,
    about_y: Turn = 0.0,
    about_z: Turn = 0.0,
    seconds: Annotated[float, typer.Option(min=0.1, max=10.0, help="How long.")] = 1.0,
) -> None:
    """Move the probe in a guided step, in its own axes: x along the array to the index mark, z into the patient."""
    twist = [1e-3 * x, 1e-3 * y, radians(about_x), radians(about_y), radians(about_z)]
    _ask("jog", "--seconds", f"{seconds:g}", "--twist", *(f"{value:.6f}" for value in twist))


def _ask(*arguments: str) -> None:
    from echopilot_lab.processes import run_foreground

    code = run_foreground("echopilot_nodes.exam_ask", list(arguments), os.environ)
    if code:
        raise typer.Exit(code)
    console.print(f"exam {arguments[0]}: done")

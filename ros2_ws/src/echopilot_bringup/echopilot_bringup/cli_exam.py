"""`echopilot exam stop`, `resume`, `skip`, `reset` and `jog`: requests to an exam that runs in a ROS graph."""

import os
from math import radians
from typing import Annotated

import typer

from echopilot_bringup.processes import run_foreground
from echopilot_lab.cli.shared import console, one_line_errors

Speed = Annotated[float, typer.Option(min=-12.0, max=12.0, help="mm/s across the skin; the robot keeps the force.")]
Turn = Annotated[float, typer.Option(min=-12.0, max=12.0, help="Degrees/s about an axis of the probe.")]


def add_exam_requests(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (stop, resume, skip, reset, jog):
        app.command()(one_line_errors(command))


def stop() -> None:
    """The probe leaves the skin and the exam waits; `resume` repeats the step."""
    _request("stop")


def resume() -> None:
    """Go on with the same step after a stop; in a step held by hand: record now."""
    _request("resume")


def skip() -> None:
    """Go on to the next step."""
    _request("skip")


def reset(operator: Annotated[str, typer.Option(help="Your name; it is logged.")]) -> None:
    """End the latched reasons of safety: the cause is gone, and the probe is off the patient."""
    _request("reset", "--operator", operator)


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
    _request("jog", "--seconds", f"{seconds:g}", "--twist", *(f"{value:.6f}" for value in twist))


def _request(*arguments: str) -> None:
    code = run_foreground("echopilot_nodes.operator.exam_cli", list(arguments), os.environ)
    if code:
        raise typer.Exit(code)
    console.print(f"exam {arguments[0]}: done")

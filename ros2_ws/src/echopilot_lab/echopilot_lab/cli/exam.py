"""`echopilot exam plan`: the steps of a protocol without running them."""

from datetime import datetime, timezone
from typing import Annotated

import typer

from echopilot_lab.cli.shared import one_line_errors

exam_app = typer.Typer(
    help="Plan an exam, and stop, resume, skip or guide one that runs (ROS_DOMAIN_ID picks the graph).",
    no_args_is_help=True,
)


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
    from echopilot_exam.protocol.plan import plan_text
    from echopilot_exam.protocol.protocol import load_protocol

    typer.echo(plan_text(load_protocol(protocol)))
    if calibration:
        found = check_calibrations(calibration, datetime.now(timezone.utc))
        typer.echo(f"probe calibration: {found.probe}\ntime calibration: {found.time}")

"""`echopilot record`: inspection, repair and export of exam records and recordings."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from echopilot_core import EchoPilotError
from echopilot_lab.cli.shared import JsonFile, console, one_line_errors, results, write_json

record_app = typer.Typer(help="Exam records: look into them, recover damaged recordings, export.", no_args_is_help=True)


@record_app.command()
@one_line_errors
def info(
    folder: Annotated[Path, typer.Argument(help="Exam record folder, or a recording (.mcap).")],
    json_file: JsonFile = None,
) -> None:
    """What a record holds, which software made it, and what in it is damaged or missing."""
    from echopilot_lab.records.info import record_info, show_info

    figures = record_info(folder)
    show_info(figures, results)
    write_json(figures, json_file)


@record_app.command()
@one_line_errors
def recover(
    file: Annotated[Path, typer.Argument(help="A recording (.mcap), damaged or without its end.")],
    json_file: JsonFile = None,
) -> None:
    """Write all that can be read of a recording into a new file beside it; exit code 1 when something is lost.

    The recording itself is never changed, and no existing file is overwritten.
    """
    from echopilot_exam.record.recover import recover as mend

    found = mend(file)
    for line in found.lines:
        results.print(line, highlight=False, soft_wrap=True, markup=False)
    if found.target is None:
        text = f"{file}: whole, {found.messages} messages; nothing to recover"
    else:
        text = f"{found.target}: {found.messages} messages; {file} is unchanged"
    results.print(text, highlight=False, soft_wrap=True, markup=False)
    write_json(
        {
            "messages": found.messages,
            "file": str(found.target or file),
            "lossless": found.is_lossless,
            "damage": [asdict(damage) for damage in found.damage],
        },
        json_file,
    )
    if not found.is_lossless:
        raise typer.Exit(1)


@record_app.command()
@one_line_errors
def simulate(
    seed: Annotated[int, typer.Option(min=0, help="Seed of the virtual patient.")] = 600_002,
    protocol: Annotated[str, typer.Option(help="Protocol by name or file.")] = "aorta",
    out: Annotated[Path, typer.Option(help="New folder for the record.")] = Path("out/record"),
) -> None:
    """Run one exam on a virtual patient without ROS, and leave its record with exam.mcap."""
    from echopilot_lab.trials.recorded_trial import record_trial

    record_trial(seed, protocol, out, console)


@record_app.command()
@one_line_errors
def export(
    exams: Annotated[list[Path], typer.Argument(help="Exam folders with an exam.mcap, or MCAP files.")],
    lerobot: Annotated[bool, typer.Option("--lerobot", help="LeRobot-style episodes.")] = False,
    foxglove: Annotated[
        bool, typer.Option("--foxglove", help="One MCAP file with images that Foxglove shows.")
    ] = False,
    rate: Annotated[float, typer.Option(min=0.5, max=20.0, help="Instants per second of an episode.")] = 5.0,
    out: Annotated[Path | None, typer.Option(help="Folder of the data set, or the MCAP file.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Export exams as episodes for learning (image, pose, force in; commanded twist, force out) or for Foxglove."""
    from echopilot_lab.records.foxglove_export import export_foxglove
    from echopilot_lab.records.lerobot import export_lerobot, recording_of

    if lerobot == foxglove:
        raise EchoPilotError("say what to export to; valid: --lerobot, --foxglove")
    if lerobot:
        figures = export_lerobot(exams, out or Path("out/lerobot"), rate, console)
    elif len(exams) == 1:
        figures = export_foxglove(recording_of(exams[0]), out or Path("out/foxglove.mcap"), console)
    else:
        raise EchoPilotError("--foxglove takes one exam at a time")
    write_json(figures, json_file)

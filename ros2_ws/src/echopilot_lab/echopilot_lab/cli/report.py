"""`echopilot report`, `score`, `send`, `deidentify`: what is made of a record afterwards."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from echopilot_core import EchoPilotError
from echopilot_core.guarded.json_input import read_json
from echopilot_lab.cli.shared import JsonFile, console, one_line_errors, results, write_json

LOWEST_HEIGHT_CM = 10.0  # below, meters were meant


def add_report_commands(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (report, score, send, deidentify):
        app.command()(one_line_errors(command))


def report(
    folder: Annotated[Path, typer.Argument(help="Exam record folder.")],
    sex: Annotated[Literal["M", "F"] | None, typer.Option(help="Of the patient: tables differ by it.")] = None,
    age: Annotated[float | None, typer.Option(help="Years.")] = None,
    height: Annotated[float | None, typer.Option(help="Centimeters.")] = None,
    mass: Annotated[float | None, typer.Option(help="Kilograms.")] = None,
) -> None:
    """Make all files of a report again from an exam record: HTML, PDF, JSON, DICOM objects, FHIR.

    What is known of the patient lets it grade more.
    """
    from echopilot_report.grading.facts import PatientFacts, Sex
    from echopilot_report.report import write_report

    if height is not None and height < LOWEST_HEIGHT_CM:
        raise EchoPilotError(f"--height is in centimeters: {height:g} cm is no height; did you mean {100 * height:g}?")
    height_m = None if height is None else height / 100.0
    kind = None if sex is None else {"M": Sex.MALE, "F": Sex.FEMALE}[sex]
    with console.status("reads the record") as status:
        written = write_report(folder, PatientFacts(kind, age, height_m, mass), say=lambda part: status.update(part))
    for remark in written.remarks:
        console.print(f"[yellow]{remark}[/]", highlight=False, soft_wrap=True)
    results.print(str(written.page), highlight=False, soft_wrap=True, markup=False)


def score(
    folder: Annotated[Path, typer.Argument(help="Exam record folder of a demo, with log/sim_truth.jsonl.")],
    json_file: JsonFile = None,
) -> None:
    """Score a simulated exam again: record against the simulator's truth, merged into summary.json."""
    from echopilot_lab.records.truth_file import score_record

    path = score_record(folder)
    results.print(str(path), highlight=False, soft_wrap=True, markup=False)
    write_json(read_json(path, finite=False), json_file)


def send(
    folder: Annotated[Path, typer.Argument(help="Exam record folder with a report, or a folder of DICOM files.")],
    host: Annotated[str, typer.Option(help="Archive, name or address.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Its DICOM port.")],
    aet: Annotated[str, typer.Option(help="Its AE title.")],
    calling: Annotated[str, typer.Option(help="Our AE title.")] = "ECHOPILOT",
    tls: Annotated[bool, typer.Option("--tls", help="Encrypt, and check the archive's certificate.")] = False,
    ca: Annotated[Path | None, typer.Option(help="PEM with who signed that certificate; else the system's.")] = None,
    cert: Annotated[Path | None, typer.Option(help="PEM with our certificate, where the archive asks for one.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM with its key.")] = None,
    tries: Annotated[int, typer.Option(min=1, help="How often to try before the rest stays in the queue.")] = 4,
    again: Annotated[bool, typer.Option("--again", help="Also what this archive took before.")] = False,
) -> None:
    """Send DICOM objects to an archive (C-STORE). What it does not take stays queued on disk for the next call."""
    from echopilot_report.dicom.network import send_folder
    from echopilot_report.dicom.peer import Peer

    peer = Peer(host, port, aet, calling, tls, ca, cert, key)
    with console.status(f"sends to {aet} at {host}:{port}") as status:
        outcome = send_folder(folder, peer, tries, again, say=lambda line: status.update(line))
    for line in outcome.problems:
        console.print(f"[yellow]{line}[/]", highlight=False, soft_wrap=True)
    results.print(f"{outcome.sent} sent, {outcome.before} taken before, {outcome.waiting} still queued")
    if outcome.waiting:
        raise typer.Exit(1)


def deidentify(
    source: Annotated[Path, typer.Argument(metavar="IN", help="DICOM file, or folder that is searched for them.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="New or empty folder.")],
) -> None:
    """Write ultrasound objects without the patient: tags by an allow-list, text in images blanked, new identifiers.

    What cannot be cleaned for sure is left out and said.
    """
    from echopilot_report.deidentify import deidentify_folder

    with console.status("reads") as status:
        outcome = deidentify_folder(source, target, say=lambda line: status.update(line))
    for line in outcome.refused:
        console.print(f"[yellow]left out: {line}[/]", highlight=False, soft_wrap=True)
    results.print(f"{outcome.written} objects in {target}, {len(outcome.refused)} left out")
    if outcome.refused:
        raise typer.Exit(1)

"""Writes report.html, one self-contained file, from an exam record alone."""

from datetime import timedelta
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from echopilot_core import GateStatus
from echopilot_exam.record import read_exam
from echopilot_exam.record.files import clear_disk_errors, replace_file
from echopilot_exam.record.model import RESEARCH_SENTENCE
from echopilot_report.content import (
    VIEW_TEXT,
    chosen_keyframes,
    finding_text,
    frames_text,
    not_seen,
    number_rows,
    view_rows,
)
from echopilot_report.figures import aorta_plot, force_plot, force_sentence, volume_plot
from echopilot_report.pictures import picture_of
from echopilot_report.reading import UNKNOWN, PatientFacts
from echopilot_report.reading.wording import notice


def write_report(folder: Path, facts: PatientFacts = UNKNOWN) -> Path:
    """Make `report.html` in an exam folder; raises EchoPilotError on an unreadable record or a full disk.

    The record does not know sex, age, height and mass: what is not in `facts` is said to be unknown, not guessed.
    """
    record = read_exam(folder)
    environment = Environment(
        loader=PackageLoader("echopilot_report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    measured = {m.view for m in record.measurements if m.gate is GateStatus.PASSED}
    pictures = [
        picture_of(key, caption, VIEW_TEXT.get(key.view.name, key.view.name), key.view in measured)
        for key, caption in chosen_keyframes(record)
    ]
    html = environment.get_template("report.html.j2").render(
        notice=RESEARCH_SENTENCE,
        record=record,
        duration=str(timedelta(seconds=round((record.updated_ns - record.started_ns) * 1e-9))),
        views=view_rows(record),
        numbers=number_rows(record, facts),
        reading_notice=notice(),
        findings=[(f, finding_text(f), frames_text(f.frame_sequences)) for f in record.findings],
        pictures=[picture for picture in pictures if picture is not None],
        not_seen=not_seen(record, facts),
        aorta=aorta_plot(record),
        volume=volume_plot(record),
        force=force_plot(record),
        force_text=force_sentence(record),
    )
    path = folder / "report.html"
    with clear_disk_errors(folder):
        replace_file(path, html.encode())
    return path

"""Makes every file of a report from an exam record alone: HTML, PDF, JSON, DICOM objects and FHIR."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from echopilot_exam.record import read_exam
from echopilot_report.content import not_seen
from echopilot_report.dicom.objects import ExamObject, image_objects, paper_objects
from echopilot_report.dicom.study import study_of
from echopilot_report.fhir import bundle_json
from echopilot_report.numbers_json import report_document
from echopilot_report.output import replaced_together
from echopilot_report.pdf import pdf_of
from echopilot_report.reading import UNKNOWN, PatientFacts
from echopilot_report.render import render_html

FILES = ("dicom", "fhir.json", "report.html", "report.pdf", "report.json")
"""What a report leaves in the exam folder, in the order in which it takes its place."""


@dataclass(frozen=True)
class Written:
    """The page and the folder with the objects; `remarks` says in one line each what could not be made."""

    page: Path
    dicom: Path
    remarks: tuple[str, ...]


def write_report(folder: Path, facts: PatientFacts = UNKNOWN, say: Callable[[str], None] = lambda _: None) -> Written:
    """Make all FILES in an exam folder; they replace those of an earlier report only when all are made.

    `facts`: the record does not know sex, age, height and mass; what is not given is said to be unknown, not guessed.
    `say` hears what is being made. Raises EchoPilotError on an unreadable record or a full disk.
    """
    record = read_exam(folder)
    study = study_of(record, facts)
    with replaced_together(folder, FILES) as new:
        say("pictures and masks")
        objects, places = image_objects(record, study)
        shown_in = _shown_in(objects)
        html = render_html(record, facts, shown_in, study.uid_of_study)
        say("PDF")
        pdf, remark = pdf_of(html)
        say("DICOM report and FHIR")
        objects += paper_objects(record, study, places, objects, not_seen(record, facts), pdf)
        (new / "dicom").mkdir()
        for o in objects:
            o.data.save_as(new / "dicom" / o.file_name, enforce_file_format=True)
        (new / "report.html").write_text(html, encoding="utf-8")
        if pdf is not None:
            (new / "report.pdf").write_bytes(pdf)
        (new / "fhir.json").write_text(bundle_json(record, study, objects), encoding="utf-8")
        hashes = {
            str(path.relative_to(new)): sha256(path.read_bytes()).hexdigest()
            for path in sorted(new.rglob("*"))
            if path.is_file()
        }
        document = report_document(record, facts, shown_in, study.uid_of_study, hashes)
        (new / "report.json").write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return Written(folder / "report.html", folder / "dicom", (remark,) if remark else ())


def _shown_in(objects: list[ExamObject]) -> dict[int, str]:
    """By exam frame the file that shows it; a single picture wins over a clip."""
    shown: dict[int, str] = {}
    for o in objects:
        if o.kind == "clip":
            shown |= {s: f"{o.file_name}, {number}" for number, s in enumerate(o.sequences, 1) if s not in shown}
    for o in objects:
        if o.kind == "frame":
            shown[o.sequences[0]] = o.file_name
    return shown

"""All files of a report, made from an exam record alone: HTML, PDF, JSON, DICOM objects and FHIR."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_exam.record import ExamRecord, read_exam
from echopilot_report.content.content import not_seen
from echopilot_report.content.numbers_json import report_document
from echopilot_report.dicom.clips import Place
from echopilot_report.dicom.fields import check_fields
from echopilot_report.dicom.objects import ExamObject, image_objects, paper_objects
from echopilot_report.dicom.study import Study, study_of
from echopilot_report.fhir import bundle_json
from echopilot_report.grading import UNKNOWN, PatientFacts
from echopilot_report.output import FILES, kept_beside, replaced_together
from echopilot_report.pdf import pdf_of
from echopilot_report.render import render_html


@dataclass(frozen=True)
class Written:
    """The page and the folder with the objects; `remarks`: one line per file that was not made, or kept."""

    page: Path
    dicom: Path
    remarks: tuple[str, ...]


def write_report(folder: Path, facts: PatientFacts = UNKNOWN, say: Callable[[str], None] = lambda _: None) -> Written:
    """Make all FILES in an exam folder; they replace an earlier report only when all are complete.

    `facts`: the record does not know sex, age, height and mass; what is not given is reported as unknown.
    `say` is called with the progress. Raises EchoPilotError on an unreadable record or a full disk.
    """
    record = read_exam(folder)
    remarks = kept_beside(folder)
    with replaced_together(folder, FILES) as new:
        say("images and masks")
        study, objects, places = _objects(record, facts, remarks)
        shown_in, study_uid = _shown_in(objects), study.uid_of_study if study is not None else ""
        html = render_html(record, facts, shown_in, study_uid)
        say("PDF")
        pdf, remark = pdf_of(html)
        remarks += [remark] if remark else []
        say("DICOM report and FHIR")
        if study is not None:
            objects += paper_objects(record, study, places, objects, not_seen(record, facts), pdf)
            (new / "dicom").mkdir()
            for o in objects:
                check_fields(o.data, o.file_name).save_as(new / "dicom" / o.file_name, enforce_file_format=True)
            (new / "fhir.json").write_text(bundle_json(record, study, objects), encoding="utf-8")
        (new / "report.html").write_text(html, encoding="utf-8")
        if pdf is not None:
            (new / "report.pdf").write_bytes(pdf)
        hashes = {
            str(path.relative_to(new)): sha256(path.read_bytes()).hexdigest()
            for path in sorted(new.rglob("*"))
            if path.is_file()
        }
        document = report_document(record, facts, shown_in, study_uid, hashes)
        (new / "report.json").write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return Written(folder / "report.html", folder / "dicom", tuple(remarks))


def _objects(
    record: ExamRecord, facts: PatientFacts, remarks: list[str]
) -> tuple[Study | None, list[ExamObject], dict[int, Place]]:
    """Study and image objects; no study, and a remark, where a field of the standard cannot hold what is known."""
    try:
        study = study_of(record, facts)
        objects, places = image_objects(record, study)
        for o in objects:
            check_fields(o.data, o.file_name)
    except EchoPilotError as error:
        remarks.append(f"no DICOM and FHIR files: {error}")
        return None, [], {}
    return study, objects, places


def _shown_in(objects: list[ExamObject]) -> dict[int, str]:
    """File with the image of each exam frame; a single image takes precedence over a clip."""
    shown: dict[int, str] = {}
    for o in objects:
        if o.kind == "clip":
            shown |= {s: f"{o.file_name}, {number}" for number, s in enumerate(o.sequences, 1) if s not in shown}
    for o in objects:
        if o.kind == "frame":
            shown[o.sequences[0]] = o.file_name
    return shown

"""The report as one self-contained HTML page: a summary on the first sheet, then the evidence."""

from collections.abc import Mapping
from datetime import timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined

from echopilot_core import GateStatus
from echopilot_exam.record import ExamRecord
from echopilot_exam.record.model import RESEARCH_SENTENCE
from echopilot_report.content import (
    finding_text,
    not_seen,
    number_rows,
    probability_text,
    short_not_seen,
    station_numbers,
    view_rows,
)
from echopilot_report.coverage import coverage_plot
from echopilot_report.dicom.study import SIMULATED_BEFORE_NS, moment
from echopilot_report.figures import aorta_plot, force_plot, force_sentence, gaps_sentence, volume_plot
from echopilot_report.keyframes import chosen_keyframes
from echopilot_report.patient import facts_text
from echopilot_report.pictures import picture_of
from echopilot_report.reading import UNKNOWN, PatientFacts
from echopilot_report.reading.wording import notice, text
from echopilot_report.software import software_rows
from echopilot_report.sources import source_rows

SHORT_LINES = 6
"""Sentences about what was not seen on the first sheet; all stand in the evidence."""


def render_html(
    record: ExamRecord,
    facts: PatientFacts = UNKNOWN,
    shown_in: Mapping[int, str] | None = None,
    study_uid: str = "",
) -> str:
    """The page. `shown_in` names the DICOM file that holds the picture of a frame.

    The record does not know sex, age, height and mass: what is not in `facts` is said to be unknown, not guessed.
    """
    measured = {m.view for m in record.measurements if m.gate is GateStatus.PASSED}
    pictures = [
        picture_of(key, caption, text("view", key.view.name), key.view in measured)
        for key, caption in chosen_keyframes(record)
    ]
    short = short_not_seen(record)
    environment = Environment(
        loader=PackageLoader("echopilot_report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        t=text,
        notice=RESEARCH_SENTENCE,
        record=record,
        date=_date(record),
        facts=facts_text(facts),
        duration=str(timedelta(seconds=round((record.updated_ns - record.started_ns) * 1e-9))),
        views=view_rows(record),
        numbers=number_rows(record, facts),
        reading_notice=notice(),
        findings=[(f, finding_text(f)) for f in record.findings],
        probability=probability_text,
        pictures=[picture for picture in pictures if picture is not None],
        short_not_seen=short[:SHORT_LINES],
        more_not_seen=max(len(short) - SHORT_LINES, 0),
        not_seen=not_seen(record, facts),
        aorta=aorta_plot(record),
        gaps=gaps_sentence(record),
        stations=station_numbers(record),
        volume=volume_plot(record),
        force=force_plot(record),
        force_text=force_sentence(record),
        coverage=coverage_plot(record),
        sources=source_rows(record, shown_in or {}),
        software=software_rows(record.header),
        study_uid=study_uid,
    )


def _date(record: ExamRecord) -> str:
    if record.started_ns < SIMULATED_BEFORE_NS:
        return text("page", "simulated")
    return f"{moment(record.started_ns):%Y-%m-%d %H:%M} UTC"

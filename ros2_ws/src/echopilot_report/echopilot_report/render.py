"""The report as one self-contained HTML page: summary on the first sheet, then the evidence."""

from collections.abc import Mapping
from datetime import timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined

from echopilot_core import GateStatus
from echopilot_exam.record import ExamRecord
from echopilot_exam.record.model import RESEARCH_SENTENCE
from echopilot_report.content.clip_sentences import clip_sentences, of_clips
from echopilot_report.content.content import (
    exam_state,
    finding_text,
    heart_rate_sentence,
    no_findings_text,
    not_seen,
    number_rows,
    probability_text,
    short_not_seen,
    station_numbers,
    view_rows,
)
from echopilot_report.content.header import clock_text, date_text, facts_text, has_zone, software_rows
from echopilot_report.content.pressure import basis_sentence
from echopilot_report.content.second_looks import second_look_row
from echopilot_report.content.sources import source_rows
from echopilot_report.dicom.study import SIMULATED_BEFORE_NS, started_at
from echopilot_report.grading import UNKNOWN, PatientFacts
from echopilot_report.grading.wording import notice, text
from echopilot_report.images.coverage import coverage_plot
from echopilot_report.images.figures import aorta_plot, force_plot, force_sentence, gaps_sentence, volume_plot
from echopilot_report.images.key_frame_images import key_frame_image
from echopilot_report.images.key_frames import chosen_keyframes

SHORT_LINES = 6
"""Sentences on what was not assessed on the first sheet; the evidence lists all."""


def render_html(
    record: ExamRecord,
    facts: PatientFacts = UNKNOWN,
    shown_in: Mapping[int, str] | None = None,
    study_uid: str = "",
) -> str:
    """The page. `shown_in` names the DICOM file that holds the image of a frame.

    The record does not know sex, age, height and mass: what is not in `facts` is reported as unknown.
    """
    measured = {m.view for m in record.measurements if m.gate is GateStatus.PASSED}
    images = [
        key_frame_image(key, caption, text("view", key.view.name), key.view in measured)
        for key, caption in chosen_keyframes(record)
    ]
    clips = of_clips(record)
    short = [*clip_sentences(record), *short_not_seen(record)]
    environment = Environment(
        loader=PackageLoader("echopilot_report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        t=text,
        notice=RESEARCH_SENTENCE,
        record=record,
        clips=clips,
        title=text("clips", "title") if clips else text("page", "title"),
        date=date_text(started_at(record), has_zone(record)),
        clock=clock_text(record, record.started_ns < SIMULATED_BEFORE_NS),
        operator=record.header.operator or text("page", "not_named"),
        device=record.header.device or text("page", "not_named"),
        state=exam_state(record),
        facts=facts_text(facts),
        duration=str(timedelta(seconds=round((record.updated_ns - record.started_ns) * 1e-9))),
        views=view_rows(record),
        numbers=number_rows(record, facts),
        grading_notice=notice(),
        no_findings=no_findings_text(record),
        findings=[(f, finding_text(f), second_look_row(record, f)) for f in record.findings],
        probability=probability_text,
        images=[image for image in images if image is not None],
        short_not_seen=short[:SHORT_LINES],
        more_not_seen=max(len(short) - SHORT_LINES, 0),
        not_seen=not_seen(record, facts),
        aorta=aorta_plot(record),
        gaps=gaps_sentence(record),
        pressure_basis=basis_sentence(record),
        stations=station_numbers(record),
        volume=volume_plot(record),
        heart_rate=heart_rate_sentence(record),
        force=force_plot(record),
        force_text=force_sentence(record),
        coverage=coverage_plot(record),
        sources=source_rows(record, shown_in or {}),
        software=software_rows(record.header),
        study_uid=study_uid,
    )

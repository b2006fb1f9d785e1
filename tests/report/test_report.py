"""The report: from the record alone, self-contained, honest about what is missing."""

import math
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_world import SENTENCE, write_exam

from echopilot_core import MeasurementName as Name
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_exam.record import ExamRecord, read_exam
from echopilot_report.grading import PatientFacts, Sex
from echopilot_report.grading.wording import texts
from echopilot_report.pdf import NO_PANGO, pdf_of, summary_sheets, with_summary_on_one_sheet
from echopilot_report.render import render_html

NAMES = [Name.of(word) for word in texts()["measurement"] if word != Name.AORTA_OUTER_AP]


def page_of(folder: Path) -> str:
    return render_html(read_exam(folder))


class TagCounter(HTMLParser):
    """Open and closed tags of a page."""

    void = frozenset({"meta", "img", "br", "link", "hr", "input", "circle", "line"})

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.void:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.void:
            assert self.stack.pop() == tag


def words(html: str) -> str:
    """Text of the page without style, images and tags."""
    html = re.sub(r"<style>.*?</style>|data:image/png;base64,[^\"]*", "", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


@pytest.fixture(scope="module")
def html(exam: Path) -> str:
    return page_of(exam)


def test_whole_report(html: str) -> None:
    text = words(html)
    assert text.count(SENTENCE) == 2
    assert "P-0001" in text and "EDV" in text and "30 mm aneurysm" in text
    assert "orderline abdominal aorta" in text and "Suspected by software, needs review" in text
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b|undefined", text, re.I)
    assert "nan" not in re.sub(r"data:image/png;base64,[^\"]*", "", html).lower()
    assert html.count("<svg") == 4
    assert html.count("data:image/png;base64,") >= 8
    parser = TagCounter()
    parser.feed(html)
    assert parser.stack == []


def test_report_needs_nothing_from_outside(html: str) -> None:
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", html)
    assert "http" not in html and "@import" not in html and "<script" not in html


def test_figures_are_the_same_every_time_and_use_no_identifier_twice(exam: Path, html: str) -> None:
    figures = re.findall(r"<svg.*?</svg>", html, re.S)
    assert figures == re.findall(r"<svg.*?</svg>", page_of(exam), re.S)
    assert all("<path" in figure and "<text" in figure for figure in figures)
    used = {name for figure in figures for name in re.findall(r'(?:href="|url\()#([^")]+)', figure)}
    assert used and all(sum(f'id="{name}"' in figure for figure in figures) == 1 for name in used)


def test_every_number_carries_frame_ids(exam: Path, html: str) -> None:
    record = read_exam(exam)
    targets = set(re.findall(r'id="(frame-\d+)"', html))
    links = set(re.findall(r'href="#(frame-\d+)"', html))
    assert links and links <= targets
    for measurement in record.measurements:
        assert measurement.frame_sequences
        shown = (
            measurement.frame_sequences
            if measurement.name is not Name.AORTA_OUTER_AP
            else measurement.frame_sequences[:1]
        )
        assert {f"frame-{s}" for s in shown} <= targets


def fullest(record: ExamRecord) -> ExamRecord:
    """Every number and every step that there is, with many findings."""
    length = next(m for m in record.measurements if m.name is Name.AORTA_MAX_OUTER_AP)
    volume = next(m for m in record.measurements if m.name is Name.LV_EDV_A4C)
    numbers = []
    for name in NAMES:
        template = length if name.unit == "m" else volume
        value = 0.37 if name.unit == "1" else template.value
        station_m = template.station_m if name.startswith("aorta_") else math.nan
        numbers.append(replace(template, name=name, unit=name.unit, value=value, station_m=station_m))
    steps = load_protocol("complete").steps
    detail = "gate refused: 41 of 72 frames passed, quality 38 %, contact 61 %"
    results = tuple(
        replace(record.results[0], view=step.view, accepted=k % 2 > 0, detail=detail) for k, step in enumerate(steps)
    )
    findings = record.findings * 5
    return replace(record, measurements=tuple(numbers), results=results, findings=findings, keyframes=(), clips=())


def test_summary_of_the_fullest_exam_takes_one_sheet(exam: Path) -> None:
    if pdf_of("<p>x</p>")[0] is None:
        pytest.skip(NO_PANGO)
    html = render_html(fullest(read_exam(exam)), PatientFacts(Sex.MALE, 70.0, 1.75, 80.0))
    assert summary_sheets(html) > 1
    assert summary_sheets(with_summary_on_one_sheet(html)) == 1


def test_report_of_a_truncated_record_says_so(exam: Path, tmp_path: Path) -> None:
    folder = tmp_path / "record"
    shutil.copytree(exam, folder)
    for name in ("seen.jsonl", "control.jsonl"):
        path = folder / name
        path.write_bytes(path.read_bytes()[:-37])
    next(iter((folder / "keyframes").glob("*.npz"))).write_bytes(b"cut")
    next(iter((folder / "keyframes").glob("*.png"))).write_bytes(b"cut")
    text = words(page_of(folder))
    assert "Damage to the record" in text and "control.jsonl" in text and SENTENCE in text


@pytest.mark.parametrize("ticks", [1, 60, 350])
def test_report_of_an_exam_that_died(tmp_path: Path, ticks: int) -> None:
    write_exam(tmp_path / "record", ticks=ticks)
    text = words(page_of(tmp_path / "record"))
    assert "did not run to its end" in text and "not attempted" in text and SENTENCE in text


def test_refused_exam_shows_no_number(refused: Path) -> None:
    text = words(page_of(refused))
    assert "No number passed the quality gate" in text
    assert "not reached" in text and "no ejection fraction could be measured" in text
    assert not re.search(r"\d (mL|mm)\b", text)


def test_text_from_outside_is_escaped(tmp_path: Path) -> None:
    write_exam(tmp_path / "record", "cardiac", ticks=5, patient="<script>alert(1)</script>")
    html = page_of(tmp_path / "record")
    assert "<script" not in html and "&lt;script&gt;" in html

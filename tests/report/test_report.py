"""The report: from the record alone, self-contained, honest about what is missing."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_world import SENTENCE, write_exam

from echopilot_exam.record import read_exam
from echopilot_report.render import render_html


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
    """Text of the page without style, pictures and tags."""
    html = re.sub(r"<style>.*?</style>|data:image/png;base64,[^\"]*", "", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def test_whole_report(exam: Path) -> None:
    html = page_of(exam)
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


def test_report_needs_nothing_from_outside(exam: Path) -> None:
    html = page_of(exam)
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", html)
    assert "http" not in html and "@import" not in html and "<script" not in html


def test_every_number_carries_frame_ids(exam: Path) -> None:
    record, html = read_exam(exam), page_of(exam)
    targets = set(re.findall(r'id="(frame-\d+)"', html))
    links = set(re.findall(r'href="#(frame-\d+)"', html))
    assert links and links <= targets
    for measurement in record.measurements:
        assert measurement.frame_sequences
        shown = measurement.frame_sequences if measurement.name != "aorta_outer_ap" else measurement.frame_sequences[:1]
        assert {f"frame-{s}" for s in shown} <= targets


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


def test_refused_exam_shows_no_number(tmp_path: Path) -> None:
    write_exam(tmp_path / "record", "cardiac", good=False)
    text = words(page_of(tmp_path / "record"))
    assert "No number passed the quality gate" in text
    assert "not reached" in text and "no ejection fraction could be measured" in text
    assert not re.search(r"\d (mL|mm)\b", text)


def test_text_from_outside_is_escaped(tmp_path: Path) -> None:
    write_exam(tmp_path / "record", "cardiac", ticks=5, patient="<script>alert(1)</script>")
    html = page_of(tmp_path / "record")
    assert "<script" not in html and "&lt;script&gt;" in html

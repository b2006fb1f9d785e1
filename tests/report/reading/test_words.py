"""Wording: suspicions only, one file, and the page says it too."""

import dataclasses
import re
from pathlib import Path

import pytest
from reading_world import BOTH, aorta, measured

import echopilot_report.reading
from echopilot_core import Convention, Phase
from echopilot_exam.record import ExamRecord, RecordHeader
from echopilot_report.content import not_seen, number_rows
from echopilot_report.reading import PatientFacts, Sex, load_set, read_all, set_names
from echopilot_report.reading.wording import notice, texts

FOLDER = Path(echopilot_report.reading.__file__).parent
TEXTS = FOLDER.parent / "text_en.yaml"
FACTS = PatientFacts(Sex.FEMALE, 70.0, 1.62, 68.0)


def record(*rows: object) -> ExamRecord:
    header = RecordHeader("P-0001", "full", "")
    return ExamRecord(FOLDER, header, 0, 0, "DONE", True, "", ("AORTA_TRANS sweep",), (), rows, (), ())  # type: ignore[arg-type]


def test_the_word_stands_in_the_notice_alone() -> None:
    assert re.findall("diagnos", notice(), re.I) == ["diagnos"] and "not a diagnosis" in notice()
    files = [TEXTS, *(path for path in FOLDER.rglob("*") if path.suffix in (".py", ".yaml"))]
    assert len(files) > len(set_names())
    found = {path.name: len(re.findall("diagnos", path.read_text(), re.I)) for path in files}
    assert {name: count for name, count in found.items() if count} == {"text_en.yaml": 1}


@pytest.mark.parametrize("sex", BOTH)
def test_every_class_that_is_not_usual_is_a_suspicion_for_review(sex: Sex) -> None:
    for mm in range(15, 70):
        reading = aorta(mm / 1e3, sex)
        assert ("suspected by software, needs review" in reading.wording) == reading.suspected == (mm >= 25)
        assert "needs review" in reading.wording


def test_a_wording_names_number_convention_class_and_follow_up() -> None:
    words = aorta(0.0312).wording
    for part in ("31.2 mm", "outer to outer", "small aneurysm", "after 3 years", "1.2 mm above the border at 30.0 mm"):
        assert part in words


def test_a_reading_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        aorta(0.03).grade = "normal"  # type: ignore[misc]


def test_conventions_and_phases_have_words() -> None:
    assert set(texts()["convention"]) == {c.name for c in Convention}
    assert set(texts()["phase"]) == {p.name for p in Phase}


def test_the_page_shows_class_follow_up_borderline_and_reference() -> None:
    (row,) = number_rows(record(measured(0.0462)), FACTS)
    (reading,) = row.readings
    lines = " ".join(reading.lines)
    assert reading.title == "Large aneurysm" and reading.tone == "suspected" and row.value == "46.2 mm"
    assert "after 6 months" in lines and "1.2 mm above the border at 45.0 mm" in lines
    assert reading.reference == "abdominal_aorta_svs_2018 1.0 (guideline, an extract was read)"


def test_the_page_lists_what_was_not_graded_and_not_measured() -> None:
    lines = " ".join(not_seen(record(measured(0.0462))))
    assert "Abdominal aorta, AP diameter not graded: sex unknown" in lines
    assert "No number for: " in lines and "Pericardial effusion" in lines
    assert "not graded" not in " ".join(not_seen(record(measured(0.0462)), FACTS))


def test_the_shown_number_is_the_sorted_one() -> None:
    for tenths in range(2000, 6000, 7):
        (row,) = number_rows(record(measured(tenths * 1e-5 + 5e-6)), FACTS)
        (reading,) = read_all([measured(tenths * 1e-5 + 5e-6)], FACTS, [load_set("abdominal_aorta_svs_2018")])
        assert row.value == f"{reading.value:.1f} mm"

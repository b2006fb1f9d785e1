"""Wording: suspicions only, one file, and the page says it too."""

import dataclasses
import re
from pathlib import Path

import pytest
from grading_world import BOTH, aorta, measured

import echopilot_report.grading
from echopilot_core import CaliperConvention, CardiacPhase, ExamPhase
from echopilot_exam.record import ExamRecord, RecordHeader
from echopilot_report.content.content import not_seen, number_rows
from echopilot_report.grading import PatientFacts, Sex, grade_all, load_set, set_names
from echopilot_report.grading.wording import notice, texts

FOLDER = Path(echopilot_report.grading.__file__).parent
TEXTS = FOLDER.parent / "text_en.yaml"
FACTS = PatientFacts(Sex.FEMALE, 70.0, 1.62, 68.0)


def record(*rows: object) -> ExamRecord:
    header = RecordHeader("P-0001", "full", "")
    return ExamRecord(FOLDER, header, 0, 0, ExamPhase.DONE, True, "", ("AORTA_TRANS sweep",), (), rows, (), ())  # type: ignore[arg-type]


def test_the_word_stands_in_the_notice_alone() -> None:
    assert re.findall("diagnos", notice(), re.I) == ["diagnos"] and "not a diagnosis" in notice()
    files = [TEXTS, *(path for path in FOLDER.rglob("*") if path.suffix in (".py", ".yaml"))]
    assert len(files) > len(set_names())
    found = {path.name: len(re.findall("diagnos", path.read_text(), re.I)) for path in files}
    assert {name: count for name, count in found.items() if count} == {"text_en.yaml": 1}


@pytest.mark.parametrize("sex", BOTH)
def test_every_class_that_is_not_usual_is_a_suspicion_for_review(sex: Sex) -> None:
    for mm in range(15, 70):
        grade = aorta(mm / 1e3, sex)
        assert ("suspected by software, needs review" in grade.wording) == grade.suspected == (mm >= 25)
        assert "needs review" in grade.wording


def test_a_wording_names_number_convention_class_and_follow_up() -> None:
    words = aorta(0.0312).wording
    for part in ("31.2 mm", "outer to outer", "small aneurysm", "after 3 years", "1.2 mm above the border at 30.0 mm"):
        assert part in words


def test_a_reading_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        aorta(0.03).grade = "normal"  # type: ignore[misc]


def test_conventions_and_phases_have_words() -> None:
    assert set(texts()["convention"]) == {c.name for c in CaliperConvention}
    assert set(texts()["phase"]) == {p.name for p in CardiacPhase}


def test_the_page_shows_class_follow_up_borderline_and_reference() -> None:
    (row,) = number_rows(record(measured(0.0472)), FACTS)
    (grade,) = row.grades
    lines = " ".join(grade.lines)
    assert grade.title == "Medium aneurysm" and grade.tone == "suspected" and row.value == "47.2 mm"
    assert "after 12 months" in lines and "2.8 mm below the border at 50.0 mm" in lines
    assert (
        "SVS practice guidelines" in grade.reference and "recommendations for aneurysm surveillance" in grade.reference
    )
    assert grade.reference.endswith("(guideline, an extract was read; abdominal_aorta_svs_2018 1.1)")


def test_the_page_lists_what_was_not_graded_and_not_measured() -> None:
    lines = " ".join(not_seen(record(measured(0.052))))
    assert "Abdominal aorta, AP diameter not graded: sex unknown" in lines
    assert "Not measured: " in lines and "Pericardial effusion" in lines
    assert "not graded" not in " ".join(not_seen(record(measured(0.052)), FACTS))


def test_the_shown_number_is_the_sorted_one() -> None:
    for tenths in range(2000, 6000, 7):
        (row,) = number_rows(record(measured(tenths * 1e-5 + 5e-6)), FACTS)
        (grade,) = grade_all([measured(tenths * 1e-5 + 5e-6)], FACTS, [load_set("abdominal_aorta_svs_2018")])
        assert row.value == f"{grade.value:.1f} mm"

"""The table of second looks: what ships is whole, what is wrong is refused in one line with the valid choices."""

from pathlib import Path

import pytest

from echopilot_core import EchoPilotError, FindingKind
from echopilot_exam.gate.acceptance_criteria import GATES
from echopilot_exam.protocol.step import StepKind, StepStart
from echopilot_exam.suspicion.page_table import filled
from echopilot_exam.suspicion.table import TABLE_FILE, read_table, second_looks

TEXT = TABLE_FILE.read_text()


def test_the_shipped_table_says_for_each_finding_what_is_done_and_why() -> None:
    table = second_looks()
    assert set(table) == {
        FindingKind.ANEURYSM_ABDOMINAL,
        FindingKind.THROMBUS,
        FindingKind.DISSECTION_FLAP,
        FindingKind.EFFUSION,
        FindingKind.DILATED_ROOT,
    }
    for row in table.values():
        assert all((row.does, row.question, row.first, row.confirms, row.withdraws, row.source))
        assert 1 <= row.looks <= len(row.steps)
        assert all(GATES[step.gate].view is step.view for step in row.steps)


def test_an_aneurysm_is_looked_at_in_a_second_pass_and_in_the_long_axis() -> None:
    again, axis = second_looks()[FindingKind.ANEURYSM_ABDOMINAL].steps
    assert again.kind is StepKind.SWEEP and again.sweep_m == 0.04 and again.start is StepStart.BEFORE
    assert again.force_n < 8.0 and axis.view.name == "AORTA_LONG" and axis.start is StepStart.PLACE


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("ANEURYSM_ABDOMINAL:", "HEADACHE:", "ANEURYSM_ABDOMINAL, DILATED_ROOT"),
        ("  looks: 2", "  looks: 9", "from 1 to 4"),
        ("  looks: 2", "  looks: 4", "there are 2 steps"),
        ("  frames: 10", "  frames: few", "whole number"),
        ("  budget_s: 240", "  budget_s: 9000", "from 10 to 600"),
        ("  agree_mm: 4.0", "  agree: 4.0", "unknown key"),
        ("  agree_mm: 4.0\n", "", "agree_mm missing"),
        ("start: before, length_mm: 40", "start: before", "needs length_mm"),
        ("start: place, title", "start: place, length_mm: 40, title", "is for a sweep"),
        ("start: place, title", "start: there, title", "usual, place, before"),
        ("start: place, title", "guided: true, title", "unknown key"),
        ("view: AORTA_LONG, kind: acquire", "view: A4C, kind: acquire", "not for view A4C"),
        ("force_n: 6.0", "force_n: 13.0", "from 2 to 12"),
    ],
)
def test_a_wrong_table_is_refused_in_one_line(tmp_path: Path, old: str, new: str, word: str) -> None:
    assert old in TEXT
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(EchoPilotError, match=word) as error:
        read_table(path)
    assert "\n" not in str(error.value)


def test_the_page_shows_the_table() -> None:
    page = (Path(__file__).parents[3] / "docs" / "second_looks.md").read_text(encoding="utf-8")
    assert page == filled(page), "fill it in: echopilot_exam.suspicion.page_table.filled"
    with pytest.raises(ValueError, match="no place"):
        filled("# A page without marks")

"""Figures of labeled real images count what was said against what the labels say."""

import json
from pathlib import Path

import numpy as np
import pytest

from echopilot_core import FindingKind, SegmentationClass, View
from echopilot_lab.evaluation.real.figures import real_figures
from echopilot_lab.evaluation.real.gray_changes import CHANGES, GrayChange
from echopilot_lab.evaluation.real.labels import LabeledFile
from echopilot_lab.evaluation.real.observe import FrameAnswer, SeenFile
from echopilot_lab.evaluation.real.outlines import dice_of, outlines_beside
from echopilot_lab.evaluation.real.page import Origin, page_html
from echopilot_lab.evaluation.real.verdict import AnswerFault, faults
from echopilot_perception.anomaly import ClipVote

NONE, A4C, A2C = View.NONE, View.A4C, View.A2C
FLUID, WRONG = FindingKind.EFFUSION, FindingKind.WRONG_ORGAN


def seen(
    label: str,
    nearest: list[View],
    named: View = NONE,
    *,
    foreign: bool = False,
    effusion: bool | None = None,
    ood: float = 0.2,
    findings: frozenset[FindingKind] = frozenset(),
    refusal: str = "",
) -> SeenFile:
    name = f"{label}-{len(nearest)}.mp4"
    frames = tuple(FrameAnswer(named, view, 0.6, 0.5, ood) for view in nearest)
    answer = ClipVote(NONE if ood >= 0.9 else named)
    row = LabeledFile(Path(name), name, label, foreign, effusion)
    return SeenFile(row, refusal, frames, answer, findings, GrayChange(0.1 * ood, 0.02, 0) if frames else None)


FILES = [
    seen("A4C", [A4C, A4C, A2C], A4C, effusion=True, findings=frozenset({FLUID})),
    seen("A4C", [A2C, A2C, A4C, NONE], A2C, effusion=True),
    seen("PSAX", [View.PSAX_AV, View.PSAX_PM, A2C, A2C, View.PSAX_MV], ood=0.95, findings=frozenset({WRONG})),
    seen("A2C", [A2C], effusion=None),
    seen("A2C", [A4C], ood=0.95),
    seen("A3C", [], refusal="no sector"),
    seen("NONE", [A4C] * 2, A4C, effusion=False, findings=frozenset({FLUID})),
    seen("NONE", [A4C] * 2, A4C, foreign=True, ood=0.95),
    seen("NONE", [A4C] * 3, View.AORTA_LONG, foreign=True, ood=0.5),
    seen("NONE", [], foreign=True, refusal="a spectrum"),
]


def test_the_figures_are_those_of_the_answers() -> None:
    found = real_figures(FILES)
    assert found["clips"] == {"n": 4, "nearest_right": 2, "named_right": 1, "named_wrong": 1}
    assert found["stills"] == {"n": 2, "nearest_right": 1, "named_right": 0, "named_wrong": 0}
    assert found["frames"] == {"n": 14, "named_right": 3, "named_wrong": 4, "nearest_right": 7}
    assert (found["hearts"], found["hearts_called_foreign"], found["hearts_foreign_by_score"]) == (6, 1, 2)
    assert (found["foreign"], found["foreign_named"], found["foreign_named_by_frames"]) == (3, 1, 2)
    assert (found["other"], found["other_named"]) == (1, 1)
    assert found["refused"] == {"hearts": 1, "foreign": 1, "other": 0}
    assert found["effusion"] == {"n": 3, "tp": 1, "fp": 1, "fn": 1, "tn": 0}
    assert found["gray_change"]["ood"]["max"] == pytest.approx(0.095)
    assert found["views"]["A4C"]["n"] == 2
    json.dumps(found, allow_nan=False)


def test_a_refusal_is_right_for_what_is_foreign_and_wrong_for_a_heart() -> None:
    assert [faults(f) for f in FILES if f.refusal] == [(AnswerFault.REFUSED,), ()]
    heart, foreign = seen("A4C", [A4C]), seen("NONE", [], foreign=True, refusal="text")
    assert real_figures([heart, foreign])["ood_auroc"] == 1.0
    lost, plain = seen("A4C", [], refusal="text"), seen("NONE", [A4C], foreign=True)
    assert real_figures([lost, plain])["ood_auroc"] == 0.0
    assert real_figures([heart])["ood_auroc"] is None


def test_every_file_and_every_fault_is_on_the_page_and_foreign_words_stay_text() -> None:
    evil = seen("NONE", [], refusal="<script>alert(1)</script>")
    text = page_html([*FILES, evil], real_figures(FILES), Origin("a&b", "edge", "0" * 64))
    assert text.count("<article") == len(FILES) + 1 and "a&amp;b" in text and "<script>alert" not in text
    for fault in {fault for f in FILES for fault in faults(f)}:
        assert fault.value in text
    assert "http" not in text and 'src="/' not in text


def test_gray_changes_never_fall() -> None:
    assert len(CHANGES) >= 8
    for curve in CHANGES.values():
        assert curve.shape == (256,) and (np.diff(curve.astype(int)) >= 0).all() and curve[0] == 0 and curve[200] > 99


def test_dice_is_one_on_the_outline_and_half_on_half_of_it(tmp_path: Path) -> None:
    square = [[10, 10], [29, 10], [29, 29], [10, 29]]
    (tmp_path / "a_outlines.json").write_text(json.dumps({"frames": {"3": {"phase": "any", "LV": square}}}))
    outlines = outlines_beside(tmp_path / "a.mp4")
    labels = np.zeros((40, 40), np.uint8)
    labels[10:30, 10:30] = SegmentationClass.LV
    (whole,) = dice_of(3, labels, outlines[3])
    assert whole.dice == 1.0 and whole.tissue is SegmentationClass.LV
    labels[10:20] = 0
    (part,) = dice_of(3, labels, outlines[3])
    assert part.dice == pytest.approx(2 / 3)
    assert outlines_beside(tmp_path / "b.mp4") == {}

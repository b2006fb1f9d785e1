"""Evaluation counts what it says, and its figures reach the model card when they are asked for."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from echopilot_core import FindingKind, SegmentationClass
from echopilot_lab.evaluation import run
from echopilot_lab.evaluation.card import TITLE
from echopilot_lab.evaluation.figures import figures
from echopilot_lab.evaluation.intervals import intervals
from echopilot_lab.evaluation.marks import Marks, ScoredCase
from echopilot_perception.model import SHIPPED


def made_marks(seed: int) -> Marks:
    """One patient: half of the ventricle found, nine of ten views right, an aneurysm seen and a healthy one passed."""
    rng = np.random.default_rng(seed)
    marks = Marks(
        view_true=[5] * 10, predicted_view=[5] * 9 + [0], view_sure=[0.9] * 10, view_clear=[True] * 9 + [False]
    )
    (
        marks.true_cells[SegmentationClass.LV],
        marks.predicted_cells[SegmentationClass.LV],
        marks.both_cells[SegmentationClass.LV],
    ) = 100, 100, 50
    marks.false_share[SegmentationClass.LA], marks.absent[SegmentationClass.LA] = 0.04, 8
    marks.quality_true = marks.predicted_quality = rng.random(10).tolist()
    marks.ood_usual, marks.ood_scores = [0.1, 0.2, 0.3], [("gain", 0.9), ("lifted", 0.25)]
    marks.aorta_mm, marks.aorta_direct_mm = [1.0, -2.0], [0.5]
    marks.ef, marks.latency_ms, marks.landmark_right = [(55.0, 60.0)], [10.0], [True]
    kind = FindingKind.ANEURYSM_ABDOMINAL.name
    marks.scored_cases = [
        ScoredCase(kind, 0.9, True),
        ScoredCase(kind, 0.2, False),
        ScoredCase(kind, 0.4, True, clear=False),
    ]
    return marks


def test_figures_are_those_of_the_marks() -> None:
    found = figures(made_marks(1))
    assert found["dice"]["LV"] == 0.5 and found["false_area"]["LA"] == pytest.approx(0.005)
    assert found["view_accuracy"] == 0.9 and found["view_accuracy_clear"] == 1.0 and found["ece"] == pytest.approx(0.0)
    assert found["quality_spearman"] == pytest.approx(1.0)
    assert found["ood_auroc_of"] == {"gain": 1.0, "lifted": pytest.approx(2 / 3)}
    assert found["aortic_diameter_error_mm"]["mae"] == 1.5 and found["ef_error_pct"]["mae"] == 5.0
    aneurysm = found["findings"]["ANEURYSM_ABDOMINAL"]
    assert (aneurysm["sensitivity"], aneurysm["specificity"], aneurysm["borderline"]) == (1.0, 1.0, 1)


def test_intervals_hold_the_figure_and_shrink_with_patients() -> None:
    rng = np.random.default_rng(7)
    parts = []
    for seed in range(64):
        part = made_marks(seed)
        part.both_cells[SegmentationClass.LV] = int(rng.integers(20, 80))
        parts.append(part)
    few, many = (intervals(parts[:n])["dice"]["LV"] for n in (8, 64))
    joined = Marks()
    for part in parts:
        joined.add(part)
    assert many[0] < figures(joined)["dice"]["LV"] < many[1]
    assert many[1] - many[0] < few[1] - few[0]


def test_the_card_gets_the_figures_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the rendering of patients is replaced; model, figures and card are real."""
    folder = shutil.copytree(SHIPPED, tmp_path / "model")
    monkeypatch.setattr(run, "run_all", lambda *_: [made_marks(1), made_marks(2)])
    for _ in range(2):
        run.evaluate_patients(2, 600_000, Console(quiet=True), model=folder, card=True)
    text = (folder / "MODEL_CARD.md").read_text()
    assert text.count(TITLE) == 1 and "| Dice LV | 0.500 |" in text and "## Known failures" in text

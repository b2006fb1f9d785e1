"""The ROC curve, its operating point and its image."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from echopilot_core import EchoPilotError
from echopilot_lab.evaluation.roc import draw_roc, operating_point, roc
from echopilot_perception.anomaly import auroc


def drawn(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.4
    return np.round(np.clip(rng.normal(0.35 + 0.3 * truth, 0.2), 0, 1), 2), truth


def test_the_curve_rises_from_corner_to_corner_over_the_area_of_the_ranks() -> None:
    seed = int(np.random.default_rng().integers(1 << 31))
    print(f"seed {seed}")
    scores, truth = drawn(seed)
    curve = roc("EFFUSION", scores, truth)
    x, y = curve.false_positive, curve.true_positive
    assert (x[0], y[0], x[-1], y[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert (np.diff(x) >= 0).all() and (np.diff(y) >= 0).all()
    assert float((np.diff(x) * (y[1:] + y[:-1]) / 2).sum()) == pytest.approx(auroc(scores, truth))


def test_the_operating_point_lies_on_the_curve_inside_its_intervals() -> None:
    scores, truth = drawn(5)
    curve, point = roc("THROMBUS", scores, truth, 0.42), operating_point(scores, truth, 0.42)
    corners = np.c_[curve.false_positive, curve.true_positive]
    here = [1.0 - point.specificity.value, point.sensitivity.value]
    assert np.abs(corners - here).sum(axis=1).min() < 1e-12
    for rate in (point.sensitivity, point.specificity):
        assert 0.0 <= rate.low < rate.value < rate.high <= 1.0


def test_the_picture_shows_every_curve_in_its_color(tmp_path: Path) -> None:
    path = tmp_path / "roc.png"
    draw_roc([roc("THROMBUS", *drawn(1)), roc("EFFUSION", *drawn(2))], path)
    pixels = np.asarray(Image.open(path)).astype(int)
    for color in ((0, 114, 178), (213, 94, 0)):
        assert (np.abs(pixels - color).sum(axis=2) < 12).sum() > 400


def test_one_sort_of_patient_gives_no_curve(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="positives and negatives"):
        roc("EFFUSION", [0.2, 0.3], [False, False])
    with pytest.raises(EchoPilotError, match="no ROC"):
        draw_roc([], tmp_path / "roc.png")

"""The out-of-distribution score keeps its scale and tells unseen kinds of foreign features."""

from pathlib import Path

import numpy as np
import pytest

from echopilot_core import EchoPilotError
from echopilot_perception import ood
from echopilot_perception.training.out_of_distribution import fit, save


def _fitted(rng: np.random.Generator) -> tuple[ood.FeatureStatistics, np.ndarray]:
    mix = rng.normal(size=(24, 24))
    usual = rng.normal(size=(1500, 24)) @ mix
    foreign = usual[:500] + 6.0 * rng.normal(size=24)
    return fit(usual[:1000], usual[1000:1250], foreign), usual[1250:] + 0.0


def test_half_lies_at_the_99th_percentile_of_validation() -> None:
    statistics, usual = _fitted(np.random.default_rng(1))
    scores = np.array([ood.score(statistics, row) for row in usual])
    assert float((scores < 0.5).mean()) > 0.95
    assert float(np.median(scores)) < 0.1


def test_features_far_off_in_a_direction_never_shown_score_high() -> None:
    rng = np.random.default_rng(2)
    statistics, usual = _fitted(rng)
    spread = usual.std(axis=0)
    for _ in range(20):
        away = usual[0] + 40.0 * spread * rng.normal(size=24)
        assert ood.score(statistics, away) > 0.9


def test_it_survives_its_file(tmp_path: Path) -> None:
    statistics, usual = _fitted(np.random.default_rng(3))
    save(tmp_path / "ood.npz", statistics)
    again = ood.load(tmp_path / "ood.npz")
    assert ood.score(again, usual[0]) == pytest.approx(ood.score(statistics, usual[0]), abs=1e-3)
    (tmp_path / "ood.npz").write_bytes(b"PK nonsense")
    with pytest.raises(EchoPilotError, match=r"ood\.npz"):
        ood.load(tmp_path / "ood.npz")

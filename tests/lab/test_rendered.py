"""Rendered training data: pure functions of the seed, on the skin, and true to the simulator."""

from pathlib import Path

import numpy as np
import pytest

from built_patients import drawn
from echopilot_core import EchoPilotError, View, se3
from echopilot_lab.evaluation import evaluate_patients
from echopilot_lab.probing import Recipe, draw_moments, moment_at
from echopilot_lab.producing import pictures
from echopilot_lab.rendered import TRAIN_SEEDS, label_view, load, patient_samples, training_seeds
from echopilot_sim.anatomy import draw_patient
from echopilot_sim.bmode import Renderer
from echopilot_sim.moment import ImagingSettings, Phases
from echopilot_sim.truth import truth_of

SMALL = Recipe(a4c=3, aorta=3, wide=1, other=1, anywhere=1)


def test_same_seed_same_samples() -> None:
    a, b = (patient_samples(499_999, SMALL) for _ in range(2))
    assert len(a) == 9
    assert np.array_equal(a.image, b.image) and np.array_equal(a.labels, b.labels)
    assert np.array_equal(a.guidance, b.guidance)


def test_poses_touch_or_hover_and_labels_lead_to_the_view() -> None:
    """Probes stand within 35 mm of the skin, and the guidance label carries the probe exactly to the view."""
    anatomy = drawn(499_998)
    moments = draw_moments(anatomy, np.random.default_rng(0), Recipe(a4c=6, aorta=6, wide=0, other=2, anywhere=2))
    assert len(moments) >= 14
    for moment in moments:
        distance = anatomy.signed_distance(moment.T_patient_probe[None, :3, 3], moment.phases)[0]
        assert -0.035 < distance < 0.015
        error = truth_of(anatomy, moment).error(View.A4C)
        target = anatomy.view_target(View.A4C, moment.phases)
        assert error is not None and target is not None
        assert np.allclose(moment.T_patient_probe @ se3.exp(error.motion), target, atol=1e-6)


def test_a_view_counts_only_where_something_of_it_is_visible() -> None:
    anatomy = drawn(499_998)
    target = anatomy.view_target(View.A4C, Phases())
    assert target is not None
    away = target @ se3.transform(np.eye(3), np.array([0.0, 0.0, -0.012]))
    seen, unseen = (moment_at(anatomy, T, Phases(), ImagingSettings()) for T in (target, away))
    for moment, view in ((seen, View.A4C), (unseen, View.NONE)):
        picture = next(pictures(anatomy, [moment], [Renderer(anatomy, "fast")], np.random.default_rng(0)))
        assert picture.truth.view == View.A4C and label_view(picture.truth) == view


def test_training_patients_have_more_of_what_is_rare_and_none_of_validation() -> None:
    seeds = training_seeds(2000, 24)
    patients = [draw_patient(seed) for seed in seeds]
    assert len(set(seeds)) == 24 and seeds == sorted(seeds) and min(seeds) >= 2000
    assert sum(p.aorta is not None and p.aorta.dissection is not None for p in patients) == 2
    wide = [p.heart and max(p.heart.sinus_radius_m, p.heart.ascending_radius_m) >= 0.018 for p in patients]
    assert sum(map(bool, wide)) >= 6
    with pytest.raises(EchoPilotError, match="do not hold 24"):
        training_seeds(TRAIN_SEEDS[1] - 20, 24)


def test_training_seeds_are_not_evaluated() -> None:
    from rich.console import Console

    with pytest.raises(EchoPilotError, match="used in training"):
        evaluate_patients(1, 7, Console())


@pytest.mark.parametrize("kept_bytes", [0, 7, 700])
def test_damaged_shard_is_named(kept_bytes: int, tmp_path: Path) -> None:
    path = tmp_path / "patient_000001.npz"
    np.savez_compressed(path, image=np.arange(4096))
    path.write_bytes(path.read_bytes()[:kept_bytes])
    with pytest.raises(EchoPilotError, match="patient_000001"):
        load([path])

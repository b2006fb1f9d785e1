"""Rendered training data: pure functions of the seed, on the skin, and true to the simulator."""

import math
from pathlib import Path

import numpy as np
import pytest

from built_patients import drawn
from echopilot_core import EchoPilotError, ScannerSettings, View, se3
from echopilot_lab.datasets.probe_pose_sampling import Recipe, draw_frame_states, frame_state_at
from echopilot_lab.datasets.sample_rendering import render_samples
from echopilot_lab.datasets.training_shards import TRAIN_SEEDS, load, patient_samples, training_seeds
from echopilot_lab.datasets.visible_labels import label_view, shown_view
from echopilot_lab.evaluation import evaluate_patients
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.bmode import Renderer
from echopilot_sim.frame_state import Phases
from echopilot_sim.truth.frame_truth import truth_of

SMALL = Recipe(a4c=3, aorta=3, wide=1, other=1, anywhere=1)


def test_same_seed_same_samples() -> None:
    a, b = (patient_samples(499_999, SMALL) for _ in range(2))
    assert len(a) == 9
    assert np.array_equal(a.image, b.image) and np.array_equal(a.labels, b.labels)
    assert np.array_equal(a.guidance, b.guidance)


def test_poses_touch_or_hover_and_labels_lead_to_the_view() -> None:
    """Probes stand within 35 mm of the skin, and the guidance label carries the probe exactly to the view."""
    anatomy = drawn(499_998)
    frame_states = draw_frame_states(
        anatomy, np.random.default_rng(0), Recipe(a4c=6, aorta=6, wide=0, other=2, anywhere=2)
    )
    assert len(frame_states) >= 14
    for frame_state in frame_states:
        distance = anatomy.signed_distance(frame_state.T_patient_probe[None, :3, 3], frame_state.phases)[0]
        assert -0.035 < distance < 0.015
        error = truth_of(anatomy, frame_state).error(View.A4C)
        target = anatomy.view_target(View.A4C, frame_state.phases)
        assert error is not None and target is not None
        assert np.allclose(frame_state.T_patient_probe @ se3.exp(error.motion), target, atol=1e-6)


def test_a_view_counts_only_where_something_of_it_is_visible() -> None:
    anatomy = drawn(499_998)
    target = anatomy.view_target(View.A4C, Phases())
    assert target is not None
    away = target @ se3.transform(np.eye(3), np.array([0.0, 0.0, -0.012]))
    seen, unseen = (frame_state_at(anatomy, T, Phases(), ScannerSettings()) for T in (target, away))
    for frame_state, view in ((seen, View.A4C), (unseen, View.NONE)):
        sample = next(render_samples(anatomy, [frame_state], [Renderer(anatomy, "fast")], np.random.default_rng(0)))
        assert sample.truth.view == View.A4C
        assert label_view(sample.truth) == shown_view(sample.truth) == view


def test_the_nearest_view_is_taught_far_from_the_standard_plane() -> None:
    anatomy = drawn(499_998)
    target = anatomy.view_target(View.A4C, Phases())
    assert target is not None
    turned = target @ se3.transform(se3.so3_exp(np.array([0.0, 0.0, math.radians(24.0)])), np.zeros(3))
    frame_state = frame_state_at(anatomy, turned, Phases(), ScannerSettings())
    sample = next(render_samples(anatomy, [frame_state], [Renderer(anatomy, "fast")], np.random.default_rng(0)))
    assert label_view(sample.truth) is View.NONE and shown_view(sample.truth) is View.A4C


def test_training_patients_have_more_of_what_is_rare_and_none_of_validation() -> None:
    seeds = training_seeds(2000, 24)
    patients = [sample_patient(seed) for seed in seeds]
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

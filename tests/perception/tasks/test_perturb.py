"""Perturbations change what is shown and nothing else, and repeat."""

import numpy as np
import pytest

from echopilot_perception.tasks.perturb import PERTURBATIONS, perturbed, perturbed_set
from echopilot_perception.tasks.task_set import TaskSet

IMAGES = np.random.default_rng(0).integers(20, 160, (3, 256, 256)).astype(np.uint8)
IMAGES[:, :, :50] = 0


@pytest.mark.parametrize("kind", PERTURBATIONS)
def test_a_perturbation_leaves_the_black_black_and_repeats(kind: str) -> None:
    changed = perturbed(IMAGES, kind)
    assert np.array_equal(changed, perturbed(IMAGES, kind)) and changed.dtype == np.uint8
    assert np.array_equal(changed == 0, IMAGES == 0) and (changed != IMAGES)[:, :, 50:].mean() > 0.5


def test_each_does_what_its_name_says() -> None:
    shown = IMAGES > 0
    plain, gain, blur, speckle, haze = (
        x[shown].astype(float) for x in (IMAGES, *(perturbed(IMAGES, kind) for kind in PERTURBATIONS))
    )
    assert gain.mean() == pytest.approx(1.4 * plain.mean(), rel=0.01)
    assert blur.std() < 0.5 * plain.std() and speckle.std() > plain.std()
    hazed = perturbed(IMAGES, "haze")[:, :, 50:].mean(axis=(0, 2)) - IMAGES[:, :, 50:].mean(axis=(0, 2))
    assert hazed[:20].mean() > 2.0 * hazed[-20:].mean() > 0.0 and haze.mean() > plain.mean()


def test_images_to_learn_from_stay_as_they_are() -> None:
    held_out = np.array([False, True, False])
    data = TaskSet("x", IMAGES, np.arange(3), held_out, {})
    changed = perturbed_set(data, "gain")
    assert np.array_equal(changed.images[~held_out], IMAGES[~held_out])
    assert not np.array_equal(changed.images[1], IMAGES[1])

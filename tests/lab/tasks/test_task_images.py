"""Rendered sets hold what their applications need, phantoms show the lesion that their truth names, seeds repeat."""

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from echopilot_core import EchoPilotError, FindingKind, SegmentationClass, View
from echopilot_lab.tasks.images import ImagePlan, task_sets
from echopilot_lab.tasks.lesions import FAMILIES, IMAGES, lesion_images
from echopilot_lab.tasks.paired_intervals import difference, scored
from echopilot_lab.tasks.rendered import task_set
from echopilot_perception.heads.disease import KINDS
from echopilot_perception.tasks.applications import APPLICATIONS, OVARY, STATEMENTS, THYROID
from echopilot_perception.tasks.task_set import known
from echopilot_perception.training import Sample, stack


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_phantoms_are_the_same_for_a_seed_and_show_the_lesion(family: str) -> None:
    images, maps, malignant = lesion_images(family, 650_003)
    again = lesion_images(family, 650_003)
    assert np.array_equal(images, again[0]) and np.array_equal(maps, again[1]) and malignant == again[2]
    assert images.shape == (IMAGES, 256, 256) and (images > 0).mean() > 0.15
    seeds = range(650_000, 650_016)
    with_lesion = [FAMILIES[family](np.random.default_rng((s, sum(map(ord, family))))) for s in seeds]
    assert {case.malignant for case in with_lesion} == {False, True}
    assert (family == THYROID) == any(case.lesion is None for case in with_lesion)


def test_a_cyst_is_darker_than_what_lies_around_it() -> None:
    darker = []
    for seed in range(650_000, 650_012):
        images, maps, malignant = lesion_images(OVARY, seed)
        if not malignant and maps[0].any():
            inside = np.kron(maps[0], np.ones((4, 4), np.uint8)) > 0
            beside = np.roll(inside, 90, axis=1) & ~inside & (images[0] > 0)
            darker.append(float(images[0][inside].mean()) < float(images[0][beside].mean()))
    assert np.mean(darker) > 0.5


def test_samples_become_targets_of_every_application_and_unknown_stays_unknown() -> None:
    labels = np.zeros((128, 128), np.uint8)
    labels[40:80, 40:80] = SegmentationClass.LA
    disease = np.zeros((64, 64), np.uint8)
    disease[:2] = 1 << KINDS.index(FindingKind.EFFUSION)
    image = np.full((256, 256), 9, np.uint8)
    rows = [
        Sample(image, labels, int(View.A4C), quality=0.5, disease=disease, calm=image[::2, ::2], calm_known=True),
        Sample(image, np.full_like(labels, 255)),
    ]
    data = task_set(stack(rows), np.array([1, 2]), np.array([False, True]))
    of_rendered = [a for a in APPLICATIONS.values() if a.images == data.name]
    assert {a.target for a in of_rendered} == set(data.targets)
    told = {name: known(target).tolist() for name, target in data.targets.items()}
    assert told.pop("vessel") == told.pop("landmarks") == told.pop("diameter") == [False, False]
    assert all(rows == [True, False] for rows in told.values()), told
    chambers = data.targets["chambers"][0]
    assert set(np.unique(chambers)) == {0, 3} and (chambers == 3).mean() == pytest.approx((40 / 128) ** 2)
    said = data.targets["statements"][0]
    assert [STATEMENTS[i] for i in np.flatnonzero(said == 1)] == [
        "The image shows the view A4C.",
        "There is fluid around the heart.",
    ]
    assert (data.targets["statements"][1] == -1).all()


def test_paired_draws_see_a_difference_that_single_intervals_hide() -> None:
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(20), 5)
    level = np.repeat(rng.normal(0.0, 5.0, 20), 5)[:, None] + rng.normal(0.0, 0.1, (100, 1))
    first, second = (scored([level + shift], patients, lambda m: float(m.mean())) for shift in (0.0, 0.2))
    assert first.interval[1] > second.interval[0]
    found = difference(first, second)
    assert found.sure and found.value == pytest.approx(0.2) and found.interval[0] == pytest.approx(0.2)
    assert not difference(first, first).sure


def test_too_few_patients_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="give 2 or more"):
        task_sets([APPLICATIONS["view"]], ImagePlan(tmp_path, 1, 1), Console(quiet=True))
    with pytest.raises(EchoPilotError, match="give 4 patients or more"):
        task_sets([APPLICATIONS["ovarian_mass"]], ImagePlan(tmp_path, lesion_patients=2), Console(quiet=True))

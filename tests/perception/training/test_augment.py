"""Augmentation changes how pictures look; what it moves, it moves for all that is learned alike."""

import numpy as np
from synthetic import ring_samples

from echopilot_core import LandmarkName, Tissue
from echopilot_perception import grid
from echopilot_perception.training.augment import augmented
from echopilot_perception.training.outliers import outliers


def test_the_same_seed_gives_the_same_batch_and_leaves_the_first_alone() -> None:
    data = ring_samples(6, seed=4)
    before = data.image.copy()
    a, b = (augmented(data, np.random.default_rng(9)) for _ in range(2))
    assert (a.image == b.image).all() and (a.labels == b.labels).all()
    assert (data.image == before).all() and not (a.image == before).all()


def test_landmarks_stay_on_the_ring() -> None:
    """However the body is stretched and turned, the near calliper end stays on the upper edge of the vessel."""
    data = ring_samples(48, seed=8)
    out = augmented(data, np.random.default_rng(3))
    moved = 0
    for labels, point, sizes in zip(out.labels, out.landmarks[:, LandmarkName.AORTA_NEAR], out.sizes, strict=True):
        wall = np.argwhere(np.isin(labels, (Tissue.AO_WALL, Tissue.AO_LUMEN)))
        if not np.isfinite(point).all() or len(wall) < 500:
            continue
        column, row = (point[0] - grid.ORIGIN_X_M) / grid.SPACING_M, (point[1] - grid.ORIGIN_Y_M) / grid.SPACING_M
        assert np.hypot(wall[:, 1] - column, wall[:, 0] - row).min() < 2.5
        assert row < wall[:, 0].mean()
        moved += bool(np.isnan(sizes).all())
    assert moved > 5


def test_black_outside_the_sector_stays_black() -> None:
    data = ring_samples(8, seed=5)
    data.image[:, :, :40] = 0
    out = augmented(data, np.random.default_rng(1))
    still = ~np.isnan(out.sizes).all(axis=1)
    marks = (out.image[still][:, :, :40] > 0) & (out.image[still][:, :, :40] != 230)
    assert not marks.any()


def test_made_up_outliers_differ_from_their_pictures() -> None:
    images = ring_samples(18, seed=6).image
    made = outliers(images, np.random.default_rng(2))
    assert made.shape == images.shape and made.dtype == np.uint8
    assert (np.abs(made.astype(int) - images).mean(axis=(1, 2)) > 3).all()

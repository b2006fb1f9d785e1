"""Augmentation changes how images look; what it moves, it moves for all that is learned alike."""

import numpy as np
import pytest
from synthetic import ring_samples

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from echopilot_core import LandmarkName, SegmentationClass  # noqa: E402
from echopilot_perception import grid  # noqa: E402
from echopilot_perception.heads.base import UNKNOWN_LABEL  # noqa: E402
from echopilot_perception.training import Samples  # noqa: E402
from echopilot_perception.training.augment import augmented  # noqa: E402
from echopilot_perception.training.batches import Batch, on_device, tensors  # noqa: E402
from echopilot_perception.training.out_of_distribution import outliers  # noqa: E402

CPU = torch.device("cpu")


def changed(data: Samples, seed: int) -> Batch:
    return augmented(on_device(tensors(data), CPU), torch.Generator().manual_seed(seed))


def test_the_same_seed_gives_the_same_batch_and_leaves_the_first_alone() -> None:
    data = ring_samples(6, seed=4)
    before = [data.image.copy(), data.labels.copy(), data.landmarks.copy()]
    a, b = (changed(data, 9) for _ in range(2))
    assert all(torch.equal(a[name], b[name]) for name in ("image", "labels", "disease"))
    for was, now in zip(before, (data.image, data.labels, data.landmarks), strict=True):
        np.testing.assert_array_equal(was, now)
    assert not torch.equal(a["image"], on_device(tensors(data), CPU)["image"])


def test_images_stay_between_black_and_white() -> None:
    image = changed(ring_samples(16, seed=4), 2)["image"]
    assert torch.isfinite(image).all() and float(image.min()) >= 0.0 and float(image.max()) <= 1.0
    assert float(image.std()) > 0.05


def test_landmarks_stay_on_the_ring() -> None:
    """However the body is stretched and turned, the near caliper end stays on the upper edge of the vessel."""
    out = changed(ring_samples(96, seed=8), 3)
    moved = 0
    for labels, points, sizes in zip(out["labels"].numpy(), out["landmarks"].numpy(), out["sizes"], strict=True):
        wall, point = (
            np.argwhere(np.isin(labels, (SegmentationClass.AO_WALL, SegmentationClass.AO_LUMEN))),
            points[LandmarkName.AORTA_NEAR],
        )
        if not np.isfinite(point).all() or len(wall) < 500:
            continue
        column, row = (
            (point[0] - grid.STANDARD.x_m[0]) / grid.STANDARD.spacing_m,
            (point[1] - grid.STANDARD.y_m[0]) / grid.STANDARD.spacing_m,
        )
        assert np.hypot(wall[:, 1] - column, wall[:, 0] - row).min() < 2.5
        assert row < wall[:, 0].mean()
        moved += bool(torch.isnan(sizes).all())
    assert moved > 5


def test_image_and_labels_move_together() -> None:
    """A vessel drawn into the image as its own mask is found where the mask went, stretched or not."""
    data = ring_samples(64, seed=8)
    lumen = (data.labels == SegmentationClass.AO_LUMEN).repeat(2, axis=1).repeat(2, axis=2)
    data.image[:] = np.where(lumen, 250, 25)
    out = changed(data, 5)
    overlaps = []
    for image, labels in zip(out["image"][:, 0].numpy(), out["labels"].numpy(), strict=True):
        coarse = image.reshape(grid.CELLS, 2, grid.CELLS, 2).mean(axis=(1, 3))
        result, there = coarse > 0.5 * (coarse.max() + np.median(coarse)), labels == SegmentationClass.AO_LUMEN
        if there.sum() > 200:
            overlaps.append(2 * (result & there).sum() / (result.sum() + there.sum()))
    assert len(overlaps) > 30 and np.median(overlaps) > 0.9


def test_what_is_cut_away_is_black_and_not_known() -> None:
    out = changed(ring_samples(64, seed=8), 7)
    shortened = (out["labels"][:, -1] == UNKNOWN_LABEL).all(dim=1) & (out["image"][:, 0, -1] == 0.0).all(dim=1)
    assert int(shortened.sum()) > 3
    for labels, disease in zip(out["labels"][shortened], out["disease"][shortened], strict=True):
        assert (disease[-1] == UNKNOWN_LABEL).all() and (labels[0] != UNKNOWN_LABEL).any()


def test_black_outside_the_sector_stays_black() -> None:
    data = ring_samples(8, seed=5)
    data.image[:, :, :40] = 0
    out = changed(data, 1)
    still = ~torch.isnan(out["sizes"]).all(dim=1)
    outside = out["image"][still][:, 0, :, :40]
    assert not ((outside > 0) & (outside != 230.0 / 255.0)).any()


def test_made_up_outliers_differ_from_their_images() -> None:
    images = ring_samples(18, seed=6).image
    made = outliers(images, np.random.default_rng(2))
    assert made.shape == images.shape and made.dtype == np.uint8
    assert (np.abs(made.astype(int) - images).mean(axis=(1, 2)) > 3).all()

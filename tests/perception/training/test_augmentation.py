"""Augmentation changes how images look; what it moves, it moves for all that is learned alike."""

import numpy as np
import pytest
from synthetic import ring_samples

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from echopilot_core import LandmarkName, SegmentationClass  # noqa: E402
from echopilot_perception import grid  # noqa: E402
from echopilot_perception.heads.base import UNKNOWN_LABEL  # noqa: E402
from echopilot_perception.training import Samples  # noqa: E402
from echopilot_perception.training.augmentation import augmented  # noqa: E402
from echopilot_perception.training.augmentation.draw import Draw  # noqa: E402
from echopilot_perception.training.augmentation.exchange import exchanged  # noqa: E402
from echopilot_perception.training.augmentation.geometry import moved  # noqa: E402
from echopilot_perception.training.augmentation.style_bank import (  # noqa: E402
    BANDS,
    QUANTILES,
    StyleBank,
    low_amplitudes,
)
from echopilot_perception.training.batches import Batch, on_device, tensors  # noqa: E402
from echopilot_perception.training.foreign import foreign_images  # noqa: E402

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


def test_an_image_is_changed_with_all_its_labels_or_not_at_all() -> None:
    data = ring_samples(32, seed=4)
    before, after = on_device(tensors(data), CPU), changed(data, 3)
    same = [torch.equal(a, b) for a, b in zip(before["image"], after["image"], strict=True)]
    assert 0 < sum(same) < len(same)
    for name in before:
        kept = [
            torch.equal(a.nan_to_num(9.0), b.nan_to_num(9.0)) for a, b in zip(before[name], after[name], strict=True)
        ]
        assert all(k for k, s in zip(kept, same, strict=True) if s), name


def test_images_stay_between_black_and_white() -> None:
    image = changed(ring_samples(16, seed=4), 2)["image"]
    assert torch.isfinite(image).all() and float(image.min()) >= 0.0 and float(image.max()) <= 1.0
    assert float(image.std()) > 0.05


def test_landmarks_stay_on_the_ring() -> None:
    """However the body is zoomed, stretched, turned and bent, the near caliper end stays on the vessel's edge."""
    out = changed(ring_samples(96, seed=8), 3)
    gaps = []
    for labels, points in zip(out["labels"].numpy(), out["landmarks"].numpy(), strict=True):
        wall = np.argwhere(np.isin(labels, (SegmentationClass.AO_WALL, SegmentationClass.AO_LUMEN)))
        point = points[LandmarkName.AORTA_NEAR]
        if not np.isfinite(point).all() or len(wall) < 500:
            continue
        column, row = (point - (grid.STANDARD.x_m[0], grid.STANDARD.y_m[0])) / grid.STANDARD.spacing_m
        gaps.append(np.hypot(wall[:, 1] - column, wall[:, 0] - row).min())
        assert row < wall[:, 0].mean()
    assert len(gaps) > 40 and np.percentile(gaps, 95) < 2.5


def test_a_zoom_scales_all_lengths_alike() -> None:
    data = ring_samples(96, seed=8)
    before = on_device(tensors(data), CPU)
    out = {name: tensor.clone() for name, tensor in before.items()}
    moved(out, Draw(96, CPU, torch.Generator().manual_seed(2)))
    kept = torch.isfinite(out["sizes"][:, 0]) & torch.isfinite(out["landmarks"][:, LandmarkName.AORTA_NEAR, 1])
    zoom = out["sizes"][kept, 0] / before["sizes"][kept, 0]
    assert int((zoom != 1.0).sum()) > 10
    torch.testing.assert_close(out["sizes"][kept, 2], before["sizes"][kept, 2] * zoom**3)
    for axis in range(3):
        was, now = before["guidance"][kept, :, axis], out["guidance"][kept, :, axis]
        torch.testing.assert_close(now, was * zoom[:, None])
    torch.testing.assert_close(out["guidance"][kept, :, 3:], before["guidance"][kept, :, 3:])
    rows = out["landmarks"][kept, LandmarkName.AORTA_NEAR, 1], before["landmarks"][kept, LandmarkName.AORTA_NEAR, 1]
    torch.testing.assert_close(rows[0], rows[1] * zoom, atol=1e-5, rtol=1e-3)


def test_image_and_labels_move_together() -> None:
    """A vessel drawn into the image as its own mask is found where the mask went."""
    data = ring_samples(64, seed=8)
    lumen = (data.labels == SegmentationClass.AO_LUMEN).repeat(2, axis=1).repeat(2, axis=2)
    data.image[:] = np.where(lumen, 250, 25)
    out = on_device(tensors(data), CPU)
    moved(out, Draw(64, CPU, torch.Generator().manual_seed(5)))
    overlaps = []
    for image, labels in zip(out["image"][:, 0].numpy(), out["labels"].numpy(), strict=True):
        coarse = image.reshape(grid.CELLS, 2, grid.CELLS, 2).mean(axis=(1, 3))
        result, there = coarse > 0.5, labels == SegmentationClass.AO_LUMEN
        if there.sum() > 200:
            overlaps.append(2 * (result & there).sum() / (result.sum() + there.sum()))
    assert len(overlaps) > 30 and np.median(overlaps) > 0.95


def test_gray_levels_become_those_of_the_style() -> None:
    levels = np.linspace(0.2, 0.9, QUANTILES) ** 2
    image = torch.rand(64, 1, 256, 256, generator=torch.Generator().manual_seed(1)) * 0.3 + 0.02
    amplitudes = low_amplitudes(image[0, 0].numpy()).astype(np.float32)
    bank = StyleBank(np.tile(levels, (1, BANDS, 1)).astype(np.float32), amplitudes[None])
    out = exchanged(image, Draw(64, CPU, torch.Generator().manual_seed(3)), bank)
    found = np.quantile(out.flatten(1).numpy(), [0.1, 0.5, 0.9], axis=1)
    wanted = np.quantile(levels, [0.1, 0.5, 0.9])[:, None]
    away = np.abs(found - wanted).max(axis=0)
    before = np.abs(np.quantile(image.flatten(1).numpy(), [0.1, 0.5, 0.9], axis=1) - wanted).max(axis=0)
    assert away.min() < 0.02 and (away <= before + 0.02).all() and (away < 0.7 * before).sum() > 20


def test_what_is_cut_away_is_black_and_not_known() -> None:
    data = ring_samples(64, seed=8)
    data.quality[:] = 0.5  # unknown in windows, which are not shortened
    out = changed(data, 7)
    unknown = (out["labels"][:, -4:] == UNKNOWN_LABEL).flatten(1).all(dim=1)
    shortened = unknown & ~out["quality"].isnan()
    assert int(shortened.sum()) > 3
    for labels, disease in zip(out["labels"][shortened], out["disease"][shortened], strict=True):
        assert (disease[-1] == UNKNOWN_LABEL).all() and (labels[0] != UNKNOWN_LABEL).any()


def test_black_outside_the_sector_stays_black() -> None:
    """Apart from what a screen draws, in a third of the images."""
    data = ring_samples(64, seed=5)
    data.image[:, :, :40] = 0
    out = on_device(tensors(data), CPU)
    before = on_device(tensors(data), CPU)
    moved(out, Draw(64, CPU, torch.Generator().manual_seed(1)))
    still = torch.isfinite(out["sizes"][:, 0]) & (out["sizes"][:, 0] == before["sizes"][:, 0])
    shown = changed(data, 1)["image"][still][:, 0, :, :38].flatten(1)
    assert int(still.sum()) > 5 and float(((shown > 0).sum(dim=1) == 0).float().mean()) > 0.4


def test_made_up_foreign_images_differ_from_their_images() -> None:
    images = ring_samples(18, seed=6).image
    made = foreign_images(images, np.random.default_rng(2))
    assert made.shape == images.shape and made.dtype == np.uint8
    assert (np.abs(made.astype(int) - images).mean(axis=(1, 2)) > 3).all()

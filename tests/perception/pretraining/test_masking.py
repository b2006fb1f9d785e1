"""Masks lie inside the sector alone, their share is exact, and hard patches with share 0 are random to the bit."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from echopilot_core import EchoPilotError, ProbeGeometry, ProbeKind  # noqa: E402
from echopilot_perception.frames.preprocess import sector_cells  # noqa: E402
from echopilot_perception.pretraining.data.image import shape_of, shown_sector  # noqa: E402
from echopilot_perception.pretraining.masking.choice import choose_patches, masked_counts  # noqa: E402
from echopilot_perception.pretraining.masking.patches import PATCHES, enlarged, hidden_cells, square_patches  # noqa: E402
from echopilot_perception.pretraining.masking.sector_cells import sector_cells_of  # noqa: E402

FAN, CONVEX, LINEAR, ZOOMED = (0.0, 0.0, 0.785, 1.0), (0.0, 0.4, 0.5, 1.0), (1.0, 0.0, 0.3, 1.0), (0.0, 0.0, 0.785, 1.3)
SECTORS = torch.tensor([FAN, CONVEX, LINEAR, ZOOMED])


def geometry(kind: ProbeKind) -> ProbeGeometry:
    radius = 0.06 if kind is ProbeKind.CONVEX else 0.0
    opening = 0.0 if kind is ProbeKind.LINEAR else 1.2
    return ProbeGeometry(kind, radius, opening, 0.04, 0.15, 3e-4, 3e-4, 300.0, 0.0, 3e6)


@pytest.mark.parametrize("kind", list(ProbeKind))
def test_the_sector_is_that_of_the_preprocessing_less_its_margin(kind: ProbeKind) -> None:
    probe = geometry(kind)
    row = torch.tensor([[*shape_of(probe).row(), 1.0]])
    inside = sector_cells_of(row, 256).inside[0].numpy()
    wide = sector_cells(probe)
    assert (wide | ~inside).all() and inside.sum() > 0.85 * wide.sum()


def test_the_sector_of_an_image_without_geometry_is_what_is_not_black() -> None:
    image = sector_cells_of(torch.tensor([[0.0, 0.0, 0.7, 1.0]]), 256).inside[0].numpy() * np.uint8(90)
    assert shown_sector(image).half == pytest.approx(0.7, abs=0.02)


@pytest.mark.parametrize("kind", sorted(PATCHES))
@pytest.mark.parametrize("ratio", [0.3, 0.6, 0.75])
def test_the_share_of_masked_patches_is_exact_and_all_lie_inside(kind: str, ratio: float) -> None:
    cells = sector_cells_of(SECTORS, 64)
    patches = PATCHES[kind](cells, 8)
    masked = choose_patches(patches.valid, ratio, torch.Generator().manual_seed(1))
    assert torch.equal(masked.sum(dim=1), masked_counts(patches.valid, ratio))
    assert (masked.sum(dim=1) - ratio * patches.valid.sum(dim=1)).abs().max() <= 0.5
    assert not (hidden_cells(patches, masked) & ~cells.inside).any() and not (masked & ~patches.valid).any()


@pytest.mark.parametrize("kind", sorted(PATCHES))
def test_nearly_every_cell_of_the_sector_is_in_a_patch(kind: str) -> None:
    cells = sector_cells_of(SECTORS, 128)
    patches = PATCHES[kind](cells, 8)
    covered = (patches.patch >= 0).sum(dim=(1, 2)) / cells.inside.sum(dim=(1, 2))
    assert (covered > 0.9).all() and ((patches.patch >= 0) <= cells.inside).all()


def test_a_polar_patch_is_a_piece_of_beams_between_two_depths() -> None:
    cells = sector_cells_of(SECTORS[:1], 128)
    patches = PATCHES["polar"](cells, 8)
    one = patches.patch[0] == 5 * 8 + 2
    assert one.any()
    assert cells.beam[0][one].min() >= 2 / 8 and cells.beam[0][one].max() <= 3 / 8
    assert cells.depth[0][one].min() >= 5 / 8 and cells.depth[0][one].max() <= 6 / 8


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_hard_patches_are_the_share_that_is_asked_for(share: float) -> None:
    valid = torch.ones(3, 40, dtype=torch.bool)
    valid[1, 20:] = False
    difficulty = torch.randn(3, 40, generator=torch.Generator().manual_seed(4))
    random = choose_patches(valid, 0.5, torch.Generator().manual_seed(7))
    hard = choose_patches(valid, 0.5, torch.Generator().manual_seed(7), difficulty, share)
    assert torch.equal(hard.sum(dim=1), random.sum(dim=1))
    for row in range(3):
        count = int(hard[row].sum())
        hardest = torch.where(valid[row], difficulty[row], -torch.inf).topk(round(share * count)).indices
        assert hard[row][hardest].all()
    if share == 0.0:
        assert torch.equal(hard, random)


def test_the_choice_leaves_the_generator_where_it_would_be_without_difficulty() -> None:
    valid, after = torch.ones(2, 9, dtype=torch.bool), []
    for difficulty in (None, torch.arange(18.0).view(2, 9)):
        generator = torch.Generator().manual_seed(3)
        choose_patches(valid, 0.4, generator, difficulty, 0.5)
        after.append(torch.rand(4, generator=generator))
    assert torch.equal(*after)


def test_squares_that_do_not_divide_the_image_are_refused() -> None:
    with pytest.raises(EchoPilotError, match="7 squares do not divide a side of 64"):
        square_patches(sector_cells_of(SECTORS, 64), 7)


def test_enlarged_cells_cover_two_by_two() -> None:
    cells = torch.tensor([[[True, False], [False, False]]])
    assert enlarged(cells)[0].sum() == 4 and enlarged(cells)[0, :2, :2].all()

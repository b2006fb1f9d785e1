"""Losses of pixels, ranks and latent targets: hand-worked values, and exactly no gradient where nothing was hidden."""

import math

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from torch import nn  # noqa: E402

from echopilot_perception.pretraining.losses.latent import (  # noqa: E402
    follow,
    latent_loss,
    make_teacher_of,
    wholly_masked,
)
from echopilot_perception.pretraining.losses.masked import masked_l1  # noqa: E402
from echopilot_perception.pretraining.losses.patch_rank import patch_rank_loss, rank_correlation  # noqa: E402

PATCH = torch.tensor([[[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, -1, -1], [2, 2, -1, -1]]])
MASKED = torch.tensor([[True, False, True]])


def test_the_loss_is_the_mean_over_masked_cells_inside() -> None:
    image, output = torch.zeros(1, 1, 4, 4), torch.arange(16.0).view(1, 1, 4, 4)
    inside = torch.ones(1, 4, 4, dtype=torch.bool)
    inside[0, 3] = False
    loss = masked_l1(output, image, PATCH, MASKED, inside)
    assert loss.mean.item() == pytest.approx((0 + 1 + 4 + 5 + 8 + 9) / 6)
    assert loss.patches[0].tolist() == pytest.approx([2.5, 0.0, 8.5])


@pytest.mark.parametrize("normalized", [False, True])
def test_cells_that_are_visible_or_outside_have_exactly_no_gradient(normalized: bool) -> None:
    output = torch.randn(1, 1, 4, 4, requires_grad=True)
    inside = torch.ones(1, 4, 4, dtype=torch.bool)
    inside[0, :, 0] = False
    masked_l1(output, torch.rand(1, 1, 4, 4), PATCH, MASKED, inside, normalized).mean.backward()
    counted = MASKED[0][PATCH.clamp(min=0)] & (PATCH >= 0) & inside
    assert output.grad is not None
    assert (output.grad[0][~counted] == 0.0).all() and (output.grad[0][counted] != 0.0).all()


def test_a_normalized_target_has_no_brightness_and_no_contrast_of_its_own() -> None:
    image = (7.0 * torch.arange(16.0) % 16.0 / 16.0).view(1, 1, 4, 4)  # contrast in every patch, above the floor
    inside, output = torch.ones(1, 4, 4, dtype=torch.bool), torch.zeros(1, 1, 4, 4)
    one, other = (masked_l1(output, i, PATCH, MASKED, inside, True).mean for i in (image, 0.5 * image + 0.3))
    assert one.item() == pytest.approx(other.item(), abs=1e-4)


def test_nothing_masked_is_no_loss() -> None:
    inside = torch.ones(1, 4, 4, dtype=torch.bool)
    loss = masked_l1(torch.rand(1, 1, 4, 4), torch.rand(1, 1, 4, 4), PATCH, ~MASKED & MASKED, inside)
    assert loss.mean == 0.0


def test_rank_loss_by_hand() -> None:
    score, loss = torch.tensor([[1.0, 0.0, 5.0]]), torch.tensor([[2.0, 1.0, 9.0]])
    masked = torch.tensor([[True, True, False]])
    assert patch_rank_loss(score, loss, masked).item() == pytest.approx(math.log(1 + math.exp(-1.0)), abs=1e-6)


def test_patches_that_were_not_masked_and_losses_teach_no_gradient() -> None:
    score, loss = torch.randn(2, 5, requires_grad=True), torch.rand(2, 5, requires_grad=True)
    masked = torch.tensor([[True, True, True, False, False], [False, True, False, True, True]])
    patch_rank_loss(score, loss, masked).backward()
    assert score.grad is not None and (score.grad[~masked] == 0.0).all() and (score.grad[masked] != 0.0).all()
    assert loss.grad is None


def test_a_head_learns_the_order_of_losses_from_ranks_alone() -> None:
    generator = torch.Generator().manual_seed(2)
    contents = torch.randn(8, 20, 6, generator=generator)
    loss = contents[..., 0] + 0.5 * contents[..., 1].abs() + 0.3 * torch.randn(8, 20, generator=generator)
    masked = torch.rand(8, 20, generator=generator) < 0.6
    head = nn.Linear(6, 1)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        patch_rank_loss(head(contents)[..., 0], loss, masked).backward()
        optimizer.step()
    unseen = ~masked
    assert rank_correlation(head(contents)[..., 0].detach(), loss, unseen).mean() > 0.5


def test_rank_correlation_of_the_same_order_is_one_and_of_the_opposite_minus_one() -> None:
    values, every = torch.tensor([[0.1, 5.0, 2.0, 3.0]]), torch.ones(1, 4, dtype=torch.bool)
    assert rank_correlation(values.exp(), values, every).item() == pytest.approx(1.0)
    assert rank_correlation(-values, values, every).item() == pytest.approx(-1.0)
    assert rank_correlation(values, values, torch.zeros_like(every)).item() == 0.0


def test_the_latent_loss_is_zero_for_the_normalized_features_of_the_teacher() -> None:
    teacher = torch.randn(2, 6, 3, 3) * 4.0 + 1.0
    target = torch.nn.functional.layer_norm(teacher.movedim(1, -1), (6,)).movedim(-1, 1)
    where, patch = torch.ones(2, 3, 3, dtype=torch.bool), torch.zeros(2, 3, 3, dtype=torch.int64)
    assert latent_loss(target, teacher, where, patch, 1).mean.item() == pytest.approx(0.0, abs=1e-10)
    off = latent_loss(target + 3.0, teacher, where, patch, 1)
    assert off.mean.item() == pytest.approx(2.5, abs=1e-4)  # beyond one: the difference less a half
    assert off.patches.flatten().tolist() == pytest.approx([2.5, 2.5], abs=1e-4)


def test_latent_gradients_reach_hidden_cells_of_the_student_alone() -> None:
    student, teacher = torch.randn(1, 4, 3, 3, requires_grad=True), torch.randn(1, 4, 3, 3, requires_grad=True)
    where = torch.zeros(1, 3, 3, dtype=torch.bool)
    where[0, 1, 2] = True
    latent_loss(student, teacher, where, torch.zeros(1, 3, 3, dtype=torch.int64), 1).mean.backward()
    assert teacher.grad is None and student.grad is not None
    assert (student.grad[0, :, 1, 2] != 0.0).all() and (student.grad.abs().sum(dim=1) > 0).sum() == 1


def test_a_coarser_cell_counts_only_where_all_of_it_was_hidden() -> None:
    hidden = torch.ones(1, 4, 4, dtype=torch.bool)
    hidden[0, 0, 3] = False
    assert wholly_masked(hidden, 2)[0].tolist() == [[True, False], [True, True]]


def test_the_teacher_follows_by_its_decay() -> None:
    student = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    teacher = make_teacher_of(student)
    with torch.no_grad():
        teacher[0].weight.fill_(1.0)
        student[0].weight.fill_(3.0)
    follow(teacher, student, 0.75)
    assert torch.allclose(teacher[0].weight, torch.full((2, 2), 1.5))
    follow(teacher, student, 0.0)
    assert all(torch.equal(a, b) for a, b in zip(teacher.state_dict().values(), student.state_dict().values(),
                                                 strict=True))  # fmt: skip


def test_looking_at_images_does_not_change_the_teacher() -> None:
    teacher = make_teacher_of(nn.BatchNorm1d(3))
    before = {name: value.clone() for name, value in teacher.state_dict().items() if "tracked" not in name}
    teacher.train()(torch.randn(9, 3) + 5.0)
    assert all(torch.equal(value, teacher.state_dict()[name]) for name, value in before.items())

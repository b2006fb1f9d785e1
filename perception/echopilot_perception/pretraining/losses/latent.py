"""Latent target: the features that a moving average of the encoder has of the whole image, in place of its pixels.

data2vec (Baevski et al. 2022, arXiv 2202.03555) with the masks of I-JEPA (Assran et al. 2023, arXiv 2301.08243); for
ultrasound: US-JEPA (arXiv 2602.19322). The teacher follows the student as in Tarvainen & Valpola 2017 (arXiv
1703.01780).
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from echopilot_perception.pretraining.losses.masked import CellLoss, cell_loss


def latent_loss(predicted: Tensor, teacher: Tensor, where: Tensor, patch: Tensor, patches: int) -> CellLoss:
    """Smooth L1 between predictions and the teacher's features, which are normalized over their channels.

    Args:
        predicted: (N, C, H, W) of the student, which saw the masked image.
        teacher: (N, C, H, W) of the teacher, which saw all of it; no gradient goes through it.
        where: (N, H, W) bool, cells that count; others have exactly no gradient.
        patch: (N, H, W) int64, number of each cell's patch, -1 where it is in none.
        patches: how many patches there are.
    """
    channels = predicted.shape[1:2]
    target = functional.layer_norm(teacher.detach().float().movedim(1, -1), channels)
    output = predicted.float().movedim(1, -1)
    each = functional.smooth_l1_loss(output, target, reduction="none").mean(dim=-1)
    return cell_loss(each.flatten(1), where.flatten(1), patch.clamp(min=0).flatten(1), patches)


def wholly_masked(hidden: Tensor, cells: int) -> Tensor:
    """Cells (N, cells, cells) of a coarser map of which all was hidden (N, H, H) bool; H is a multiple of `cells`."""
    step = hidden.shape[-1] // cells
    return ~functional.max_pool2d((~hidden)[:, None].float(), step)[:, 0].bool()


def follow(teacher: nn.Module, student: nn.Module, decay: float) -> None:
    """Move the teacher's weights towards the student's in place: decay * teacher + (1 - decay) * student.

    Running means of batch norm follow as well, other buffers are copied. decay 1 leaves the weights, 0 makes both the
    same.
    """
    pairs = list(zip(teacher.state_dict().values(), student.state_dict().values(), strict=True))
    moved, copied = ([p for p in pairs if p[0].is_floating_point() == real] for real in (True, False))
    with torch.no_grad():
        torch._foreach_lerp_([mean for mean, _ in moved], [new for _, new in moved], 1.0 - decay)
        for mean, new in copied:
            mean.copy_(new)


def make_teacher_of(student: nn.Module) -> nn.Module:
    """Copy of a module that `follow` moves and nothing else: no gradients, no running means of its own."""
    teacher = copy.deepcopy(student).requires_grad_(False)
    for module in teacher.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = 0.0
    return teacher

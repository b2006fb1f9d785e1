"""The patches that are masked: an exact share of those inside the sector, at random or in part the hardest.

Hard patches as in Wang et al. 2023 (arXiv 2304.05919): a growing share of the masked patches are those of the largest
predicted loss, the rest stays random, so that early training is not led by a bad prediction.
"""

import torch
from torch import Tensor


def masked_counts(valid: Tensor, ratio: float) -> Tensor:
    """(N,) how many of the valid patches (N, P) are masked: the ratio, rounded."""
    return (valid.sum(dim=1) * ratio + 0.5).long()


def choose_patches(
    valid: Tensor,
    ratio: float,
    generator: torch.Generator,
    difficulty: Tensor | None = None,
    hard_share: float = 0.0,
) -> Tensor:
    """Masked patches (N, P) bool.

    Args:
        valid: (N, P) bool, patches that exist.
        ratio: share of them that is masked.
        generator: of the device of `valid`; it advances equally whatever the other arguments are.
        difficulty: (N, P), larger for harder patches; None: all at random.
        hard_share: share of the masked patches that are the hardest ones. 0 is the same as no difficulty, to the bit.
    """
    draw = torch.rand(valid.shape, generator=generator, device=valid.device)
    counts = masked_counts(valid, ratio)
    if difficulty is not None:
        hard = (counts * hard_share + 0.5).long()
        hardest = _place(torch.where(valid, -difficulty.float(), torch.inf)) < hard[:, None]
        draw = torch.where(hardest & valid, -1.0, draw)
    return (_place(torch.where(valid, draw, torch.inf)) < counts[:, None]) & valid


def _place(values: Tensor) -> Tensor:
    """Place (N, P) of every value in the ascending order of its row; equal ones by their number."""
    return values.argsort(dim=1, stable=True).argsort(dim=1, stable=True)

"""Loss of the head that says which patches are hard: their order, not their loss, is learned.

Hard Patches Mining (Wang et al. 2023, arXiv 2304.05919): of every two masked patches of an image, the one with the
larger reconstruction loss should have the larger score.
"""

import torch
from torch import Tensor
from torch.nn import functional


def patch_rank_loss(score: Tensor, loss: Tensor, masked: Tensor) -> Tensor:
    """Mean binary cross-entropy over pairs of masked patches of the same image.

    Args:
        score: (N, P) of the head, larger for harder patches.
        loss: (N, P) mean reconstruction loss of every patch; no gradient goes through it.
        masked: (N, P) bool. Other patches have no loss and exactly no gradient; neither have pairs of equal loss.
    """
    loss = loss.detach()
    harder = loss[:, :, None] > loss[:, None, :]
    pair = masked[:, :, None] & masked[:, None, :] & harder
    difference = score.float()[:, :, None] - score.float()[:, None, :]
    each = torch.where(pair, functional.softplus(-difference), 0.0)
    return each.sum() / pair.sum().clamp(min=1)


def rank_correlation(score: Tensor, loss: Tensor, masked: Tensor) -> Tensor:
    """Spearman's rank correlation (N,) of score and loss over the masked patches of each image; 0 below two patches."""
    rows = []
    for own_score, own_loss, own in zip(score, loss, masked, strict=True):
        ranks = torch.stack([_ranks(own_score[own].float()), _ranks(own_loss[own].float())])
        centered = ranks - ranks.mean(dim=1, keepdim=True) if ranks.shape[1] else ranks
        spread = centered.square().sum(dim=1).prod().sqrt()
        rows.append((centered[0] * centered[1]).sum() / spread if spread > 0 else spread.new_zeros(()))
    return torch.stack(rows)


def _ranks(values: Tensor) -> Tensor:
    """Ranks of values (K,), equal ones at their mean rank."""
    below = (values[None, :] < values[:, None]).sum(dim=1)
    equal = (values[None, :] == values[:, None]).sum(dim=1)
    return below.float() + 0.5 * (equal.float() - 1.0)

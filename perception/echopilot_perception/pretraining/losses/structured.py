"""Structured contrast: images that share more levels of the tree lie nearer to each other.

The hierarchical constraint of Zhang et al. 2022 (arXiv 2204.13207): the loss of a pair that shares fewer levels is
never below that of the farthest pair that shares more, so such a pair pulls on the latter. One level is supervised
contrast (Khosla et al. 2020, arXiv 2004.11362), no label at all InfoNCE of two views (Chen et al. 2020, arXiv
2002.05709).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

TEMPERATURE = 0.1
FAR = -1e9


@dataclass(frozen=True)
class PairRelations:
    """(D, M, M) bool for D levels of M views: pairs that are `positive`, and those that `count` in the denominator."""

    positive: Tensor
    counted: Tensor


def pair_relations(targets: Tensor, levels: Tensor, image: Tensor) -> PairRelations:
    """What is known of every pair of views.

    Two views share a level when a node of it is present in both. Of a pair that shares the first level and may or may
    not share a deeper one (unknown), nothing is learned at that level. Two views of one image share all; a pair of
    which nothing is known counts as different, as without labels.

    Args:
        targets: (M, V) int8 of the views' images: 1 present, 0 absent, -1 unknown.
        levels: (V,) int64 of the nodes.
        image: (M,) number of the image that a view shows.
    """
    same = image[:, None] == image[None, :]
    present, possible = (targets == 1).float(), (targets != 0).float()
    positive: list[Tensor] = []
    counted: list[Tensor] = []
    for level in levels.unique().tolist():
        of_level = levels == level
        shared = (present[:, of_level] @ present[:, of_level].T) > 0
        open_ = (possible[:, of_level] @ possible[:, of_level].T) > 0
        shared_above = positive[0] if positive else torch.zeros_like(same)
        positive.append(shared | same)
        counted.append(~(open_ & ~shared & shared_above & ~same))
    own = torch.eye(len(image), dtype=torch.bool, device=image.device)
    return PairRelations(torch.stack(positive) & ~own, torch.stack(counted) & ~own)


def structured_contrast(
    features: Tensor, relations: PairRelations, temperature: float = TEMPERATURE, growth: float = 2.0
) -> Tensor:
    """Scalar loss of features (M, F) of unit length.

    Level l of D (0 the coarsest) has the weight growth**l; weights sum to one. Views without a positive pair at a level
    do not count there.
    """
    logits = features.float() @ features.float().T / temperature
    deeper: Tensor | None = None
    total, weights = logits.new_zeros(()), 0.0
    for level in reversed(range(len(relations.positive))):
        positive, counted = relations.positive[level], relations.counted[level]
        normalizer = torch.where(counted, logits, FAR).logsumexp(dim=1, keepdim=True)
        pair = normalizer - logits
        if deeper is not None:
            pair = torch.maximum(pair, deeper)
        pairs = positive.sum(dim=1)
        mean = torch.where(positive, pair, 0.0).sum(dim=1) / pairs.clamp(min=1)
        anchors = pairs > 0
        total = total + growth**level * mean.sum() / anchors.sum().clamp(min=1)
        weights += growth**level
        deeper = torch.where(positive, pair, FAR).amax(dim=1, keepdim=True)
    return total / weights

"""Hierarchical classifier: a sigmoid per node of the tree, cross-entropy level by level, parent-child consistency.

The consistency of a multi-label hierarchy (no node more probable than its parent) is that of Giunchiglia & Lukasiewicz
2020 (arXiv 2010.10151); here it is a penalty, so that one level alone is plain binary cross-entropy.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class NodeTable:
    """Level and parent (V,) int64 of every node as tensors; the parent of a root is -1."""

    levels: Tensor
    parents: Tensor

    @property
    def children(self) -> Tensor:
        """Numbers (E,) of the nodes that have a parent."""
        return torch.nonzero(self.parents >= 0)[:, 0]


def level_entropy(logits: Tensor, targets: Tensor, table: NodeTable) -> Tensor:
    """Binary cross-entropy, the mean over the known nodes of each level and then over levels with a known node.

    Args:
        logits: (N, V) of the nodes.
        targets: (N, V) int8: 1 present, 0 absent, -1 unknown (no loss and exactly no gradient).
        table: of the nodes.
    """
    known = targets >= 0
    each = functional.binary_cross_entropy_with_logits(
        logits.float(), targets.clamp(min=0).to(torch.float32), reduction="none"
    )
    each = torch.where(known, each, 0.0)
    losses = logits.new_zeros((), dtype=torch.float32)
    counted = 0
    for level in table.levels.unique().tolist():
        of_level = table.levels == level
        count = known[:, of_level].sum()
        losses = losses + each[:, of_level].sum() / count.clamp(min=1)
        counted = counted + (count > 0).to(torch.float32)
    return losses / torch.as_tensor(counted, dtype=torch.float32).clamp(min=1.0)


def violation(logits: Tensor, table: NodeTable) -> Tensor:
    """(N, E): by how much every child is more probable than its parent, 0 where it is not."""
    p = logits.float().sigmoid()
    children = table.children
    return (p[:, children] - p[:, table.parents[children]]).relu()


def consistency(logits: Tensor, targets: Tensor, table: NodeTable) -> Tensor:
    """Mean over the pairs of child and parent that are both known of how far the child's log-odds exceed the parent's.

    It is above 0 exactly where p(child) > p(parent), and unlike a difference of probabilities it does not fade where
    both are near 0 or 1. 0 without such a pair.
    """
    children = table.children
    parents = table.parents[children]
    both = (targets[:, children] >= 0) & (targets[:, parents] >= 0)
    over = torch.where(both, (logits[:, children].float() - logits[:, parents].float()).relu(), 0.0)
    return over.sum() / both.sum().clamp(min=1)


def consistent(logits: Tensor, table: NodeTable) -> Tensor:
    """Probabilities (N, V) of which none exceeds its parent's: each the least along its path."""
    p = logits.float().sigmoid().clone()
    for node in table.children.tolist():  # parents come before their children
        p[:, node] = torch.minimum(p[:, node], p[:, int(table.parents[node])])
    return p

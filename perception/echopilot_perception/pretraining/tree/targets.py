"""Label of an image, and the targets of the tree's nodes that follow: present, absent or unknown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_perception.pretraining.tree.label_tree import LEVELS, LabelTree

PRESENT, ABSENT, UNKNOWN = 1, 0, -1


@dataclass(frozen=True)
class ImageLabel:
    """Paths of what an image shows, each as deep as is known; several organs at once; none: nothing is known.

    Below the end of a path nothing is known but what `absent` names or another path goes into; all nodes below one in
    `closed` are absent. With `complete` whatever else no path leads to is absent, otherwise unknown.
    """

    paths: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    complete: bool = True


NOTHING_KNOWN = ImageLabel()


def targets_of(label: ImageLabel, tree: LabelTree) -> NDArray[np.int8]:
    """Targets (V,) int8 of the tree's nodes: 1 present, 0 absent, -1 unknown.

    Raises EchoPilotError for a path that the tree does not have. Nodes above a present one are present, nodes below an
    absent one absent.
    """
    targets = np.full(len(tree), UNKNOWN, np.int8)
    ends = [tree.node(path) for path in label.paths]
    if not ends and not label.absent:
        return targets
    present = {node for end in ends for node in tree.above(end)}
    opened = {int(parent) for parent in tree.parents[sorted(present)] if parent >= 0} - set(ends)
    absent = {tree.node(path) for path in label.absent} - present
    closed = {tree.node(path) for path in label.closed}
    for node in range(len(tree)):
        parent = int(tree.parents[node])
        if node in present:
            targets[node] = PRESENT
        elif node in absent or (parent >= 0 and targets[parent] == ABSENT) or parent in closed:
            targets[node] = ABSENT
        elif parent >= 0 and targets[parent] == UNKNOWN:
            targets[node] = UNKNOWN
        elif label.complete and ends and (parent < 0 or parent in opened):
            targets[node] = ABSENT
    return targets


def stack_targets(labels: Sequence[ImageLabel], tree: LabelTree) -> NDArray[np.int8]:
    """Targets (N, V) of several images."""
    return np.stack([targets_of(label, tree) for label in labels]) if labels else np.zeros((0, len(tree)), np.int8)


def known_share(targets: NDArray[np.int8], tree: LabelTree) -> dict[str, float]:
    """Share of the images (N, V) of which something present is known, by name of the level."""
    return {
        name: float((targets[:, tree.levels == level] == PRESENT).any(axis=1).mean()) if len(targets) else 0.0
        for level, name in enumerate(LEVELS)
    }


def distinct_leaves(targets: NDArray[np.int8]) -> int:
    """How many different sets of present nodes the labeled images have; 1 is one class, 0 no label at all."""
    labeled = targets[(targets == PRESENT).any(axis=1)]
    return len(np.unique(labeled == PRESENT, axis=0))

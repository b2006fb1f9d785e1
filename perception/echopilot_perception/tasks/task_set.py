"""A set of images with the targets of its applications, split by patient; and which labels a share of them is."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.tasks.applications import TaskApplication

Rows = NDArray[np.int64]
LEAST_LABELS = 8


@dataclass(frozen=True)
class TaskSet:
    """`images` (N, 256, 256) uint8 of `patients` (N,), of which those `held_out` (N,) bool are measured on.

    `targets` by name, each with a first axis N: uint8 maps with 255 for unknown, whole numbers with -1, others with
    NaN.
    """

    name: str
    images: NDArray[np.uint8]
    patients: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    targets: Mapping[str, NDArray[Any]]

    def rows(self, application: TaskApplication, held_out: bool) -> Rows:
        """Indices of the images whose target is known, of one side; EchoPilotError where there are too few."""
        rows: Rows = np.flatnonzero(known(self.targets[application.target]) & (self.held_out == held_out))
        least = 2 if held_out else LEAST_LABELS
        if len(rows) < least:
            side = "to measure on" if held_out else "to learn from"
            raise EchoPilotError(f"task {application.name}: {len(rows)} images {side}; at least {least} are needed")
        return rows

    @cached_property
    def fingerprint(self) -> str:
        """Changes with any image or target."""
        digest = hashlib.sha256(self.images.tobytes() + self.patients.tobytes() + self.held_out.tobytes())
        for name in sorted(self.targets):
            digest.update(name.encode() + np.ascontiguousarray(self.targets[name]).tobytes())
        return digest.hexdigest()


def known(target: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows (N,) of a target say anything."""
    each = target.reshape(len(target), -1)
    if target.dtype == np.uint8:
        return np.asarray((each != UNKNOWN_LABEL).any(axis=1))
    if target.dtype.kind == "f":
        return np.asarray(np.isfinite(each).any(axis=1))
    return np.asarray((each >= 0).any(axis=1))


def labeled_share(rows: Rows, share: float, seed: int) -> Rows:
    """A share of the images to learn from, at random by seed, at least LEAST_LABELS of them."""
    if not 0.0 < share <= 1.0:
        raise EchoPilotError(f"a share of labels of {share:g} is not possible; give numbers above 0 up to 1")
    count = min(max(round(share * len(rows)), LEAST_LABELS), len(rows))
    return np.sort(np.random.default_rng((seed, 0x5A)).permutation(rows)[:count])

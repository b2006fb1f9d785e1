"""Stretches of a clip without a gap."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np

from echopilot_core import PerceptionResult

LARGEST_GAP_S = 0.15  # without a measured ventricle: half of an ejection; a beat across a longer one is not whole
Value = TypeVar("Value")


def stretches(rows: Sequence[tuple[PerceptionResult, Value]]) -> list[list[tuple[PerceptionResult, Value]]]:
    """The rows, cut where the time between two of them is a gap: longer than usual, and than LARGEST_GAP_S."""
    if len(rows) < 2:
        return [list(rows)]
    steps_s = np.diff([s.stamp_ns for s, _ in rows]) * 1e-9
    longest_s = max(LARGEST_GAP_S, 2.5 * float(np.median(steps_s)))
    cuts = [0, *(int(i) + 1 for i in np.flatnonzero(steps_s > longest_s)), len(rows)]
    return [list(rows[a:b]) for a, b in pairwise(cuts)]

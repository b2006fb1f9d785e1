"""How far two runtimes differ on the same pictures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_perception.runtime.interface import Runtime


@dataclass(frozen=True)
class Difference:
    """Largest and mean absolute difference of one output, and the same answer of the arg-max where it has classes."""

    output: str
    largest: float
    mean: float
    same_class: float  # share of equal arg-max along axis 1


def compare(first: Runtime, second: Runtime, images: NDArray[np.float32]) -> tuple[Difference, ...]:
    """Run both (active) runtimes on pictures (N, 1, 128, 128) and compare every output of the first."""
    a, b = first.infer(images), second.infer(images)
    rows = []
    for name, x in a.items():
        gap = np.abs(x.astype(np.float64) - b[name])
        rows.append(
            Difference(name, float(gap.max()), float(gap.mean()), float((x.argmax(1) == b[name].argmax(1)).mean()))
        )
    return tuple(rows)

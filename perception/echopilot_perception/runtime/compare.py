"""Comparison of two runtimes or models on the same images: differences and speed."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception.runtime.interface import Outputs, Runtime


@dataclass(frozen=True)
class Difference:
    """Largest and mean absolute difference of one output; how often the arg-max agrees where it has several entries."""

    output: str
    largest: float
    mean: float
    same_class: float | None  # share of equal arg-max along axis 1, None for a single entry


@dataclass(frozen=True)
class Speed:
    """Wall time of one image [ms], copies included."""

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True)
class Comparison:
    """Two runtimes side by side; `unmatched` are outputs that only one has, or that have another shape."""

    frames: int
    differences: tuple[Difference, ...]
    unmatched: tuple[str, ...]
    first: Speed
    second: Speed


def compare(first: Runtime, second: Runtime, images: NDArray[np.float32], warm_up: int = 2) -> Comparison:
    """Run both (active) runtimes in turn on images (N, 1, H, W), one at a time.

    Raises EchoPilotError without an image, or when the two share no output.
    """
    if len(images) == 0:
        raise EchoPilotError("nothing to compare: there is no image")
    for _ in range(warm_up):
        first.infer(images[:1])
        second.infer(images[:1])
    outputs_of: tuple[list[Outputs], list[Outputs]] = ([], [])
    spent: tuple[list[float], list[float]] = ([], [])
    for i in range(len(images)):
        for runtime, outputs, times in zip((first, second), outputs_of, spent, strict=True):
            begin = time.perf_counter()
            outputs.append(runtime.infer(images[i : i + 1]))
            times.append(1e3 * (time.perf_counter() - begin))
    a, b = outputs_of[0][0], outputs_of[1][0]
    shared = [name for name in a if name in b and a[name].shape == b[name].shape]
    if not shared:
        raise EchoPilotError(f"nothing to compare: {', '.join(a)} against {', '.join(b)}")
    return Comparison(
        frames=len(images),
        differences=tuple(_difference(name, _all(outputs_of[0], name), _all(outputs_of[1], name)) for name in shared),
        unmatched=tuple(name for name in dict.fromkeys([*a, *b]) if name not in shared),
        first=_speed(spent[0]),
        second=_speed(spent[1]),
    )


def _all(outputs: Iterable[Outputs], name: str) -> NDArray[np.float64]:
    return np.concatenate([row[name] for row in outputs]).astype(np.float64)


def _difference(name: str, a: NDArray[np.float64], b: NDArray[np.float64]) -> Difference:
    gap = np.abs(a - b)
    same = float((a.argmax(1) == b.argmax(1)).mean()) if a.ndim > 1 and a.shape[1] > 1 else None
    return Difference(name, float(gap.max()), float(gap.mean()), same)


def _speed(milliseconds: list[float]) -> Speed:
    return Speed(float(np.percentile(milliseconds, 50)), float(np.percentile(milliseconds, 95)))

"""Minimum, maximum, mean and standard deviation of columns, accumulated piece by piece."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLED_IMAGES = 20  # per episode: enough for a mean


class RunningStats:
    """`figures` has, by name, what LeRobot's meta/stats.json holds."""

    def __init__(self) -> None:
        self._rows: dict[str, list[NDArray[np.float64]]] = {}
        self._images: set[str] = set()

    def add(self, name: str, values: NDArray[Any]) -> None:
        """Rows (N, D) of a column; kept as count, minimum, maximum, sum and sum of squares."""
        x = np.asarray(values, np.float64)
        piece = np.stack([np.full(x.shape[1], len(x)), x.min(0), x.max(0), x.sum(0), (x**2).sum(0)])
        self._rows.setdefault(name, []).append(piece)

    def add_images(self, name: str, images: Sequence[NDArray[np.uint8]]) -> None:
        """Gray images (H, W), counted as three equal channels in 0..1; some of them stand for all."""
        step = max(1, len(images) // SAMPLED_IMAGES)
        pixels = np.stack([p[::4, ::4] for p in images[::step]]).reshape(-1, 1) / 255.0
        self._images.add(name)
        self.add(name, pixels)

    def figures(self) -> dict[str, dict[str, Any]]:
        """By column; images have the shape (3, 1, 1)."""
        result = {}
        for name, pieces in self._rows.items():
            p = np.stack(pieces)
            count, total, squares = p[:, 0].sum(0), p[:, 3].sum(0), p[:, 4].sum(0)
            mean = total / count
            deviation = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
            row = {"min": p[:, 1].min(0), "max": p[:, 2].max(0), "mean": mean, "std": deviation}
            if name in self._images:
                row = {key: np.repeat(value, 3).reshape(3, 1, 1) for key, value in row.items()}
            result[name] = {key: value.tolist() for key, value in row.items()} | {"count": [int(count[0])]}
        return result

"""Soft masks of known shapes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from echopilot_core import Array
from echopilot_perception.measure.uncertainty import CORRELATION_M


@dataclass(frozen=True)
class Cells:
    """A square of 160 mm with its upper middle at the origin, in cells of `spacing_m`."""

    spacing_m: float

    @property
    def x_m(self) -> Array:
        return np.arange(-0.08, 0.08, self.spacing_m) + self.spacing_m / 2

    @property
    def y_m(self) -> Array:
        return np.arange(0.0, 0.16, self.spacing_m) + self.spacing_m / 2

    def mask(self, inside: Callable[[Array, Array], NDArray[np.bool_]], parts: int = 6) -> Array:
        """Area share (H, W) of every cell where `inside`(x, y) holds."""
        sub = (np.arange(parts) + 0.5) / parts * self.spacing_m - self.spacing_m / 2
        x = (self.x_m[:, None] + sub).ravel()
        y = (self.y_m[:, None] + sub).ravel()
        fine = inside(*np.meshgrid(x, y)).astype(np.float64)
        n = len(self.x_m)
        return np.asarray(fine.reshape(n, parts, n, parts).mean(axis=(1, 3)))


COARSE, FINE = Cells(0.00125), Cells(0.000625)


def ellipse(
    cx: float, cy: float, rx: float, ry: float, turn: float = 0.0
) -> Callable[[Array, Array], NDArray[np.bool_]]:
    """Inside an ellipse turned by `turn` [rad]."""

    def inside(x: Array, y: Array) -> NDArray[np.bool_]:
        u, v = x - cx, y - cy
        a, b = u * np.cos(turn) + v * np.sin(turn), -u * np.sin(turn) + v * np.cos(turn)
        return np.asarray((a / rx) ** 2 + (b / ry) ** 2 <= 1.0)

    return inside


def bar(cx: float, cy: float, length: float, width: float, turn: float) -> Callable[[Array, Array], NDArray[np.bool_]]:
    """Inside a rectangle whose long side is turned by `turn` [rad] from x."""

    def inside(x: Array, y: Array) -> NDArray[np.bool_]:
        u, v = x - cx, y - cy
        a, b = u * np.cos(turn) + v * np.sin(turn), -u * np.sin(turn) + v * np.cos(turn)
        return np.asarray((np.abs(a) <= length / 2) & (np.abs(b) <= width / 2))

    return inside


def doubtful_ellipse(
    cells: Cells, rng: np.random.Generator, rx: float, ry: float, sigma_m: float, cy: float = 0.08
) -> Array:
    """The mask that a calibrated reader gives of an upright ellipse of which it knows the outline to `sigma_m`.

    The outline it draws is off by a smooth random function, correlated over `CORRELATION_M`.
    """
    x, y = np.meshgrid(cells.x_m, cells.y_m - cy)
    angle = np.arctan2(y / ry, x / rx)
    perimeter_m = 2.0 * np.pi * np.sqrt((rx * rx + ry * ry) / 2.0)
    orders = max(round((perimeter_m / CORRELATION_M - 1.0) / 2.0), 1)
    shares = np.array([1.0, *[2.0] * orders]) / (1.0 + 2.0 * orders)
    shift = np.zeros_like(x)
    for order, share in enumerate(shares):
        a, b = rng.standard_normal(2) * sigma_m * np.sqrt(share)
        shift += a * np.cos(order * angle) + (b * np.sin(order * angle) if order else 0.0)
    r = np.maximum(np.hypot(x / rx, y / ry), 1e-3)
    distance = (r - 1.0) * r / np.hypot(x / rx**2, y / ry**2)
    return np.asarray(ndtr((shift - distance) / sigma_m))

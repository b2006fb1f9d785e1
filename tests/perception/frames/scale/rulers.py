"""Rulers drawn on screens around a fan, as scanners draw them."""

from collections.abc import Callable

import cv2
import numpy as np

Mark = Callable[[np.ndarray, float, float, bool], None]
SHIFT = 4  # fractional bits of OpenCV's drawing


def dot(image: np.ndarray, u: float, v: float, large: bool) -> None:
    """A round dot; larger ones are twice as wide."""
    at = round(u * 2**SHIFT), round(v * 2**SHIFT)
    cv2.circle(image, at, round((3.5 if large else 1.6) * 2**SHIFT), 255, -1, cv2.LINE_AA, SHIFT)


def tick(image: np.ndarray, u: float, v: float, large: bool) -> None:
    """A level stroke to the left; larger ones are twice as long."""
    cv2.line(image, (round(u - (12 if large else 5)), round(v)), (round(u), round(v)), 170, 1)


def square(image: np.ndarray, u: float, v: float, large: bool) -> None:
    """A small square, a dash where it is large."""
    cv2.rectangle(image, (round(u) - (6 if large else 1), round(v) - 1), (round(u) + 1, round(v) + 1), 230, -1)


def numbered(image: np.ndarray, u: float, v: float, place: int) -> None:
    """The number of a place to the right of a mark."""
    at = round(u) + 6, round(v) + 5
    cv2.putText(image, str(place), at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 255, 1, cv2.LINE_AA)


def ruled(
    image: np.ndarray,
    start: tuple[float, float],
    lean_rad: float,
    step_px: float,
    count: int,
    mark: Mark = dot,
    group: int = 5,
    numbers: bool = False,
) -> np.ndarray:
    """The screen with a ruler from `start` on; every `group`-th mark is larger, none where it is 0."""
    image = image.copy()
    for k in range(count):
        u, v = start[0] + k * step_px * np.sin(lean_rad), start[1] + k * step_px * np.cos(lean_rad)
        large = bool(group) and k % group == 0
        mark(image, u, v, large)
        if numbers and large:
            numbered(image, u, v, k)
    return image

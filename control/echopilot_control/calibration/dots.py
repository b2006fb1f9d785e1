"""Detection of the wires of an N-wire phantom as bright dots in an image, and their assignment to wires."""

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_control.calibration.phantom import NWirePhantom, middle_share
from echopilot_core import Array, EchoPilotError

_BLUR_PX = 2.0
_THRESHOLD = 0.08  # of the brightest blurred value; wires far from the focus are that dim
_LEAST_GRAY = 8.0
_MOST_DOTS = 20
_MOST_LINE = 4.0  # wider than that times its height, it is a wall
_TOLERANCE = 0.1  # of the width of a row: pixels need not be square, planes need not be square to the wires
_MOST_TILT_RAD = 0.8
_TRIES = 8


def find_dots(image: NDArray[np.uint8]) -> Array:
    """Centers (D, 2) [px; x right, y down] of the brightest small spots of a gray image (H, W), to sub-pixels."""
    if image.ndim != 2 or image.dtype != np.uint8:
        raise EchoPilotError(f"dots are found in gray images of bytes, got {image.dtype} {image.shape}")
    soft = cv2.GaussianBlur(image, (0, 0), _BLUR_PX).astype(np.float64)
    floor = max(_THRESHOLD * float(soft.max()), _LEAST_GRAY)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats((soft > floor).astype(np.uint8))
    found: list[tuple[float, float, float]] = []
    for k in range(1, count):
        left, top, wide, high = (int(v) for v in boxes[k, :4])
        if wide > _MOST_LINE * max(high, 4) or max(wide, high) > image.shape[1] // 6:
            continue
        window = (slice(top, top + high), slice(left, left + wide))
        weight = np.where(labels[window] == k, soft[window], 0.0)
        # the brightest part alone: tails of a spot are one-sided
        weight = np.maximum(weight - 0.5 * weight.max(), 0.0)
        total = float(weight.sum())
        y, x = np.mgrid[top : top + high, left : left + wide]
        found.append((total, float((weight * x).sum()) / total, float((weight * y).sum()) / total))
    found.sort(reverse=True)
    return np.array([spot[1:] for spot in found[:_MOST_DOTS]], dtype=np.float64).reshape(-1, 2)


def name_dots(dots_px: Array, phantom: NWirePhantom, pixel_m: float | None = None) -> Array | None:
    """Points (P, 3, 2) [px] of every wire among the dots (D, 2) [px]; None when they do not show the whole phantom.

    Seen along its parallel wires the phantom is a fixed figure, whatever the place of the plane. Every pair of dots is
    tried as the outer wires of the first row, in both handednesses; the similarity that follows predicts the others.
    `pixel_m` is a rough pixel size that leaves out pairs of a wrong width, within 25 %.
    """
    figure = _figure_m(phantom)
    outer = figure.reshape(-1)
    if len(dots_px) < 3 * len(figure):
        return None
    dots = dots_px[:, 0] + 1j * dots_px[:, 1]
    i, j = (index.ravel() for index in np.indices((len(dots), len(dots))))
    span = dots[j] - dots[i]
    keep = (i != j) & (np.abs(np.abs(span.real)) > np.abs(span) * np.cos(_MOST_TILT_RAD))
    if pixel_m is not None:
        keep &= np.abs(np.abs(span) * pixel_m / phantom.width_m[0] - 1.0) < 0.25
    i, j, span = i[keep], j[keep], span[keep]
    trials: list[tuple[float, Array]] = []
    for shape in (outer, np.conj(outer)):
        predicted = dots[i][:, None] + (shape - shape[0]) * (span / (shape[1] - shape[0]))[:, None]
        distance = np.abs(predicted[:, :, None] - dots)  # (H, 2P, D)
        worst = distance.min(axis=2).max(axis=1) / np.abs(span)
        for h in np.argsort(worst)[:_TRIES]:
            if worst[h] < _TOLERANCE:
                trials.append((float(worst[h]), distance[h].argmin(axis=1).astype(np.float64)))
    trials.sort(key=lambda trial: trial[0])
    for _, chosen in trials:
        points = _with_middles(dots_px, chosen.astype(int).reshape(-1, 2), phantom)
        if points is not None:
            return points
    return None


def _figure_m(phantom: NWirePhantom) -> NDArray[np.complex128]:
    """Outer wires (P, 2) [m] seen along themselves, as complex numbers."""
    along = phantom.ends_m[0, 0, 1] - phantom.ends_m[0, 0, 0]
    along = along / np.linalg.norm(along)
    fronts = phantom.ends_m[:, [0, 2], 0]
    right = fronts[0, 1] - fronts[0, 0]
    right = right - (right @ along) * along
    right = right / np.linalg.norm(right)
    return np.asarray(fronts @ right + 1j * (fronts @ np.cross(along, right)))


def _with_middles(dots_px: Array, outer: NDArray[np.int_], phantom: NWirePhantom) -> Array | None:
    """Add to outer dots (P, 2) the one dot between them that lies on their line, in the range of the middle wire."""
    if len(set(outer.ravel().tolist())) < outer.size:
        return None
    points = np.empty((len(outer), 3, 2))
    for row, (left, right) in enumerate(outer):
        a, b = dots_px[left], dots_px[right]
        across = (b - a) / np.linalg.norm(b - a) ** 2
        offset = dots_px - a
        share = offset @ across
        aside = np.abs(offset @ np.array([-across[1], across[0]]))
        low, high = np.sort(middle_share(phantom.ends_m)[row])
        fits = (share > low - 0.03) & (share < high + 0.03) & (aside < _TOLERANCE / 2)
        fits[[left, right]] = False
        if fits.sum() != 1:
            return None
        points[row] = a, dots_px[np.argmax(fits)], b
    return points

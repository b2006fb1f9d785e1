"""The index marker beside a fan: a dot or letter that scanners draw next to the face on one side."""

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import MarkerSide, ProbeKind
from echopilot_perception.frames.sector.model import Sector

ABOVE_BLACK = 35  # gray values of a drawn mark
ACROSS, ABOVE, BELOW = 0.28, 0.1, 0.12  # of the outer radius: where marks are looked for around the face
SIZES = (0.018, 0.085)  # of the outer radius: larger side of a mark
MIN_FILL, MAX_ASPECT = 0.3, 2.2  # of its box; longer side over shorter
AWAY, OFF_AXIS = 0.004, 0.02  # of the outer radius: from the side of the fan and from its axis at least
MIN_SHARE = 0.3  # of the height of the screen: icons beside smaller fans cannot be told from marks
MAX_IMAGES = 12


def marker_side(images: NDArray[np.uint8], sector: Sector) -> MarkerSide:
    """Side of the mark in images (N, H, W); UNKNOWN for rectangles, without one, and where several could be it."""
    if sector.kind == ProbeKind.LINEAR:
        return MarkerSide.UNKNOWN
    u, v, far = sector.origin_u_px, sector.origin_v_px - sector.radius_px, sector.radius_px + sector.depth_px
    if far < MIN_SHARE * images.shape[1]:
        return MarkerSide.UNKNOWN
    half, face = 0.5 * sector.opening_rad, sector.origin_v_px
    wide = sector.radius_px * float(np.sin(half))
    top, bottom = round(face - ABOVE * far), round(face + BELOW * far)
    left, right = round(u - wide - ACROSS * far), round(u + wide + ACROSS * far)
    top, left = max(top, 0), max(left, 0)
    bottom, right = min(bottom, images.shape[1]), min(right, images.shape[2])
    if bottom - top < 4 or right - left < 4:
        return MarkerSide.UNKNOWN
    still = images[:: max(len(images) // MAX_IMAGES, 1), top:bottom, left:right].min(axis=0)
    mask = (still > int(np.median(still)) + ABOVE_BLACK).astype(np.uint8)
    rows, columns = np.mgrid[top:bottom, left:right]
    beyond = np.abs(columns - u) * np.cos(half) - (rows - v) * np.sin(half)  # distance outside the sides
    mask[(beyond < AWAY * far) & (rows > v)] = 0
    _, _, stats, centers = cv2.connectedComponentsWithStats(mask)
    sides = set()
    for k in range(1, len(stats)):
        x, y, width, height, area = (int(value) for value in stats[k])
        if x == 0 or y == 0 or x + width == mask.shape[1] or y + height == mask.shape[0]:
            continue  # goes on beyond
        if abs(centers[k][0] + left - u) < OFF_AXIS * far:
            continue  # bright near field
        long, short = max(width, height), min(width, height)
        if SIZES[0] * far <= long <= SIZES[1] * far and long <= MAX_ASPECT * short and area >= MIN_FILL * long * short:
            sides.add(MarkerSide.RIGHT if centers[k][0] + left > u else MarkerSide.LEFT)
    return sides.pop() if len(sides) == 1 else MarkerSide.UNKNOWN

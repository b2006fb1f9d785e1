"""Corner marks around a zoomed fan: two above and two below, in the same places on both sides of its axis."""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_perception.frames.sector.fan import Fan
from echopilot_perception.frames.sector.polar import Wedge
from echopilot_perception.frames.sector.screen import Screen

STANDS_OUT = 30  # gray values above the surroundings
SIZES_PX = (5, 16)  # of a mark
HOLLOW = 0.5  # of its box that an angle of two thin strokes covers at most
ALIKE_PX, ALIKE = 3, 1.35  # how much sizes of a pair may differ, and the gray values of all four by a factor
LEVEL_PX, AXIS_PX = 2.0, 3.0  # two marks of a pair in height; the middles of both pairs
ACROSS = (0.08, 0.95)  # distance of a pair, of the width of the screen
DEEP = 0.25  # height from one pair to the other, of that of the screen, at least
LEAN_RAD = (np.deg2rad(7.0), np.deg2rad(50.0))
FILLED = 0.03  # share of the fan with content
TOP_LEFT, BOTTOM_LEFT = 0, 2
MERIT = 1.0  # that of fans told by their corners alone


@dataclass(frozen=True)
class _Angle:
    u: float
    v: float
    width: int
    height: int
    gray: float

    def is_like(self, other: "_Angle") -> bool:
        return abs(self.width - other.width) <= ALIKE_PX and abs(self.height - other.height) <= ALIKE_PX


def fan_of_corners(screen: Screen, content: NDArray[np.uint8]) -> Fan | None:
    """The fan between corner marks of a screen, in px of its copy, on content (H, W); None without clear marks."""
    height, width = screen.gray.shape
    angles = _angles(screen.gray)
    upper, lower = (
        [
            (a.u, b.u, 0.5 * (a.v + b.v), min(a.gray, b.gray), max(a.gray, b.gray))
            for a, b in product(angles[left], angles[left + 1])
            if abs(a.v - b.v) <= LEVEL_PX and a.is_like(b) and ACROSS[0] * width <= b.u - a.u <= ACROSS[1] * width
        ]
        for left in (TOP_LEFT, BOTTOM_LEFT)
    )
    found: list[tuple[float, Fan]] = []
    for top, bottom in product(upper, lower):
        near_half, far_half, deep = 0.5 * (top[1] - top[0]), 0.5 * (bottom[1] - bottom[0]), bottom[2] - top[2]
        aside = 0.5 * abs(top[0] + top[1] - bottom[0] - bottom[1])
        if max(top[4], bottom[4]) > ALIKE * min(top[3], bottom[3]):
            continue
        if aside > AXIS_PX or deep < DEEP * height or far_half <= near_half:
            continue
        half = float(np.arctan2(far_half - near_half, deep))
        if not LEAN_RAD[0] <= half <= LEAN_RAD[1]:
            continue
        axis, apex = 0.25 * (top[0] + top[1] + bottom[0] + bottom[1]), top[2] - near_half / float(np.tan(half))
        near, far = near_half / float(np.sin(half)), far_half / float(np.sin(half))
        fan = Fan(Wedge(axis, apex, half, half), near, far, 0.0, MERIT)
        share = _filled(content, fan)
        if share >= FILLED:
            found.append((share, fan))
    return max(found, key=lambda row: row[0])[1] if found else None


def _angles(gray: NDArray[np.uint8]) -> list[list[_Angle]]:
    """Corners (u, v) of small angles of two thin strokes: top left, top right, bottom left, bottom right."""
    kernel = np.ones((SIZES_PX[1] // 2, SIZES_PX[1] // 2), np.uint8)
    mask = np.asarray(cv2.morphologyEx(gray, cv2.MORPH_TOPHAT, kernel) > STANDS_OUT, np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    found: list[list[_Angle]] = [[], [], [], []]
    for k, (u, v, width, height, area) in enumerate(stats.tolist()):
        if not (
            SIZES_PX[0] <= min(width, height) and max(width, height) <= SIZES_PX[1] and area <= HOLLOW * width * height
        ):
            continue
        part = labels[v : v + height, u : u + width] == k
        rows, columns = (height + 1) // 2, (width + 1) // 2
        opposite = part[rows:, columns:], part[rows:, :-columns], part[:-rows, columns:], part[:-rows, :-columns]
        empty = [not quarter.any() for quarter in opposite]
        if sum(empty) == 1:
            corner = empty.index(True)
            du, dv = _tip(part, corner)
            light = float(gray[v : v + height, u : u + width][part].mean())
            found[corner].append(_Angle(u + du, v + dv, width, height, light))
    return found


def _tip(part: NDArray[np.bool_], corner: int) -> tuple[int, int]:
    """Where the strokes meet: in the first row of a mark above, in the outermost column of one below."""
    right, below = corner % 2, corner // 2
    if not below:
        columns = np.flatnonzero(part[0])
        return int(columns[-1] if right else columns[0]), 0
    u = part.shape[1] - 1 if right else 0
    return u, int(np.flatnonzero(part[:, u])[-1])


def _filled(content: NDArray[np.uint8], fan: Fan) -> float:
    rows, columns = np.mgrid[: content.shape[0], : content.shape[1]]
    du, dv = columns - fan.wedge.u, rows - fan.wedge.v
    radius = np.hypot(du, dv)
    inside = (np.abs(np.arctan2(du, dv)) < fan.wedge.left_rad) & (radius > fan.near) & (radius < fan.far)
    return float((content[inside] > 0).mean()) if inside.any() else 0.0

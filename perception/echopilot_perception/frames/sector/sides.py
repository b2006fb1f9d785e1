"""Straight sides of a fan: lines along which ultrasound begins."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LEAN_RAD = (np.deg2rad(7.0), np.deg2rad(68.0))  # of a side from the vertical
STEP_RAD = np.deg2rad(1.0)
SPREAD = 9  # steps by which the direction of one boundary pixel may be wrong
KEPT = 8  # lines of each side
APART_RAD, APART_PX = np.deg2rad(4.0), 8.0


@dataclass(frozen=True)
class FanSide:
    """Points (u, v) with u cos(lean) + v sin(lean) = offset after mirroring to the left; `votes` [px] is its length."""

    lean_rad: float
    offset_px: float
    votes: float


def left_sides(mask: NDArray[np.uint8]) -> list[FanSide]:
    """Lines that lean to the left going down, with content of mask (H, W) on their right (Hough transform)."""
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 2.0)
    du, dv = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    size = cv2.magnitude(du, dv)
    rows, columns = np.nonzero((size > 0.4 * float(size.max())) & (du > 0))
    if len(rows) == 0:
        return []
    normal = np.arctan2(dv[rows, columns], du[rows, columns])
    weight = size[rows, columns] / float(size.max())
    leans = np.arange(LEAN_RAD[0], LEAN_RAD[1], STEP_RAD)
    reach = int(np.hypot(*mask.shape)) + 2
    table = np.zeros((len(leans), reach), np.float32)
    for k, lean in enumerate(leans):
        near = np.abs(normal - lean) <= SPREAD * STEP_RAD
        offset = columns[near] * np.cos(lean) + rows[near] * np.sin(lean)
        table[k] = np.bincount(np.rint(offset).astype(np.int64), weights=weight[near], minlength=reach)[:reach]
    table = cv2.GaussianBlur(table, (5, 1), 1.2)
    found: list[FanSide] = []
    for _ in range(KEPT):
        k, offset = (int(i) for i in np.unravel_index(int(np.argmax(table)), table.shape))
        votes = float(table[k, offset])
        if votes <= 4.0:
            break
        found.append(FanSide(float(leans[k]), float(offset), votes))
        away = round(APART_RAD / STEP_RAD), int(APART_PX)
        table[max(k - away[0], 0) : k + away[0] + 1, max(offset - away[1], 0) : offset + away[1] + 1] = 0.0
    return found

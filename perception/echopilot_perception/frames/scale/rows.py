"""Marks in even steps: the beginnings of rulers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_perception.frames.scale.marks import ScreenMarks

STEPS_PX = (4.5, 110.0)  # between two marks, px of the copy
UPRIGHT_RAD, SLANTED_RAD = np.deg2rad(2.0), np.deg2rad((20.0, 64.0))  # leans of rulers
ALIKE = 2.2  # weight of a mark over that of the one before
OFF_PX, OFF_STEP = 1.2, 0.04  # of a mark from its place: px of the copy, and steps
FIRST = 4  # marks of a beginning
MOST = 400  # beginnings that are followed


@dataclass(frozen=True)
class EvenRow:
    """Four marks from (u, v) on [px of the original], each (step_u, step_v) from the one before."""

    u: float
    v: float
    step_u: float
    step_v: float

    @property
    def lean_rad(self) -> float:
        """Lean from the vertical, positive to the right going down."""
        return float(np.arctan2(self.step_u, self.step_v))

    @property
    def step_px(self) -> float:
        """Distance of two marks [px of the original]."""
        return float(np.hypot(self.step_u, self.step_v))


def even_rows(marks: ScreenMarks) -> list[EvenRow]:
    """Rows of four marks alike that run down, without repetition; upright ones and those along the sides of fans."""
    if len(marks.u) < FIRST:
        return []
    at = np.column_stack([(marks.u + 0.5) * marks.scale, (marks.v + 0.5) * marks.scale])
    first, second = _pairs(at, marks.weight)
    chain = [first, second]
    for _ in range(FIRST - 2):
        step = (at[chain[-1]] - at[chain[0]]) / (len(chain) - 1)
        goal = at[chain[-1]] + step
        tolerance = OFF_PX + OFF_STEP * np.hypot(*step.T)
        following, off = _nearest(at, goal)
        ratio = marks.weight[following] / marks.weight[chain[-1]]
        good = (off <= tolerance) & (ratio < ALIKE) & (ratio > 1.0 / ALIKE)
        chain = [*(link[good] for link in chain), following[good]]
    steps = (at[chain[-1]] - at[chain[0]]) / (FIRST - 1)
    length, lean = np.hypot(*steps.T), np.arctan2(steps[:, 0], steps[:, 1])
    across = at[chain[0], 0] * np.cos(lean) - at[chain[0], 1] * np.sin(lean)
    key = np.column_stack([np.rint(across / 2.0), np.rint(np.rad2deg(lean) / 1.5), np.rint(length)])
    kept = np.sort(np.unique(key, axis=0, return_index=True)[1])[:MOST]
    return [EvenRow(*(at[chain[0][k]] / marks.scale - 0.5).tolist(), *(steps[k] / marks.scale).tolist()) for k in kept]


def _pairs(at: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of marks alike, the second one below the first in a direction that rulers have."""
    du, dv = (at[None, :, k] - at[:, None, k] for k in (0, 1))
    length, lean = np.hypot(du, dv), np.abs(np.arctan2(du, dv))
    ratio = weight[None, :] / weight[:, None]
    good = (length >= STEPS_PX[0]) & (length <= STEPS_PX[1]) & (ratio < ALIKE) & (ratio > 1.0 / ALIKE)
    good &= (lean <= UPRIGHT_RAD) | ((lean >= SLANTED_RAD[0]) & (lean <= SLANTED_RAD[1]))
    first, second = np.nonzero(good)
    return first, second


def _nearest(at: NDArray[np.float64], goal: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each goal (M, 2) the mark that is next to it, and its distance; goals without one near are far away."""
    cell = 4.0
    size = np.ceil(at.max(axis=0) / cell).astype(np.int64) + 2
    grid = np.full(size, -1, np.int64)
    index = np.clip((at / cell).astype(np.int64), 0, size - 1)
    grid[index[:, 0], index[:, 1]] = np.arange(len(at))
    found, off = np.zeros(len(goal), np.int64), np.full(len(goal), np.inf)
    inside = (goal > -cell).all(axis=1) & (goal < (size - 1) * cell).all(axis=1)
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            cells = np.floor(goal / cell).astype(np.int64) + (i, j)
            good = inside & (cells >= 0).all(axis=1) & (cells < size).all(axis=1)
            mark = np.full(len(goal), -1)
            mark[good] = grid[cells[good, 0], cells[good, 1]]
            distance = np.where(mark >= 0, np.hypot(*(at[mark] - goal).T), np.inf)
            found = np.where(distance < off, mark, found)
            off = np.minimum(distance, off)
    return found, off

"""Rulers: marks in even steps on a line that runs down beside the sector or slants along one of its sides."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import ProbeKind
from echopilot_perception.frames.scale.larger_marks import group_of
from echopilot_perception.frames.scale.marks import ScreenMarks
from echopilot_perception.frames.scale.rows import UPRIGHT_RAD, even_rows
from echopilot_perception.frames.sector.model import Sector

FEWEST = 6  # marks of a ruler
ASIDE_PX, STEP_ERROR = 2.0, 0.06  # distance of a mark from the line [px of the copy], and from its place [steps]
FILLED = 0.79  # of the places of a ruler that have a mark: where larger ones stand aside, four of five
STRAY = 0.7  # other marks on the line between the first and the last, per mark of the ruler
INSIDE = 0.12  # of the outer radius: how far within a side a ruler may run
SPAN = (0.35, 1.35)  # of a ruler, in depths of the sector
CLOSE = 2.2  # sizes from one mark to another one in its row: letters of a text
TEXT = 0.5  # of the marks of a line that have one so close: a column of text
UNEVEN = 0.9  # spread of the weights of marks over their median


@dataclass(frozen=True)
class Ruler:
    """Even marks: `step_px` between two of them [px of the original], `count` of them.

    `group` is the number of steps from one larger mark to the next, 0 where all look alike. `lean_rad` is that of the
    line from the vertical, positive to the right going down.
    """

    step_px: float
    count: int
    group: int
    lean_rad: float
    merit: float


def rulers_of(marks: ScreenMarks, sector: Sector) -> list[Ruler]:
    """Rulers that the marks make beside a sector, best first."""
    found: list[Ruler] = []
    allowed = _allowed(marks, sector)
    for row in even_rows(marks):
        lean = row.lean_rad
        along = marks.u * np.sin(lean) + marks.v * np.cos(lean)
        aside = marks.u * np.cos(lean) - marks.v * np.sin(lean) - (row.u * np.cos(lean) - row.v * np.sin(lean))
        on = np.flatnonzero(allowed & (np.abs(aside) <= ASIDE_PX / marks.scale))
        if len(on) < FEWEST or (abs(lean) <= UPRIGHT_RAD and _is_text(marks, on)):
            continue
        best = _best_on(on, along, aside, marks, row.step_px, lean)
        if best is not None and SPAN[0] <= best.step_px * (best.count - 1) / sector.depth_px <= SPAN[1]:
            found.append(best)
    return sorted(found, key=lambda ruler: ruler.merit, reverse=True)


def _allowed(marks: ScreenMarks, sector: Sector) -> NDArray[np.bool_]:
    """Marks outside the sector or near to its edge."""
    if sector.kind == ProbeKind.LINEAR:
        margin = INSIDE * sector.width_px
        inner = (marks.u > sector.box.left_px + margin) & (marks.u < sector.box.right_px - margin)
        return ~(inner & (marks.v < sector.box.bottom_px))
    u, v = marks.u - sector.origin_u_px, marks.v - (sector.origin_v_px - sector.radius_px)
    half, far = 0.5 * sector.opening_rad, sector.radius_px + sector.depth_px
    within = v * np.sin(half) - np.abs(u) * np.cos(half)
    return np.asarray((within < INSIDE * far) | (np.hypot(u, v) > far), np.bool_)


def _is_text(marks: ScreenMarks, index: NDArray[np.int64]) -> bool:
    """Whether most of the marks at `index` have another one beside them."""
    size = np.maximum(marks.size[index], 4.0)[:, None] / marks.scale
    right = marks.u[None, :] - marks.u[index][:, None]
    level = np.abs(marks.v[None, :] - marks.v[index][:, None])
    alike = marks.weight[None, :] > 0.25 * marks.weight[index][:, None]
    beside = (right > 0.2 * size) & (right < CLOSE * size) & (level < 0.5 * size) & alike
    return bool(beside.any(axis=1).mean() > TEXT)


def _best_on(
    on: NDArray[np.int64],
    along: NDArray[np.float64],
    aside: NDArray[np.float64],
    marks: ScreenMarks,
    step_px: float,
    lean: float,
) -> Ruler | None:
    """The best ruler of the marks `on` (K,) a line, in steps of about `step_px`; all marks lie `aside` of it, `along`
    it (M,) px.
    """
    order = on[np.argsort(along[on])]
    t = along[order]
    best: Ruler | None = None
    done = -np.inf  # up to here marks belong to a ruler that was followed
    for first in range(len(t) - FEWEST + 1):
        followed = _follow(t, first, step_px, marks.scale)
        if followed is None or t[followed[1][-1]] <= done:
            continue
        k, index = followed
        where = t[index]
        done = where[-1]
        slope, zero = np.polyfit(k, where, 1)
        rest = np.abs(where - zero - slope * k)
        slots = int(k[-1]) + 1
        between = int(np.count_nonzero((t >= where[0]) & (t <= where[-1]))) - len(k)
        weight = marks.weight[order[index]]
        uneven = float(np.subtract(*np.quantile(weight, (0.75, 0.25))) / np.median(weight))
        if rest.max() > _tolerance(slope, marks.scale) or uneven > UNEVEN:
            continue
        if len(k) < FILLED * slots or between > STRAY * len(k):
            continue
        merit = len(k) - (slots - len(k)) - between - 2.0 * float(rest.mean()) * marks.scale
        if best is None or merit > best.merit:
            count, group = group_of(marks, along, aside, float(zero), float(slope), slots, ASIDE_PX / marks.scale)
            best = Ruler(float(slope), count, group, lean, merit)
    return best


def _tolerance(step: float, scale: float) -> float:
    return max(STEP_ERROR * step, 0.75 / scale)


def _follow(
    t: NDArray[np.float64], first: int, step: float, scale: float
) -> tuple[NDArray[np.float64], list[int]] | None:
    """Places (K,) and indices of marks in even steps from t[first] on; None where they are too few."""
    tolerance = _tolerance(step, scale)
    start = at = float(t[first])
    places, index, place, missing = [0.0], [first], 0, 0
    while missing <= 1 and at + step <= t[-1] + tolerance:
        place, goal = place + 1, at + step
        near = int(np.argmin(np.abs(t - goal)))
        if abs(float(t[near]) - goal) <= tolerance:
            places.append(float(place))
            index.append(near)
            at, missing = float(t[near]), 0
            step = (at - start) / place if place >= 3 else step
        else:
            at, missing = goal, missing + 1
    return (np.array(places), index) if len(places) >= FEWEST else None

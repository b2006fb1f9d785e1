"""Larger marks of a ruler: every second, fifth or tenth."""

import numpy as np
from numpy.typing import NDArray

from echopilot_perception.frames.scale.marks import ScreenMarks

LARGER = 1.3  # of larger marks over the others, in weight or size; a single one may show the focus
LARGEST = 1.25  # of every tenth mark over every fifth
BEYOND = 4  # places before the first and after the last that are looked at
NEAR, NEAR_LARGE = 0.1, 0.18  # steps by which a mark, and a large one, may be off its place


def group_of(
    marks: ScreenMarks,
    along: NDArray[np.float64],
    aside: NDArray[np.float64],
    zero: float,
    step: float,
    slots: int,
    line_px: float,
) -> tuple[int, int]:
    """Number of marks, and steps between two larger ones (0 where all look alike) of a ruler.

    Args:
        marks: all marks of the screen.
        along: (K,) their positions along its line [px].
        aside: (K,) their distances from its line [px].
        zero: position of place 0 [px].
        step: between two places [px].
        slots: places that the ruler has at least.
        line_px: distance from the line up to which a mark without size lies on it [px].
    """
    place = (along - zero) / step
    near = np.rint(place)
    off = np.abs(place - near)
    own = (off <= NEAR) & (np.abs(aside) <= 2.0 * line_px) & (near >= 0) & (near < slots)
    if own.sum() >= 3:  # the line as the marks show it
        aside = aside - np.polyval(np.polyfit(along[own], aside[own], 1), along)
    size = marks.size / marks.scale
    large = size >= 1.5 * float(np.median(size[own])) if own.any() else np.zeros(len(size), np.bool_)
    good = (np.abs(aside) <= 0.6 * size + line_px) & (off <= np.where(large, NEAR_LARGE, NEAR))
    tables = [_by_place(near[good], values[good], slots) for values in (marks.weight, marks.size)]
    return int(np.isfinite(tables[0]).sum()), max(_group(table) for table in tables)


def _by_place(near: NDArray[np.float64], values: NDArray[np.float64], slots: int) -> NDArray[np.float64]:
    """The largest value at each place (P,), NaN where there is no mark or a gap before or after the ruler."""
    table = np.full(slots + 2 * BEYOND, np.nan)
    for k, value in zip((near + BEYOND).astype(np.int64), values, strict=True):
        if 0 <= k < len(table):
            table[k] = np.nanmax([table[k], value])
    for turned in (table, table[::-1]):
        empty = np.flatnonzero(np.isnan(turned[:BEYOND]))
        if len(empty):
            turned[: empty[-1]] = np.nan
    return table


def _group(table: NDArray[np.float64]) -> int:
    """Steps between larger marks from the sizes of marks by place (P,), NaN where there is none."""
    known = np.flatnonzero(np.isfinite(table))
    table = table[known[0] : known[-1] + 1] if len(known) else table
    places = np.arange(len(table))
    for group in (2, 5):
        for phase in range(group):
            seats = places % group == phase
            if _stands_out(table, seats, group):
                tens = [t for t in (phase, phase + 5) if _exceeds(table, seats, places % 10 == t)]
                return 10 if group == 5 and tens else group
    for phase in range(10):
        seats = places % 10 == phase
        if seats.sum() >= 2 and _stands_out(table, seats, 10):
            return 10
    return 0


def _stands_out(table: NDArray[np.float64], seats: NDArray[np.bool_], group: int) -> bool:
    larger, others = table[seats & np.isfinite(table)], table[~seats & np.isfinite(table)]
    if len(larger) < max(seats.sum() - 1, 2) or len(others) < group - 1:
        return False
    if group == 2 and min(len(larger), len(others)) < 3:
        return False
    most = others.max() if group == 10 else np.quantile(others, 0.9)
    return bool(larger.min() >= LARGER * most)


def _exceeds(table: NDArray[np.float64], fives: NDArray[np.bool_], tens: NDArray[np.bool_]) -> bool:
    known = np.isfinite(table)
    most, rest = table[fives & tens & known], table[fives & ~tens & known]
    return len(most) >= 2 and len(rest) >= 1 and bool(most.min() >= LARGEST * rest.max())

"""Sides, face and end of a found fan to a fraction of a pixel."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from echopilot_perception.frames.sector.fan import Fan
from echopilot_perception.frames.sector.polar import Field, Wedge, sampled

REACHES_PX, STEP_PX = (28.0, 14.0, 14.0), 0.5  # across a side, around where it was found: turn by turn
QUANTILE = 0.2  # of the places where content begins: echoes are missing inside a side and never lie outside it
ROUNDS = 12
SHARED_LEAN_RAD = np.deg2rad(5.0)  # leans that differ less are one
MIN_POINTS = 20
CENTRAL = 0.6  # of the beams: on them face and end are found
BEGINS = 0.25  # share of these with content
ARC_PX = 12  # around the end that was found
PHASED = 0.12  # of the outer radius: content above what is connected counts where it lies that near to the apex
MIN_TOP_PX = 20.0  # face radius from which an arc differs from a straight top
CLEAR_ARC, EVEN_ARC_PX = 0.6, 0.25  # share of the beams that end, median distance from the arc: it tells the center
ASIDE = (0.015, 0.08)  # of the outer radius: errors of the apex sideways that an arc corrects
TOP, END = 0.15, 0.85  # quantiles over the beams of where content begins and ends


@dataclass(frozen=True)
class FanOutline:
    """A wedge with the radii of its face and end [px], and whether its top is a straight cut, not an arc."""

    wedge: Wedge
    near: float
    far: float
    flat_row: float | None


def refined(fan: Fan, raw: Field, even: Field) -> FanOutline:
    """FanOutline on the pixels with content (H, W) as they are (`raw`) and without letters (`even`), in 0..1."""
    wedge = fan.wedge
    for reach_px in REACHES_PX:
        wedge = _sides(even, wedge, fan.near, fan.far, reach_px)
    wedge = _centered(even, wedge, fan.far)
    near = _face(raw, wedge, fan.far)
    far = _end(even, wedge, fan.far)
    return FanOutline(
        wedge, near if near < min(fan.near, PHASED * far) else fan.near, far, _flat_row(even, wedge, fan.near)
    )


def _sides(mask: Field, wedge: Wedge, near: float, far: float, reach_px: float) -> Wedge:
    r = np.arange(near, far, 2.0, dtype=np.float32)
    across = np.arange(-reach_px, reach_px + STEP_PX, STEP_PX, dtype=np.float32)
    found: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for sign, lean in wedge.leans:
        u = wedge.u + sign * r[:, None] * np.sin(lean) - sign * across * np.cos(lean)
        v = wedge.v + r[:, None] * np.cos(lean) + across * np.sin(lean)
        strip = sampled(mask, u, v)
        lit = strip > 0.5
        good = ~lit[:, :4].any(axis=1) & lit.any(axis=1) & ~np.isnan(strip).any(axis=1)
        found.append((r[good].astype(np.float64), across[np.argmax(lit[good], axis=1)].astype(np.float64)))
    if min(len(x) for x, _ in found) < MIN_POINTS:
        return wedge
    shared = abs(wedge.left_rad - wedge.right_rad) < SHARED_LEAN_RAD
    if shared:  # offsets a + c and b + c r of both sides at once
        design = np.vstack(
            [
                np.column_stack([np.full(len(x), float(k == 0)), np.full(len(x), float(k == 1)), x])
                for k, (x, _) in enumerate(found)
            ]
        )
        weight = np.concatenate([np.full(len(x), 1.0 / np.sqrt(len(x))) for x, _ in found])
        a, b, slope = _quantile_fit(design, np.concatenate([y for _, y in found]), weight)
        lines = [(a, slope), (b, slope)]
    else:
        lines = [tuple(_quantile_fit(np.column_stack([np.ones(len(x)), x]), y, np.ones(len(x)))) for x, y in found]
    turned, points = [], []
    for (sign, lean), (offset, slope) in zip(wedge.leans, lines, strict=True):
        turned.append(lean - float(np.arctan(slope)))
        points.append((wedge.u - sign * offset * np.cos(lean), wedge.v + offset * np.sin(lean)))
    left, right = turned
    if shared:
        left = right = 0.5 * (left + right)
    directions = np.array([[-np.sin(left), -np.sin(right)], [np.cos(left), -np.cos(right)]])
    t = np.linalg.solve(directions, np.subtract(points[1], points[0]))[0]
    u, v = points[0][0] - t * np.sin(left), points[0][1] + t * np.cos(left)
    return Wedge(float(u), float(v), float(left), float(right))


def _quantile_fit(
    design: NDArray[np.float64], values: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quantile regression by reweighted least squares."""
    solution = np.linalg.lstsq(design * weight[:, None], values * weight, rcond=None)[0]
    for _ in range(ROUNDS):
        rest = values - design @ solution
        tilt = np.where(rest > 0, QUANTILE, 1.0 - QUANTILE)
        root = weight * np.sqrt(tilt / np.maximum(np.abs(rest), 0.5))
        solution = np.linalg.lstsq(design * root[:, None], values * root, rcond=None)[0]
    return np.asarray(solution, np.float64)


def _beams(wedge: Wedge, share: float, count: int = 81) -> Field:
    return np.linspace(-share * wedge.left_rad, share * wedge.right_rad, count, dtype=np.float32)


def _face(raw: Field, wedge: Wedge, far: float) -> float:
    r = np.arange(min(max(0.0, -wedge.v), far - 1.0), far, 1.0, dtype=np.float32)
    beams = _beams(wedge, CENTRAL)
    seen = sampled(raw, wedge.u + r[:, None] * np.sin(beams), wedge.v + r[:, None] * np.cos(beams))
    lit = np.nan_to_num(seen) > 0.5
    share = np.convolve(lit.mean(axis=1), np.ones(4) / 4, mode="valid")
    first = np.flatnonzero(share > BEGINS)
    if len(first) == 0:
        return float(r[0])
    begin = lit[first[0] : first[0] + ARC_PX]
    held = begin.any(axis=0)
    return (
        float(r[first[0]] + np.quantile(np.argmax(begin[:, held], axis=0), TOP)) if held.any() else float(r[first[0]])
    )


def _centered(mask: Field, wedge: Wedge, far: float) -> Wedge:
    """The wedge moved sideways where its end is a clear arc about another place: a ruler may lie across a side."""
    r = np.arange(far - 2 * ARC_PX, far + 2 * ARC_PX, 0.5, dtype=np.float32)
    beams = _beams(wedge, 0.95)
    seen = sampled(mask, wedge.u + r[:, None] * np.sin(beams), wedge.v + r[:, None] * np.cos(beams))
    lit = seen > 0.5
    clear = lit[:4].all(axis=0) & ~lit[-4:].any(axis=0) & ~np.isnan(seen).any(axis=0)
    if clear.mean() < CLEAR_ARC:
        return wedge
    last = r[len(r) - 1 - np.argmax(lit[::-1, clear], axis=0)].astype(np.float64)
    design = np.column_stack([np.ones(len(last)), np.sin(beams[clear]), np.cos(beams[clear])])
    weight, rest, solution = np.ones(len(last)), last, np.zeros(3)
    for _ in range(ROUNDS):
        solution = np.linalg.lstsq(design * weight[:, None], last * weight, rcond=None)[0]
        rest = last - design @ solution
        weight = 1.0 / np.sqrt(np.maximum(np.abs(rest), 0.5))
    aside = float(solution[1])
    sure = float(np.median(np.abs(rest))) < EVEN_ARC_PX and ASIDE[0] * far < abs(aside) < ASIDE[1] * far
    return replace(wedge, u=wedge.u + aside) if sure else wedge


def _end(mask: Field, wedge: Wedge, far: float) -> float:
    r = np.arange(far - ARC_PX, far + ARC_PX, 0.5, dtype=np.float32)
    beams = _beams(wedge, 0.95)
    seen = sampled(mask, wedge.u + r[:, None] * np.sin(beams), wedge.v + r[:, None] * np.cos(beams))
    lit = seen > 0.5
    ends = lit[:4].any(axis=0) & ~lit[-4:].any(axis=0) & ~np.isnan(seen).any(axis=0)
    if ends.sum() < 0.1 * len(beams):
        return far
    last = len(r) - 1 - np.argmax(lit[::-1, ends], axis=0)
    return float(r[0] + 0.5 * np.quantile(last, END))


def _flat_row(mask: Field, wedge: Wedge, near: float) -> float | None:
    """Row of a straight top; None where the top is an arc or too narrow to tell."""
    if near < MIN_TOP_PX:
        return None
    r = np.arange(min(max(0.0, -wedge.v), near), 1.6 * near + 40.0, 1.0, dtype=np.float32)
    beams = _beams(wedge, 0.9)
    seen = np.nan_to_num(sampled(mask, wedge.u + r[:, None] * np.sin(beams), wedge.v + r[:, None] * np.cos(beams)))
    lit = seen > 0.5
    held = lit.any(axis=0)
    if held.sum() < 0.6 * len(beams):
        return None
    first = r[np.argmax(lit[:, held], axis=0)]
    rows = wedge.v + first * np.cos(beams[held])
    spread_r, spread_v = (float(np.subtract(*np.quantile(x, (0.8, 0.2)))) for x in (first, rows))
    return float(np.median(rows)) if spread_v < 0.5 * spread_r and spread_v < 4.0 else None

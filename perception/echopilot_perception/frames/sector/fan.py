"""Merit of fans: how well two sides and an end agree with what the screen shows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from echopilot_perception.frames.sector.bands import band_merit
from echopilot_perception.frames.sector.parts import Parts
from echopilot_perception.frames.sector.polar import STEP_PX, Field, PolarView, Wedge, polar_view

MIN_OPENING_RAD = np.deg2rad(16.0)
MAX_SKEW_RAD = np.deg2rad(16.0)
FREE_SKEW_RAD = np.deg2rad(3.0)  # of the two leans: more costs merit
MIN_DEPTH_PX = 50.0
ENDS = 5  # radii that are tried as the end of a fan
BEGINS = 0.15  # share of the beams with content from which a fan begins
SEES = 0.1  # of the depth: sides of which less lies on the screen have no support
SLACK_RAD = np.deg2rad(1.5)  # by which parts of a fan may cross its sides
CLEAR_END = 0.25  # how clearly (0..1) content ends where a fan ends above its deepest content
MISSED = 1.2  # merit that content of the fan's own parts below its end costs, times its share
INSIDE = 0.97  # of a part that is cut off by a dark band
BELOW_PX = 8.0  # beyond the end
SPREAD = 0.1  # of what is below the end: more of it beyond the sides is no ultrasound of this fan
SMALL, LARGE = 0.006, 0.1  # of the screen: smaller fans are icons, larger ones are not better for it
CUT_OFF = 0.06  # of the fan's area: the least that a part beyond a dark band covers
THICK_PX = 10.0  # half the thickness of such a part: captions are thinner


@dataclass(frozen=True)
class Fan:
    """A wedge from `near` to `far` px of its apex; `side_merit` is that of its sides, `merit` all in all."""

    wedge: Wedge
    near: float
    far: float
    side_merit: float
    merit: float

    def mapped(self, scale: float, u: float, v: float) -> "Fan":
        """The fan with its apex at (u, v) on another copy of the screen, `scale` times as large."""
        return replace(self, wedge=replace(self.wedge, u=u, v=v), near=self.near * scale, far=self.far * scale)


def fan_of(soft: Field, total: float, wedge: Wedge) -> Fan | None:
    """The best fan in a wedge on a soft mask (H, W) in 0..1; None where there is none.

    `total` is the area [px] of all that may be ultrasound.
    """
    height, width = soft.shape
    opening, skew = wedge.left_rad + wedge.right_rad, abs(wedge.left_rad - wedge.right_rad)
    if opening < MIN_OPENING_RAD or skew > MAX_SKEW_RAD:
        return None
    if not (-0.2 * width < wedge.u < 1.2 * width and -2.0 * height < wedge.v < 0.7 * height):
        return None
    view = polar_view(soft, wedge)
    if view is None or float(view.share.max()) < 0.05:
        return None
    first = begin_of(view)
    best: Fan | None = None
    for end in sorted(set(_ends(view))):
        if (end - first) * STEP_PX < MIN_DEPTH_PX:
            continue
        fan = _judged(view, wedge, first, end, total)
        if best is None or fan.merit > best.merit:
            best = fan
    return best


def deepened(faint: Parts, usual: Field, fan: Fan) -> Fan | None:
    """The fan down to its deepest content, judged by the parts of the screen that it claims; None for a worse band.

    Connected content is followed; other parts count when they are thick, lie between the sides and the sides are on
    the screen there: captions are thin, traces and spectra are wider. Where faint and usual echoes (`usual`, a soft
    mask (H, W)) end as an arc the fan may end too.
    """
    claimed = _claimed(faint, fan)
    view, other = polar_view(claimed, fan.wedge), polar_view(usual, fan.wedge)
    if view is None or other is None or float(view.share.max()) < 0.05:
        return None
    view = replace(view, falls=np.maximum(view.falls, other.falls))
    total, first = max(float(claimed.sum()), 1.0), begin_of(view)
    rings, most = _ring_areas(view, fan.wedge), _seen_areas(view, fan.wedge)
    start = max(int(np.searchsorted(view.radii, fan.far)), first)
    best: Fan | None = None
    for end in sorted(set(_ends(view, CLEAR_END))):
        if (end - first) * STEP_PX < MIN_DEPTH_PX:
            continue
        area, seen = float(rings[first : end + 1].sum()), float(most[first : end + 1].sum())
        size = min(seen / (LARGE * claimed.size), 1.0)
        if seen < SMALL * claimed.size:
            continue
        sides = 0.5 * (fan.side_merit + side_merit(view, fan.wedge, first, end))
        merit = sides + 0.3 * float(view.falls[end]) + 0.3 * area / max(seen, 1.0) + 0.3 * size
        merit += 1.0 * min(area / total, 1.0) - MISSED * float(rings[end + 1 :].sum()) / total
        merit -= sum(
            _mean(b[start : end + 1], k[start : end + 1]) for b, k in zip(view.breach, view.known, strict=True)
        )
        if best is None or merit > best.merit:
            best = replace(fan, near=float(view.radii[first]), far=float(view.radii[end]), merit=merit)
    if best is None or best.merit < band_merit(claimed, total) + 0.3 * min(total / (LARGE * claimed.size), 1.0):
        return None
    return best


def _mean(values: Field, known: NDArray[np.bool_]) -> float:
    return float(values.sum()) / max(int(known.sum()), 1)


def _claimed(faint: Parts, fan: Fan) -> Field:
    """Mask (H, W) in 0..1 of the parts that the fan must explain.

    What is joined to it below its end and spreads beyond its sides there is a trace or a caption, and is cut off.
    """
    wedge, count = fan.wedge, faint.count
    du, dv = faint.columns - wedge.u, faint.rows - wedge.v
    angle, radius = np.arctan2(du, dv), np.hypot(du, dv)
    between = (angle > -wedge.left_rad - SLACK_RAD) & (angle < wedge.right_rad + SLACK_RAD)
    below = radius > fan.far + BELOW_PX

    def pixels(chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.bincount(faint.names, weights=chosen, minlength=count).astype(np.float64)

    size = np.maximum(pixels(np.ones(len(radius), np.bool_)), 1.0)
    within = pixels(between & ~below & (radius > fan.near - BELOW_PX))
    deepest = np.zeros(count)
    np.maximum.at(deepest, faint.names, radius)
    area = 0.5 * (wedge.left_rad + wedge.right_rad) * (fan.far**2 - fan.near**2)
    large = (4.0 * size > CUT_OFF * area) & (faint.thick_px >= THICK_PX)  # every fourth pixel is counted
    own = within > 0.1 * max(float(within.max()), 1.0)
    apart = (pixels(between) > INSIDE * size) & large & (deepest <= _leaves(wedge, faint.width))
    spreads = own & (pixels(below & ~between) > SPREAD * np.maximum(pixels(below), 1.0))
    soft = faint.soft_of(own | apart)
    if spreads.any():
        rows, columns = np.nonzero(spreads[faint.labels])
        away = np.hypot(columns - wedge.u, rows - wedge.v) > fan.far + BELOW_PX
        soft[rows[away], columns[away]] = 0.0
    return soft


def _leaves(wedge: Wedge, width: int) -> float:
    """Radius at which the second of the two sides leaves the screen at its left or right."""
    return float(max(wedge.u / np.sin(wedge.left_rad), (width - 1 - wedge.u) / np.sin(wedge.right_rad)))


def begin_of(view: PolarView) -> int:
    """First radius with content on some of the beams."""
    share = view.share
    return int(np.flatnonzero(share > min(BEGINS, 0.3 * float(share.max())))[0])


def _ends(view: PolarView, clear: float = 0.1) -> Iterator[int]:
    """Radii at which the fan may end: where content ends as an arc, and the last one with content."""
    weight = np.cumsum(view.inside.sum(axis=1) * view.radii)
    yield min(int(np.searchsorted(weight, 0.998 * weight[-1])), len(weight) - 1)
    rest = view.falls.copy()
    for _ in range(ENDS):
        k = int(np.argmax(rest))
        if rest[k] < clear:
            return
        yield k
        rest[max(k - 6, 0) : k + 7] = 0.0


def _ring_areas(view: PolarView, wedge: Wedge) -> Field:
    return np.asarray(view.inside.mean(axis=1) * view.radii * (wedge.left_rad + wedge.right_rad) * STEP_PX, np.float32)


def _seen_areas(view: PolarView, wedge: Wedge) -> Field:
    return np.asarray(view.seen.mean(axis=1) * view.radii * (wedge.left_rad + wedge.right_rad) * STEP_PX, np.float32)


def _judged(view: PolarView, wedge: Wedge, first: int, end: int, total: float) -> Fan:
    span = slice(first, end + 1)
    area = float(_ring_areas(view, wedge)[span].sum())
    fill = area / max(float(_seen_areas(view, wedge)[span].sum()), 1.0)
    sides = side_merit(view, wedge, first, end)
    merit = sides + 0.3 * float(view.falls[end]) + 0.3 * fill + 0.3 * float(np.sqrt(min(area / max(total, 1.0), 1.0)))
    return Fan(wedge, float(view.radii[first]), float(view.radii[end]), sides, merit)


def side_merit(view: PolarView, wedge: Wedge, first: int, end: int) -> float:
    """How well both sides bound the content between two radii, 1 at best."""
    span = slice(first, end + 1)
    support, breach = [], []
    for s, b, k in zip(view.support, view.breach, view.known, strict=True):
        count = int(k[span].sum())
        few = count < SEES * (end - first)
        support.append(0.0 if few else float(s[span].sum()) / count)
        breach.append(0.0 if few else float(b[span].sum()) / count)
    skew = max(abs(wedge.left_rad - wedge.right_rad) - FREE_SKEW_RAD, 0.0)
    return float(0.4 * min(support) + 0.3 * sum(support) - 1.2 * sum(breach) - 1.5 * skew)

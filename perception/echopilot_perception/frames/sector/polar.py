"""A mask sampled along the beams of a fan and across its sides."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_perception.frames.sector.sides import FanSide

Field = NDArray[np.float32]

STEP_PX = 2  # between radii
ANGLES = 41
ACROSS_PX = np.array([-8, -6, -4, 3, 5, 7, 9], np.float32)  # from a side inwards: three samples outside, four inside
OUTSIDE = 3
ARC_STEPS = 4  # radii before and after an arc that are compared


@dataclass(frozen=True)
class Wedge:
    """Two sides that meet in the apex (u, v) and lean by `left_rad` and `right_rad` from the vertical."""

    u: float
    v: float
    left_rad: float
    right_rad: float

    @property
    def leans(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Sign and lean of the left and of the right side."""
        return (-1.0, self.left_rad), (1.0, self.right_rad)


@dataclass(frozen=True)
class PolarView:
    """What a mask shows of a wedge at the radii (R,) [px].

    `inside` (R, A) is the content by beam, 0 where not `seen`; of each side, `support` (R,) is content that begins
    there, `breach` (R,) content beyond, `known` (R,) whether both lie on the screen; `falls` (R,) is how clearly
    content ends at that radius on all beams at once.
    """

    radii: Field
    inside: Field
    seen: NDArray[np.bool_]
    support: tuple[Field, Field]
    breach: tuple[Field, Field]
    known: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    falls: Field

    @property
    def share(self) -> Field:
        """Share (R,) of the visible beams that have content."""
        return np.asarray(self.inside.sum(axis=1) / np.maximum(self.seen.sum(axis=1), 1), np.float32)


def wedge_of(left: FanSide, right: FanSide, width: int) -> Wedge:
    """The wedge of two sides; the right one is given in the mirrored screen of `width` px."""
    a, b = left.lean_rad, right.lean_rad
    matrix = np.array([[np.cos(a), np.sin(a)], [-np.cos(b), np.sin(b)]])
    u, v = np.linalg.solve(matrix, [left.offset_px, right.offset_px - (width - 1) * np.cos(b)])
    return Wedge(float(u), float(v), a, b)


def polar_view(soft: Field, wedge: Wedge) -> PolarView | None:
    """View of a soft mask (H, W) in 0..1; None where the screen shows less than a few radii of the wedge."""
    height, width = soft.shape
    u, v = wedge.u, wedge.v
    reach = float(np.hypot(max(u, width - u), height - v))
    r = np.arange(max(0.0, -v), reach, STEP_PX, dtype=np.float32)
    if len(r) < 4 * ARC_STEPS:
        return None
    beams = np.linspace(-wedge.left_rad, wedge.right_rad, ANGLES + 2, dtype=np.float32)[1:-1]
    inside = sampled(soft, u + r[:, None] * np.sin(beams), v + r[:, None] * np.cos(beams))
    seen = ~np.isnan(inside)
    inside[~seen] = 0.0
    support, breach, known = [], [], []
    for sign, lean in wedge.leans:
        across_u = u + sign * r[:, None] * np.sin(lean) - sign * ACROSS_PX * np.cos(lean)
        across_v = v + r[:, None] * np.cos(lean) + ACROSS_PX * np.sin(lean)
        strip = sampled(soft, across_u, across_v)
        beyond, within = strip[:, :OUTSIDE].mean(axis=1), strip[:, OUTSIDE:].mean(axis=1)
        both = ~np.isnan(within + beyond)
        support.append(np.where(both, np.clip(within - beyond, 0.0, 1.0), 0.0).astype(np.float32))
        breach.append(np.where(both, beyond, 0.0).astype(np.float32))
        known.append(both)
    falls = _falls(inside, seen)
    return PolarView(r, inside, seen, (support[0], support[1]), (breach[0], breach[1]), (known[0], known[1]), falls)


def _falls(inside: Field, seen: NDArray[np.bool_]) -> Field:
    total = np.cumsum(np.vstack([np.zeros((1, inside.shape[1]), np.float32), inside]), axis=0)
    falls = np.zeros(len(inside), np.float32)
    at = np.arange(ARC_STEPS, len(inside) - ARC_STEPS)
    before, after = (total[at] - total[at - ARC_STEPS]) / ARC_STEPS, (total[at + ARC_STEPS] - total[at]) / ARC_STEPS
    both = seen[at - ARC_STEPS] & seen[at + ARC_STEPS]
    falls[at] = np.where(both, np.clip(before - after, 0.0, 1.0), 0.0).mean(axis=1)
    return falls


def sampled(soft: Field, u: Field, v: Field) -> Field:
    """Values at (u, v), NaN outside the screen."""
    at = u.astype(np.float32), v.astype(np.float32)
    edge = cv2.BORDER_CONSTANT
    return np.asarray(cv2.remap(soft, *at, cv2.INTER_LINEAR, borderMode=edge, borderValue=float("nan")), np.float32)

"""Direction of a vessel from the centers of its oblique sections."""

from dataclasses import dataclass

import numpy as np

from echopilot_core import Array

_ENOUGH, _ENOUGH_M = 8, 0.020
_CURVED_M = 0.040  # a shorter line is fitted straight
_WIDENING_M = 0.010  # on either side: where the slope of the area is taken
_USUAL = 0.06  # weight of the usual direction: (2.5 deg of noise / 10 deg of scatter) squared


@dataclass(frozen=True)
class TrackedSection:
    """One section: center of the lumen (3,) [m], unit normal (3,) of its plane along the vessel, area of the lumen
    [m^2], point on the wall at the back (3,) [m]; in base."""

    center_m: Array
    normal: Array
    area_m2: float
    back_m: Array

    @property
    def finite(self) -> bool:
        """Whether it can be fitted: one that is not would spoil the whole line."""
        return all(np.isfinite(part).all() for part in (self.center_m, self.normal, self.area_m2, self.back_m))


def vessel_direction(sections: list[TrackedSection], hint: Array, usual: Array, back: Array) -> Array | None:
    """Unit tangent (3,) at the newest section, along `hint`; None for too short a line. `usual` is what it tends to be.

    Towards the `back` (3,), square to `hint`, the course is that of the back wall: the spine lies behind it, and sacs
    bulge forward. Sideways it is that of the centers, but for their way of following the plane. In a tube of radius
    r(s) whose section leans by a small angle, the center moves towards the wider side by r r' times that angle. In a
    sphere, r r' = -s, so that centers of sections line up with the normal of the sections, and a plane that is turned
    across the line of centers finds itself confirmed. So with normals n, centers c and tangent t (lateral parts)
    c' = t + (r r' (t - n))', solved for t at the newest section; where the vessel is like a sphere, nothing is left to
    solve, and the usual direction remains. Coordinates are quadratics in the way along `hint` (least squares, linear
    below 40 mm of way), r r' is A' / 2 pi.
    """
    if len(sections) < _ENOUGH:
        return None
    centers = np.stack([s.center_m for s in sections])
    way = (centers - centers[-1]) @ hint
    span = float(way.max() - way.min())
    if span < _ENOUGH_M:
        return None
    widening = _slopes(way, np.array([s.area_m2 for s in sections])) / (2.0 * np.pi)
    lateral = np.stack([_lateral(s.normal, hint) for s in sections])
    powers = np.stack([way**k for k in range(3 if span > _CURVED_M else 2)], axis=1)
    upright = centers + widening[:, None] * lateral
    fitted = np.linalg.lstsq(powers, np.column_stack([upright, widening]), rcond=None)[0][1]
    line, weight = _lateral(fitted[:3], hint), 1.0 + float(fitted[3])
    t = (weight * line + _USUAL * _lateral(usual, hint)) / (weight**2 + _USUAL)
    behind = np.stack([s.back_m for s in sections]) @ back
    tangent = hint + t + (float(np.linalg.lstsq(powers, behind, rcond=None)[0][1]) - float(t @ back)) * back
    return np.asarray(tangent / np.linalg.norm(tangent))


def _lateral(vector: Array, hint: Array) -> Array:
    """What (3,) has to be added to `hint` for the direction of a vector (3,)."""
    return np.asarray(vector / max(float(vector @ hint), 0.3) - hint)


def _slopes(way: Array, value: Array) -> Array:
    """Slope (n,) of values (n,) over the way (n,), fitted around each place."""
    near = (np.abs(way[:, None] - way) < _WIDENING_M).astype(np.float64)
    count = near.sum(axis=1)
    x, y = near @ way / count, near @ value / count
    xx, xy = near @ way**2 / count - x**2, near @ (way * value) / count - x * y
    return np.asarray(xy / np.maximum(xx, 1e-8))

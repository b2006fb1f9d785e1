"""Direction of a vessel from the centres of its sections, whichever way these lean."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ENOUGH, _ENOUGH_M = 8, 0.020
_CURVED_M = 0.040  # a shorter line is fitted straight
_WIDENING_M = 0.010  # on either side: where the slope of the area is taken
_USUAL = 0.06  # weight of the usual direction: (2.5 deg of noise / 10 deg of scatter) squared


@dataclass(frozen=True)
class Section:
    """One section: centre of the lumen (3,) [m], unit normal (3,) of its plane along the vessel, area of the lumen
    [m^2], point on the wall at the back (3,) [m]; in base."""

    centre_m: Array
    normal: Array
    area_m2: float
    back_m: Array

    @property
    def finite(self) -> bool:
        """Whether it can be fitted: one that is not would spoil the whole line."""
        return all(np.isfinite(part).all() for part in (self.centre_m, self.normal, self.area_m2, self.back_m))


def direction(sections: list[Section], hint: Array, usual: Array, back: Array) -> Array | None:
    """Unit tangent (3,) at the newest section, along `hint`; None for too short a line. `usual` is what it tends to be.

    Towards the `back` (3,), square to `hint`, the course is that of the back wall: the spine lies behind it, and sacs
    bulge forward. Sideways it is that of the centres, but for their way of following the plane. In a tube of radius
    r(s) whose section leans by a small angle, the centre moves towards the wider side by r r' times that angle. In a
    sphere, r r' = -s, so that centres of sections line up with the normal of the sections, and a plane that is turned
    across the line of centres finds itself confirmed. So with normals n, centres c and tangent t (lateral parts)
    c' = t + (r r' (t - n))', solved for t at the newest section; where the vessel is like a sphere, nothing is left to
    solve, and the usual direction remains. Coordinates are quadratics in the way along `hint` (least squares, linear
    below 40 mm of way), r r' is A' / 2 pi.
    """
    if len(sections) < _ENOUGH:
        return None
    centres = np.stack([s.centre_m for s in sections])
    way = (centres - centres[-1]) @ hint
    span = float(way.max() - way.min())
    if span < _ENOUGH_M:
        return None
    widening = _slopes(way, np.array([s.area_m2 for s in sections])) / (2.0 * np.pi)
    lateral = np.stack([_lateral(s.normal, hint) for s in sections])
    powers = np.stack([way**k for k in range(3 if span > _CURVED_M else 2)], axis=1)
    upright = centres + widening[:, None] * lateral
    fitted = np.linalg.lstsq(powers, np.column_stack([upright, widening]), rcond=None)[0][1]
    line, told = _lateral(fitted[:3], hint), 1.0 + float(fitted[3])
    t = (told * line + _USUAL * _lateral(usual, hint)) / (told**2 + _USUAL)
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

"""One vessel: a tube around a center line, with wall, lumen, thrombus and flap given along it."""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np
from scipy.interpolate import CubicSpline

from echopilot_core import Array

SPACING_M = 0.002  # between vertices; a chord then leaves an arc of 20 mm radius by 25 um at most
FLAP_M = 0.0012


class TubeKind(Enum):
    """Decides which materials fill a tube."""

    AORTA = "aorta"  # from the end of the modeled ascending part to the bifurcation
    ILIAC = "iliac"
    CAVA = "cava"
    BRANCH = "branch"  # arteries: coeliac, mesenteric, renal, arch branches
    PORTAL = "portal"  # bright wall; moves with the liver
    HEPATIC = "hepatic"  # no visible wall; moves with the liver
    VEIN = "vein"  # renal, splenic, mesenteric: thin wall, no pulse


@dataclass(frozen=True)
class VesselTube:
    """Cross-sections perpendicular to a course of n vertices about 2 mm apart, in flow direction, at mid pulse.

    `centre_m` (n, 3) in patient; `u` (n, 3) unit normals of the course that turn as little as possible along it
    (v = tangent x u). A section is an ellipse of half-axes `outer_m` along u and `flatness * outer_m` along v, its
    center moved by `outer_shift_m` (n, 2) along u and v from the course (a bulge on one side; None: not moved). The
    lumen is an ellipse of the same flatness and half-axis `lumen_m`, moved by `shift_m` (n, 2) from the center of the
    outer one. Between wall (`wall_m` thick) and lumen lies thrombus. A flap cuts the lumen along the line at the
    signed distance `flap_m` (n,) from the outer center, with its normal at `flap_rad` (n,) from u towards v; the true
    lumen lies below that distance, the false one beyond; NaN where there is no flap. Both ends are round.
    """

    name: str
    kind: TubeKind
    centre_m: Array
    u: Array
    outer_m: Array
    lumen_m: Array
    shift_m: Array
    wall_m: float
    flatness: float | Array = 1.0  # one number, or (n,)
    flap_m: Array | None = None
    flap_rad: Array | None = None
    outer_shift_m: Array | None = None

    @cached_property
    def tangent(self) -> Array:
        """Unit tangents (n, 3) of the course, downstream."""
        return tangents(self.centre_m)

    @cached_property
    def arc_m(self) -> Array:
        """Arc length (n,) [m] of the vertices, 0 at the first."""
        return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.centre_m, axis=0), axis=1))])

    @cached_property
    def outer_center_m(self) -> Array:
        """Centers (n, 3) [m] of the outer contours: the course moved by `outer_shift_m`."""
        if self.outer_shift_m is None:
            return self.centre_m
        moved = self.outer_shift_m
        return np.asarray(self.centre_m + moved[:, :1] * self.u + moved[:, 1:] * np.cross(self.tangent, self.u))


def tangents(centre_m: Array) -> Array:
    """Unit tangents (n, 3) of a polyline (n, 3), by central differences."""
    slope = np.gradient(centre_m, axis=0)
    return np.asarray(slope / np.linalg.norm(slope, axis=1, keepdims=True))


def course(knots_m: Array, spacing_m: float = SPACING_M) -> Array:
    """Smooth curve (n, 3) through knots (k, 3), with vertices about `spacing_m` apart."""
    knots = np.asarray(knots_m, dtype=np.float64)
    t = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1) ** 0.5)])
    if len(knots) == 2:
        fine = knots[0] + np.linspace(0.0, 1.0, 200)[:, None] * (knots[1] - knots[0])
    else:
        ends = "natural" if len(knots) == 3 else "not-a-knot"
        fine = CubicSpline(t, knots, bc_type=ends)(np.linspace(0.0, t[-1], 40 * len(knots)))
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    at = np.linspace(0.0, arc[-1], max(round(arc[-1] / spacing_m), 2) + 1)
    return np.stack([np.interp(at, arc, fine[:, k]) for k in range(3)], axis=-1)


def least_turning(centre_m: Array, hint: Array, at: int = 0) -> Array:
    """Unit normals (n, 3) of a polyline that do not turn about it; at vertex `at` the one nearest to `hint` (3,)
    (any one where the hint runs along the line).

    Wang et al., "Computation of rotation minimizing frames", ACM Trans. Graph. 27(1), 2008 (double reflection).
    """
    t = tangents(centre_m)
    u = np.empty_like(centre_m)
    start = hint - (hint @ t[at]) * t[at]
    if np.linalg.norm(start) < 1e-6 * np.linalg.norm(hint):
        start = np.cross(t[at], np.eye(3)[int(np.argmin(np.abs(t[at])))])
    u[at] = start / np.linalg.norm(start)
    for i, j in [(i, i + 1) for i in range(at, len(t) - 1)] + [(i, i - 1) for i in range(at, 0, -1)]:
        step = centre_m[j] - centre_m[i]
        c1 = 2.0 / float(step @ step)
        r, tt = u[i] - c1 * (step @ u[i]) * step, t[i] - c1 * (step @ t[i]) * step
        w = t[j] - tt
        length = float(w @ w)
        u[j] = r if length < 1e-20 else r - 2.0 / length * (w @ r) * w
        u[j] -= (u[j] @ t[j]) * t[j]
        u[j] /= np.linalg.norm(u[j])
    return u


def plain(
    name: str,
    kind: TubeKind,
    centre_m: Array,
    lumen_m: Array | float,
    wall_m: float,
    flatness: float = 1.0,
    hint: tuple[float, float, float] = (1.0, 0.0, 0.0),
) -> VesselTube:
    """Tube without thrombus or flap around a course (n, 3); `lumen_m` is a number or given per vertex (n,)."""
    n = len(centre_m)
    lumen = np.broadcast_to(np.asarray(lumen_m, dtype=np.float64), (n,)).copy()
    u = least_turning(centre_m, np.array(hint))
    return VesselTube(name, kind, centre_m, u, lumen + wall_m, lumen, np.zeros((n, 2)), wall_m, flatness)

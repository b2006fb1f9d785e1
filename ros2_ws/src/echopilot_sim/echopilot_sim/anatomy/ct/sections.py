"""Cross-sections of a blurred label perpendicular to a course: area, center and best ellipse without a threshold."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label, map_coordinates
from scipy.signal import savgol_filter

from echopilot_core import Array
from echopilot_sim.anatomy.vessels.tube import least_turning, tangents

_WINDOW = 1.7  # half-width of the sampled square over the radius expected
_EDGE_M = 0.004
_IN_PLANE = np.zeros((3, 3, 3), bool)
_IN_PLANE[1] = True


@dataclass(frozen=True)
class Sections:
    """Sections along a course of n vertices.

    `centre_m` (n, 3) centroids in patient, `line_m` (n, 3) the course that they were cut along, `u` (n, 3) normals of
    it that turn least, `area_m2` (n,), `long_m` and `short_m` (n,) half-axes of the ellipse with the section's second
    moments and area, `angle_rad` (n,) of the long one from u towards v = tangent x u.
    """

    line_m: Array
    centre_m: Array
    u: Array
    area_m2: Array
    long_m: Array
    short_m: Array
    angle_rad: Array

    @property
    def radius_m(self) -> Array:
        """Radius (n,) of the circle of the same area."""
        return np.sqrt(self.area_m2 / np.pi)

    def kept(self, line: Array, good: NDArray[np.bool_], part: slice, window: int) -> "Sections":
        """A part, centers on the smooth line; sizes of good sections smoothed, carried on to those that are not."""
        at, n = np.flatnonzero(good), len(line)

        def along(values: Array) -> Array:
            count = min(window, (at.size - 1) // 2 * 2 + 1)
            fine = values[at] if count < 5 else savgol_filter(values[at], count, 2, mode="interp")
            return np.asarray(np.interp(np.arange(n), at, fine)[part])

        uneven = self.long_m / self.short_m - 1.0
        double = along(uneven * np.cos(2.0 * self.angle_rad)), along(uneven * np.sin(2.0 * self.angle_rad))
        area, ratio = along(self.area_m2), 1.0 + np.maximum(along(uneven), 0.0)
        radius = np.sqrt(area / np.pi)
        return replace(
            self,
            line_m=line[part],
            centre_m=line[part],
            u=self.u[part],
            area_m2=area,
            long_m=radius * np.sqrt(ratio),
            short_m=radius / np.sqrt(ratio),
            angle_rad=0.5 * np.unwrap(np.arctan2(double[1], double[0])),
        )


def cut(field: NDArray[np.float32], T_patient_voxel: Array, line: Array, radius_m: Array, blur_m: float) -> Sections:
    """Sections of a field (nx, ny, nz) of 0..1 along a line (n, 3) in patient; `radius_m` (n,) sizes the windows.

    Only what hangs together with the middle of a section counts. The blur `blur_m` is taken out of second moments.
    """
    t = tangents(line)
    u = least_turning(line, np.array([1.0, 0.0, 0.0]))
    v = np.cross(t, u)
    half = _WINDOW * float(radius_m.max()) + _EDGE_M
    step = min(0.35 * float(np.linalg.norm(T_patient_voxel[:3, :3], axis=0).min()), half / 12.0)
    side = np.arange(-np.ceil(half / step), np.ceil(half / step) + 1.0) * step
    du, dv = np.meshgrid(side, side, indexing="ij")
    points = line[:, None, None] + du[..., None] * u[:, None, None] + dv[..., None] * v[:, None, None]
    to_voxel = np.linalg.inv(T_patient_voxel)
    index = np.moveaxis(points @ to_voxel[:3, :3].T + to_voxel[:3, 3], -1, 0)
    value = map_coordinates(field, index, order=1, mode="nearest").astype(np.float64)
    near = np.hypot(du, dv) < (_WINDOW * radius_m + _EDGE_M)[:, None, None]
    value = np.where(_middle_piece(value * near, side), value, 0.0)
    weight = np.maximum(value.sum(axis=(1, 2)), 1e-9)
    cu, cv = ((value * d).sum(axis=(1, 2)) / weight for d in (du, dv))
    au, av = du - cu[:, None, None], dv - cv[:, None, None]
    inherent = blur_m**2 + step**2 / 12.0
    uu, vv, uv = ((value * a * b).sum(axis=(1, 2)) / weight for a, b in ((au, au), (av, av), (au, av)))
    uu, vv = np.maximum(uu - inherent, 1e-8), np.maximum(vv - inherent, 1e-8)
    mean, spread = 0.5 * (uu + vv), np.hypot(0.5 * (uu - vv), uv)
    ratio = np.sqrt((mean + spread) / np.maximum(mean - spread, 0.1 * mean))
    area = weight * step**2
    radius = np.sqrt(area / np.pi)
    center = line + cu[:, None] * u + cv[:, None] * v
    angle = 0.5 * np.arctan2(2.0 * uv, uu - vv)
    return Sections(line, center, u, area, radius * np.sqrt(ratio), radius / np.sqrt(ratio), angle)


def _middle_piece(value: Array, side: Array) -> NDArray[np.bool_]:
    """In every section the piece nearest to its middle, with the skirt that the blur gives it."""
    pieces, count = label(value > 0.3, _IN_PLANE)
    if count == 0:
        return np.ones_like(value, dtype=bool)
    away = np.hypot(*np.meshgrid(side, side, indexing="ij"))
    kept = np.zeros(value.shape, bool)
    for k in range(len(value)):
        inside = pieces[k] > 0
        if inside.any():
            nearest = pieces[k].ravel()[int(np.argmin(np.where(inside, away, np.inf)))]
            kept[k] = pieces[k] == nearest
    reach = np.zeros((3, 3, 3), bool)
    reach[1] = True
    grown = binary_dilation(kept, reach, iterations=6)
    others = (pieces > 0) & ~kept
    return np.asarray(grown & ~binary_dilation(others, reach, iterations=2) | kept)

"""Skin surface from noisy depth points: closest point, local normal, height along gravity."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from echopilot_core import Array, BodySurface, EchoPilotError

_FIT_RADIUS_M = 0.030
_FIT_POINTS = 60
_CELL_M = 0.006
_RIM_M = 0.010  # no point is nearer than this to the foot: a hole
_UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class SkinPatch:
    """Plane fitted to the skin around a query: point (3,) [m] and outward unit normal (3,), in `base`."""

    point_m: Array
    normal: Array


class SkinSurface:
    """Queries on one BodySurface snapshot (about 50 us each; building takes some ms, so keep it while it is fresh)."""

    def __init__(self, surface: BodySurface) -> None:
        points = surface.finite_points_m()
        if len(points) < 10:
            raise EchoPilotError(f"body surface has {len(points)} finite points, at least 10 are needed")
        self.stamp_ns = surface.stamp_ns
        self.points_m = _thin(points)
        self._tree = cKDTree(self.points_m)
        # a point inside the trunk at every y, so that normals of the flanks come out outward, too
        low_m, high_m = np.quantile(self.points_m[:, 2], (0.05, 0.95))
        self._inside_m = (float(np.median(self.points_m[:, 0])), 0.5 * float(low_m + high_m) - 0.02)
        self._tree_xy = cKDTree(self.points_m[:, :2])

    def patch(self, position_m: Array) -> SkinPatch:
        """Plane through the skin points around the one closest to `position_m` (3,); spans holes by growing.

        Over a hole the closest point lies on its rim: there the plane is fitted again around the foot of `position_m`.
        """
        _, nearest = self._tree.query(position_m)
        center = self.points_m[nearest]
        patch = self._around(center, position_m)
        aside_m = float(np.linalg.norm(patch.point_m - center))
        return self._around(patch.point_m, position_m) if _RIM_M < aside_m < _FIT_RADIUS_M else patch

    def _around(self, center: Array, position_m: Array) -> SkinPatch:
        near = self._tree.query_ball_point(center, _FIT_RADIUS_M)
        if len(near) < 12:
            near = np.atleast_1d(self._tree.query(center, k=min(_FIT_POINTS, len(self.points_m)))[1])
        patch = fit_plane(self.points_m[near], position_m)
        inside = np.array([self._inside_m[0], center[1], self._inside_m[1]])
        outward = float((center - inside) @ patch.normal) >= 0.0
        return patch if outward else SkinPatch(patch.point_m, -patch.normal)

    def patch_below(self, position_m: Array) -> SkinPatch:
        """Plane through the skin straight below or above (along gravity) `position_m` (3,)."""
        _, nearest = self._tree_xy.query(position_m[:2], k=min(15, len(self.points_m)))
        ring = self.points_m[np.atleast_1d(nearest)]
        top = ring[ring[:, 2] >= np.median(ring[:, 2])]
        start = np.array([position_m[0], position_m[1], float(np.median(top[:, 2]))])
        patch = self.patch(start)
        if patch.normal[2] < 0.2:
            return patch
        drop = float((patch.point_m - start) @ patch.normal) / float(patch.normal[2])
        return SkinPatch(start + drop * _UP, patch.normal)


def height_m(position_m: Array, patch: SkinPatch) -> float:
    """Signed distance [m] of a point (3,) above the plane of a patch."""
    return float((position_m - patch.point_m) @ patch.normal)


def fit_plane(points_m: Array, position_m: Array) -> SkinPatch:
    """Least-squares plane of points (N, 3), one trimming pass, normal up; the point is `position_m` projected on it."""
    for keep in (1.0, 0.85):
        center = points_m.mean(axis=0)
        local = points_m - center
        _, vectors = np.linalg.eigh(local.T @ local)
        normal = vectors[:, 0]
        if keep < 1.0 or len(points_m) < 15:
            break
        residual = np.abs(local @ normal)
        points_m = points_m[np.argsort(residual)[: int(0.85 * len(residual))]]
    normal = normal if normal[2] >= 0.0 else -normal
    return SkinPatch(position_m - float((position_m - center) @ normal) * normal, normal)


def _thin(points_m: Array) -> Array:
    """One mean point per 6 mm cell: less noise, faster queries."""
    cells = np.floor(points_m / _CELL_M).astype(np.int64)
    _, index, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    index = index.reshape(-1)
    sums = np.stack([np.bincount(index, weights=points_m[:, axis]) for axis in range(3)], axis=1)
    return np.asarray(sums / counts[:, None], dtype=np.float64)

"""Widths across a vessel in its long axis, station by station along its soft mask."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, uniform_filter1d

from echopilot_core import Array
from echopilot_perception.measure.regions import largest_region, moments, widen
from echopilot_perception.measure.uncertainty import outline_sigma_m

STEP_M = 0.000625
SMOOTHING_M = 0.003  # of the mask along the vessel
TURNS_RAD = np.radians(np.linspace(-12.0, 12.0, 7))


@dataclass(frozen=True)
class TubeWidths:
    """Calipers across a vessel: `near_m` and `far_m` (N, 2) [m] in us_image at stations (N,) [m] along its axis.

    Stations count from the end that lies at the left (smaller x). `cut` (N,) is True where the caliper ends at the
    edge of the visible area instead of at a wall. `sigma_m` is the standard deviation of one width.
    """

    stations_m: Array
    near_m: Array
    far_m: Array
    cut: NDArray[np.bool_]
    sigma_m: float

    @property
    def widths_m(self) -> Array:
        """Widths (N,) [m]."""
        return np.asarray(np.linalg.norm(self.far_m - self.near_m, axis=1))


def tube_widths(
    vessel: Array, unseen: NDArray[np.bool_] | None, x_m: Array, y_m: Array, spacing_m: float, min_area_m2: float
) -> TubeWidths | None:
    """Calipers across the soft mask `vessel` (H, W); None when it holds no region of at least `min_area_m2`.

    Every caliper spans the region from edge to edge: valve cusps inside do not end it. The axis is the one, within
    12 degrees of the principal one, across which the widest place is narrowest, for a caliper that leans reads too
    much. `unseen` (H, W) is True outside the sector and in shadow.

    Args:
        vessel: mask (H, W), 0 to 1.
        unseen: True (H, W) where nothing can be seen, None when all of the image is.
        x_m: image x of the columns (W,) in `us_image` [m].
        y_m: depth of the rows (H,) in `us_image` [m].
        spacing_m: side of a cell [m].
        min_area_m2: area [m^2] below which a region is none.
    """
    core = largest_region(vessel > 0.5, vessel)
    weight = vessel * widen(core, 2)
    found = moments(weight, x_m, y_m, spacing_m)
    if found is None or found.area_m2 < min_area_m2:
        return None
    values, axes = np.linalg.eigh(found.covariance_m2)
    principal = float(np.arctan2(axes[1, 1], axes[0, 1]))
    reach_m = 3.0 * float(np.sqrt(values[1]))
    offsets = np.arange(-reach_m, reach_m, STEP_M)
    origin = np.array([x_m[0], y_m[0]])

    def calipers(turn_rad: float) -> tuple[Array, Array, Array]:
        angle = principal + turn_rad if abs(principal) <= np.pi / 2 else principal + np.pi + turn_rad
        axis, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        points = found.centroid_m + offsets[:, None, None] * axis + offsets[None, :, None] * across
        cells = np.moveaxis((points - origin) / spacing_m, -1, 0)[::-1]
        sampled = map_coordinates(weight, cells, order=1, cval=0.0)
        smooth = uniform_filter1d(sampled, max(round(SMOOTHING_M / STEP_M), 1), axis=0)
        wide = (smooth > 0.5).any(axis=1)
        smooth = smooth[wide]
        return points[wide], _first_crossing(smooth), len(offsets) - 1 - _first_crossing(smooth[:, ::-1])

    sets = [calipers(float(t)) for t in TURNS_RAD]
    points, low, high = min(sets, key=lambda s: float((s[2] - s[1]).max()) if len(s[1]) else np.inf)
    if not len(low):
        return None
    near, far = points[:, 0], points[:, -1]
    unit = (far - near) / np.linalg.norm(far - near, axis=1, keepdims=True)
    near_m, far_m = near + low[:, None] * STEP_M * unit, near + high[:, None] * STEP_M * unit
    blocked = np.zeros_like(core) if unseen is None else np.asarray(unseen, dtype=bool)
    beyond_m = 1.5 * spacing_m * unit
    cut = _at(blocked, (near_m - beyond_m - origin) / spacing_m) | _at(blocked, (far_m + beyond_m - origin) / spacing_m)
    perimeter_m = 2.0 * STEP_M * float(len(low) + np.mean(high - low))
    sigma_m = float(np.sqrt(2.0)) * outline_sigma_m(weight, perimeter_m, spacing_m)
    return TubeWidths(STEP_M * np.arange(len(low), dtype=np.float64), near_m, far_m, cut, sigma_m)


def _first_crossing(rows: Array) -> Array:
    """Where each row (N, K) first rises through one half (N,), in samples, by linear interpolation."""
    k = np.maximum((rows > 0.5).argmax(axis=1), 1)
    n = np.arange(len(rows))
    below, above = rows[n, k - 1], rows[n, k]
    return np.asarray(k - 1 + np.clip((0.5 - below) / np.maximum(above - below, 1e-9), 0.0, 1.0))


def _at(blocked: NDArray[np.bool_], cells: Array) -> NDArray[np.bool_]:
    """Whether points (N, 2), as column and row, lie in blocked cells or off the grid."""
    column, row = np.round(cells).astype(int).T
    off = (row < 0) | (column < 0) | (row >= blocked.shape[0]) | (column >= blocked.shape[1])
    return np.asarray(off | blocked[np.clip(row, 0, blocked.shape[0] - 1), np.clip(column, 0, blocked.shape[1] - 1)])

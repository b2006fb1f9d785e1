"""Depth of the transducer face below the seen skin, and the least force that tissue then answers with."""

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from echopilot_core import Array, BodySurface, RobotState, to_ns

SEEN_M = 0.002
"""Error of the fitted depth: four standard deviations (0.4 mm) of 50 points with 1.5 mm of noise, and the relief."""

BREATHING_M_S = 0.010
"""Fastest skin of quiet breathing: 10 mm peak to peak at 0.25 Hz move at up to 8 mm/s."""

SOFTEST_N, SOFTEST_M, STIFFENING = 5.0, 0.0217, 1.3
"""The softest tissue, 300 N/m at 5 N: force 5 N (depth / 21.7 mm)^1.3, as relaxed belly under the whole face."""

SENSOR_N = 1.0
"""Noise and drift of a healthy force sensor."""

_RADIUS_M = 0.030
_ABOVE_M, _BELOW_M = -0.08, 0.40  # along probe z, seen from the face
_FEWEST = 20
_MOVED_M = 0.012
_LASTS_NS = to_ns(0.2)  # two images of the camera
_OLDEST_NS = to_ns(1.0)


@dataclass(frozen=True, eq=False)
class DepthMemory:
    """The skin near the probe as z = quadratic(x, y) in the probe's pose `T_base_fit` when it was fitted.

    `depth_m` of the face below it now, NaN where no skin is seen near the probe; `low_m` is what it is at least;
    `unfelt_ns` is since when the sensor has felt less than tissue at that depth must give, -1 while it does not.
    """

    surface_ns: int = -1
    T_base_fit: Array | None = None
    coefficients: Array | None = None
    depth_m: float = nan
    low_m: float = nan
    unfelt_ns: int = -1
    stamp_ns: int = -1

    @property
    def unfelt(self) -> bool:
        """The face is deeper than the sensor's force allows."""
        return self.unfelt_ns >= 0 and self.stamp_ns - self.unfelt_ns >= _LASTS_NS


def least_force_n(depth_m: float) -> float:
    """Force [N] that the softest tissue answers with at a depth [m]; 0 above the skin."""
    return float(SOFTEST_N * (max(depth_m, 0.0) / SOFTEST_M) ** STIFFENING)


def watch_skin(memory: DepthMemory, robot: RobotState, surface: BodySurface | None, now_ns: int) -> DepthMemory:
    """Memory after one finite robot state, and the newest surface of the skin."""
    if surface is None or now_ns - surface.stamp_ns > _OLDEST_NS:
        return DepthMemory(stamp_ns=robot.stamp_ns)
    T_fit, coefficients = memory.T_base_fit, memory.coefficients
    offset = _offset_m(T_fit, robot) if T_fit is not None else None
    if surface.stamp_ns != memory.surface_ns or offset is None or float(offset[:2] @ offset[:2]) > _MOVED_M**2:
        T_fit, coefficients = robot.T_base_probe, fit_skin(robot.T_base_probe, surface.points_m)
        offset = np.zeros(3)
    if coefficients is None or offset is None:
        return DepthMemory(surface.stamp_ns, T_fit, None, stamp_ns=robot.stamp_ns)
    x, y, z = offset.tolist()
    c, cx, cy, cxx, cxy, cyy = coefficients.tolist()
    depth_m = z - (c + cx * x + cy * y + cxx * x * x + cxy * x * y + cyy * y * y)
    low_m = depth_m - SEEN_M - BREATHING_M_S * max(now_ns - surface.stamp_ns, 0) * 1e-9
    least_n = least_force_n(low_m)
    unfelt = least_n > 0.0 and robot.contact_force_n < least_n - SENSOR_N
    since_ns = (memory.unfelt_ns if memory.unfelt_ns >= 0 else robot.stamp_ns) if unfelt else -1
    return DepthMemory(surface.stamp_ns, T_fit, coefficients, depth_m, low_m, since_ns, robot.stamp_ns)


def fit_skin(T_base_probe: Array, points_m: Array) -> Array | None:
    """Coefficients (6,) of 1, x, y, x^2, x y, y^2 in probe of the skin within 30 mm of its axis; None where too few."""
    local = (points_m - T_base_probe[:3, 3]) @ T_base_probe[:3, :3]
    x, y, z = local.T
    with np.errstate(invalid="ignore"):
        near = local[(x * x + y * y < _RADIUS_M**2) & (z > _ABOVE_M) & (z < _BELOW_M)]
    if len(near) < _FEWEST:
        return None
    x, y, z = near.T
    terms = np.column_stack([np.ones(len(near)), x, y, x * x, x * y, y * y])
    weights = np.ones(len(near))
    for _ in range(2):
        weighted = terms * weights[:, None]
        normal = weighted.T @ terms
        normal[np.diag_indices(6)] += 1e-12
        coefficients: Array = np.linalg.solve(normal, weighted.T @ z)
        residual = np.abs(z - terms @ coefficients)
        weights = 1.0 / (1.0 + (residual / (3.0 * max(float(np.median(residual)), 1e-4))) ** 4)
    return coefficients if isfinite(float(coefficients.sum())) else None


def _offset_m(T_base_fit: Array, robot: RobotState) -> Array:
    return (robot.T_base_probe[:3, 3] - T_base_fit[:3, 3]) @ T_base_fit[:3, :3]

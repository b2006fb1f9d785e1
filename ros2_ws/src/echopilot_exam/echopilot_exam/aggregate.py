"""Many tracked aortic sections become diameters by station, corrected for tilt, and one supported maximum."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import radians, sqrt

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Convention, EndPoint, Finding, FindingKind, GateStatus, Measurement, View
from echopilot_perception.anomaly import measured_finding

Array = NDArray[np.float64]

STATION_M = 0.004
MIN_FRAMES_PER_STATION = 3
MAX_OBLIQUITY_RAD = radians(25.0)
"""Sections cut more obliquely are left out; below, the diameter is corrected for the tilt."""
NEIGHBOUR_SUPPORT_M = 0.003
"""A maximum counts only when a neighbouring station comes within this of it."""
LONG_VESSEL_M = 0.060

STATION_NAME = "aorta_outer_ap"
MAXIMUM_NAME = "aorta_max_outer_ap"


@dataclass(frozen=True)
class Section:
    """One transverse section of the aorta with the pose of its image plane.

    `outer_ap_m` is the outer-to-outer extent [m] along image y of the outline centred at `centroid_m` (2,).
    """

    sequence: int
    T_base_image: Array
    centroid_m: Array
    outer_ap_m: float
    sigma_m: float = 0.0005
    end_points: tuple[EndPoint, ...] = ()


@dataclass(frozen=True)
class CentreLine:
    """Parabola or line through tracked centroids in `base`: point(u) = sum coefficients[k] * (u / scale)^k.

    `u` [m] is the coordinate along the principal axis of the points. Of low order on purpose: breathing moves the
    vessel by millimetres several times during a sweep, which must not be read as tilt.
    """

    coefficients: Array  # (order + 1, 3)
    origin_m: Array
    axis: Array
    scale_m: float
    start_m: float

    def coordinate(self, points_m: Array) -> Array:
        """Coordinate u [m] of points (N, 3) in `base`."""
        result: Array = (points_m - self.origin_m) @ self.axis
        return result

    def points(self, u_m: Array) -> Array:
        """Points (N, 3) [m] in `base` at coordinates (N,)."""
        result: Array = np.vander(u_m / self.scale_m, len(self.coefficients), increasing=True) @ self.coefficients
        return result

    def tangents(self, u_m: Array) -> Array:
        """Unit tangents (N, 3) at coordinates (N,)."""
        k = np.arange(1, len(self.coefficients))
        powers = np.vander(u_m / self.scale_m, len(k), increasing=True)
        direction = powers @ (k[:, None] * self.coefficients[1:])
        unit: Array = direction / np.linalg.norm(direction, axis=1, keepdims=True)
        return unit

    def arc_length(self, u_m: Array) -> Array:
        """Arc length (N,) [m] from the first section."""
        low, high = min(self.start_m, float(u_m.min())), max(self.start_m, float(u_m.max()))
        grid = np.linspace(low, high + 1e-9, 400)
        length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.points(grid), axis=0), axis=1))])
        result: Array = np.interp(u_m, grid, length) - np.interp(self.start_m, grid, length)
        return result


def fit_centre_line(points_m: Array) -> CentreLine | None:
    """Robust (Tukey) polynomial through points (N, 3) in the order of acquisition; None below 8 points or 5 mm."""
    if len(points_m) < 8:
        return None
    origin = np.median(points_m, axis=0)
    _, _, axes = np.linalg.svd(points_m - origin, full_matrices=False)
    axis = axes[0]
    u = (points_m - origin) @ axis
    tail = max(len(u) // 10, 1)
    if np.median(u[-tail:]) < np.median(u[:tail]):
        axis, u = -axis, -u
    span = float(u.max() - u.min())
    if span < 0.005:
        return None
    order = 2 if span > LONG_VESSEL_M else 1
    scale = span / 2.0
    basis = np.vander(u / scale, order + 1, increasing=True)
    weights = np.ones(len(u))
    coefficients = np.zeros((order + 1, 3))
    for _ in range(10):
        root = np.sqrt(weights)[:, None]
        coefficients = np.linalg.lstsq(basis * root, points_m * root, rcond=None)[0]
        residual = np.linalg.norm(points_m - basis @ coefficients, axis=1)
        cut = max(4.685 * 1.4826 * float(np.median(residual)), 1e-4)
        weights = np.maximum(1.0 - (residual / cut) ** 2, 0.0) ** 2
    return CentreLine(coefficients, origin, axis, scale, float(u[weights > 0.0].min()))


def station_diameters(sections: Sequence[Section]) -> tuple[Measurement, ...]:
    """Outer AP diameter [m] per 4 mm station of arc length, robust median of at least three corrected frames.

    A plane cuts a cylinder with tangent t (in the image) in an ellipse whose extent along image y is the diameter
    times sqrt(1 - t_x^2) / |t_z|; for pure elevation tilt this is 1 / cos.
    """
    usable = [s for s in sections if _finite(s)]
    if not usable:
        return ()
    poses = np.stack([s.T_base_image for s in usable])
    centroids = np.stack([s.centroid_m for s in usable])
    points = np.einsum("nij,nj->ni", poses[:, :3, :2], centroids) + poses[:, :3, 3]
    line = fit_centre_line(points)
    if line is None:
        return ()
    u = line.coordinate(points)
    tangents = np.einsum("nij,ni->nj", poses[:, :3, :3], line.tangents(u))
    stations = np.floor(line.arc_length(u) / STATION_M).astype(int)
    obliquity = np.arccos(np.clip(np.abs(tangents[:, 2]), 0.0, 1.0))
    corrected = np.array([s.outer_ap_m for s in usable]) * np.abs(tangents[:, 2])
    corrected /= np.sqrt(1.0 - np.minimum(tangents[:, 0] ** 2, 0.9))
    measurements = []
    for station in np.unique(stations):
        members = np.flatnonzero((stations == station) & (obliquity <= MAX_OBLIQUITY_RAD))
        if len(members) < MIN_FRAMES_PER_STATION:
            continue
        values = corrected[members]
        median = float(np.median(values))
        spread = 1.4826 * float(np.median(np.abs(values - median)))
        frame_sigma = float(np.median([usable[i].sigma_m for i in members]))
        typical = usable[members[int(np.argmin(np.abs(values - median)))]]
        measurements.append(
            Measurement(
                name=STATION_NAME,
                value=median,
                unit="m",
                sigma=sqrt(spread**2 / len(members) + frame_sigma**2),
                view=View.AORTA_TRANS,
                convention=Convention.OUTER_TO_OUTER,
                obliquity_rad=float(np.median(obliquity[members])),
                gate=GateStatus.PASSED,
                end_points=typical.end_points,
                frame_sequences=(typical.sequence, *(usable[i].sequence for i in members if usable[i] is not typical)),
                station_m=(float(station) + 0.5) * STATION_M,
            )
        )
    return tuple(measurements)


def maximum_diameter(stations: Sequence[Measurement]) -> Measurement | None:
    """Largest station diameter that a neighbouring station supports; None when no station has support."""
    supported = [
        station
        for station in stations
        if any(
            other is not station
            and abs(other.station_m - station.station_m) < 1.5 * STATION_M
            and other.value >= station.value - NEIGHBOUR_SUPPORT_M
            for other in stations
        )
    ]
    if not supported:
        return None
    return replace(max(supported, key=lambda station: station.value), name=MAXIMUM_NAME)


def aneurysm_finding(maximum: Measurement) -> Finding | None:
    """The suspicion that the largest diameter raises, if any (thresholds: echopilot_perception.anomaly)."""
    return measured_finding(FindingKind.ANEURYSM_ABDOMINAL, maximum)


def _finite(section: Section) -> bool:
    return bool(
        np.isfinite(section.outer_ap_m)
        and section.outer_ap_m > 0.0
        and np.isfinite(section.sigma_m)
        and np.isfinite(section.centroid_m).all()
        and np.isfinite(section.T_base_image).all()
    )

"""Skin at rest as planes, and how well a later image of the skin matches it: shift, and what no shift explains."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array

_PLANES, _NEIGHBORS, _SAMPLES = 80, 40, 250
_NEAR_M, _COVERED_M = 0.030, 0.050
_ALIKE = 0.008  # directions that the shape does not show are taken as still


@dataclass(frozen=True, eq=False)
class Outline:
    """Planes through the skin as first observed: centers (n, 3) [m] and unit normals (n, 3), in base."""

    centers_m: Array
    normals: Array


@dataclass(frozen=True, eq=False)
class Match:
    """An image of the skin against the skin at rest.

    Attributes:
        shift_m: translation (3,) in base that brings the outline onto the skin, as far as its shape shows it.
        share: of the points, those within 30 mm of a center.
        coverage: of the centers, those with a point within 50 mm.
        residual_m: ninth decile of the distances that remain after the shift; infinite when nothing matches.
    """

    shift_m: Array
    share: float
    coverage: float
    residual_m: float


def finite_points(points_m: Array) -> Array:
    """The rows of (N, 3) without NaN or infinity."""
    return points_m[np.isfinite(points_m).all(axis=1)]


def nearest(points_m: Array, centers_m: Array, count: int) -> NDArray[np.intp]:
    """Rows (n, count) of points (N, 3) [m] around each of the centers (n, 3) [m], the closest first.

    Compares with every point, once for a patient: this spares the safety process SciPy, for about 3 ms.
    """
    x, y, z = np.ascontiguousarray(points_m.T)
    rows = []
    for a, b, c in centers_m.tolist():
        squared = (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2
        near = np.argpartition(squared, count - 1)[:count]
        rows.append(near[np.argsort(squared[near], kind="stable")])
    return np.array(rows)


def outline(points_m: Array) -> Outline:
    """Fit planes to patches of the skin (N, 3) [m], N at least 100."""
    centers = points_m[:: max(1, len(points_m) // _PLANES)][:_PLANES]
    patches = points_m[nearest(points_m, centers, _NEIGHBORS)]
    middle = patches.mean(axis=1)
    local = patches - middle[:, None]
    _, vectors = np.linalg.eigh(np.einsum("nki,nkj->nij", local, local))
    return Outline(middle, vectors[:, :, 0])


def match(at_rest: Outline, points_m: Array) -> Match:
    """Match the skin (N, 3) [m] with the skin at rest; points that are not finite are left out.

    The shift is a least-squares fit of point-to-plane distances in three robust passes. A trunk is nearly a tube:
    motion along it is seen only as far as its shape changes (about a quarter).
    """
    points = finite_points(points_m)
    points = points[:: max(1, len(points) // _SAMPLES)]
    if len(points) == 0:
        return _NOTHING
    centers = at_rest.centers_m
    squared = (points**2).sum(axis=1)[:, None] - 2.0 * points @ centers.T + (centers**2).sum(axis=1)[None]
    closest = squared.argmin(axis=1)
    near = squared[np.arange(len(points)), closest] < _NEAR_M**2
    share, coverage = float(near.mean()), float((squared.min(axis=0) < _COVERED_M**2).mean())
    if int(near.sum()) < 10:
        return Match(np.zeros(3), share, coverage, float("inf"))
    normals = at_rest.normals[closest[near]]
    distance = ((points[near] - centers[closest[near]]) * normals).sum(axis=1)
    weight, shift = np.ones(len(distance)), np.zeros(3)
    for _ in range(3):
        weighted = normals * weight[:, None]
        shift = np.linalg.solve(weighted.T @ normals + _ALIKE * weight.sum() * np.eye(3), weighted.T @ distance)
        residual = np.abs(distance - normals @ shift)
        weight = 1.0 / (1.0 + (residual / (2.0 * max(float(np.median(residual)), 1e-3))) ** 2)
    return Match(
        shift, share, coverage, float(np.partition(residual, int(0.9 * len(residual)))[int(0.9 * len(residual))])
    )


_NOTHING = Match(np.zeros(3), 0.0, 0.0, float("inf"))


def seen_shift_m(at_rest: Outline, points_m: Array) -> Array | None:
    """Translation (3,) [m] in base that brings the outline onto the skin (N, 3); None when too little is near it."""
    found = match(at_rest, points_m)
    return None if found.share < _LITTLE else found.shift_m


_LITTLE = 0.25

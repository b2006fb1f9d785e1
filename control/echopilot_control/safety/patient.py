"""Has the patient moved? From the skin that the camera sees, and from what the probe feels; breathing is no motion."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from echopilot_core import BodySurface, RobotState, to_ns

Array = NDArray[np.float64]
Point = tuple[float, float, float]

FAR_M = 0.011  # a shift of 10 mm at 20 mm/s has to pass without alarm
FAST_M_S = 0.030
_WINDOW_S = 0.4  # two pictures of the camera
_REST_S = 5.0  # rest position: mean over a breath
_TAU_S = 4.0
_TISSUE_N_M = 2_000.0  # turns a change of force into a depth; see `felt_shift_m`
_SOFTEST_N_M = 300.0
_RECENT = 11  # touches in 0.1 s
_CONTACT_N = 1.0
_PLANES, _NEIGHBOURS, _SAMPLES = 80, 40, 120
_NEAR_M = 0.030
_COARSE = 4
_ALIKE = 0.02  # directions that the shape does not show are taken as still


@dataclass(frozen=True, eq=False)
class Outline:
    """Planes through the skin as first seen: centres (n, 3) [m] and unit normals (n, 3), in base."""

    centres_m: Array
    normals: Array


@dataclass(frozen=True)
class BodyMemory:
    """What is remembered of the patient's place: outline at rest, shifts seen lately, and touches felt lately."""

    outline: Outline | None = None
    coarse_m: Array | None = None  # thinned skin (n, 3) [m] of the newest surface
    surface_ns: int = -1
    since_ns: int = -1
    rest_m: Point = (0.0, 0.0, 0.0)
    mean_m: Point = (0.0, 0.0, 0.0)
    seen: tuple[tuple[int, Point], ...] = ()
    felt: tuple[tuple[int, Point, float], ...] = ()  # stamp, position (3,) [m], force [N]


def finite_points(points_m: Array) -> Array:
    """The rows of (N, 3) without NaN or infinity."""
    return points_m[np.isfinite(points_m).all(axis=1)]


def outline(points_m: Array) -> Outline:
    """Fit planes to patches of the skin (N, 3) [m], N at least 100."""
    centres = points_m[:: max(1, len(points_m) // _PLANES)][:_PLANES]
    _, near = cKDTree(points_m).query(centres, k=_NEIGHBOURS)
    patches = points_m[near]
    middle = patches.mean(axis=1)
    local = patches - middle[:, None]
    _, vectors = np.linalg.eigh(np.einsum("nki,nkj->nij", local, local))
    return Outline(middle, vectors[:, :, 0])


def seen_shift_m(at_rest: Outline, points_m: Array) -> Array | None:
    """Translation (3,) [m] in base that brings the outline onto the skin (N, 3); None when too little is near it.

    Least squares on point-to-plane distances, three robust passes. A trunk is nearly a tube: motion along it is seen
    only as far as its shape changes (about a quarter).
    """
    points = finite_points(points_m[:: max(1, len(points_m) // _SAMPLES)])
    centres = at_rest.centres_m
    squared = (points**2).sum(axis=1)[:, None] - 2.0 * points @ centres.T + (centres**2).sum(axis=1)[None]
    nearest = squared.argmin(axis=1)
    near = squared[np.arange(len(points)), nearest] < _NEAR_M**2
    if int(near.sum()) < _SAMPLES // 4:
        return None
    normals = at_rest.normals[nearest[near]]
    distance = ((points[near] - centres[nearest[near]]) * normals).sum(axis=1)
    weight, shift = np.ones(len(distance)), np.zeros(3)
    for _ in range(3):
        weighted = normals * weight[:, None]
        shift = np.linalg.solve(weighted.T @ normals + _ALIKE * weight.sum() * np.eye(3), weighted.T @ distance)
        residual = np.abs(distance - normals @ shift)
        weight = 1.0 / (1.0 + (residual / (2.0 * max(float(np.median(residual)), 1e-3))) ** 2)
    return np.asarray(shift)


def felt_shift_m(felt: tuple[tuple[int, Point, float], ...], z: Array) -> float:
    """How far the skin moved along probe z [m] over the touches remembered: way of the probe less change of depth.

    On tissue stiffer than 2 kN/m the change of depth is taken too large, on softer one too small: a few mm.
    """
    (_, start_m, start_n), (_, end_m, end_n) = felt[0], felt[-1]
    way_m = sum((end - start) * along for end, start, along in zip(end_m, start_m, z.tolist(), strict=True))
    return float(way_m) - (end_n - start_n) / _TISSUE_N_M


def felt_recession_m_s(felt: tuple[tuple[int, Point, float], ...], z: Array) -> float:
    """How fast the skin surely recedes along probe z [m/s], from the touches of the last 0.1 s; 0 when not sure.

    A probe that advances while the force does not rise follows skin that recedes. What the force rises by is counted as
    depth in tissue of 300 N/m, softer than any: on still skin the answer is 0, whatever its stiffness.
    """
    if len(felt) < _RECENT:
        return 0.0
    along = z.tolist()
    (start_s, start_m, start_n), (end_s, end_m, end_n) = (
        _mean_touch(part, along) for part in (felt[-11:-8], felt[-3:])
    )
    sure_m = end_m - start_m - max(end_n - start_n, 0.0) / _SOFTEST_N_M
    return max(sure_m, 0.0) / max(end_s - start_s, 0.05)


def _mean_touch(felt: tuple[tuple[int, Point, float], ...], along: list[float]) -> tuple[float, float, float]:
    """Time [s], place along an axis [m] and force [N] of a few touches, on average."""
    n = len(felt)
    way_m = sum(x * along[0] + y * along[1] + z * along[2] for _, (x, y, z), _ in felt) / n
    return sum(stamp_ns for stamp_ns, _, _ in felt) * 1e-9 / n, way_m, sum(force_n for _, _, force_n in felt) / n


def watch_patient(body: BodyMemory, robot: RobotState | None, surface: BodySurface | None) -> tuple[BodyMemory, bool]:
    """Remember this tick; True when the patient moved farther or faster than breathing and settling do."""
    moved = False
    if surface is not None and surface.stamp_ns > body.surface_ns:
        body, moved = _look(body, surface)
    if robot is None or robot.contact_force_n < _CONTACT_N:
        return (replace(body, felt=()) if body.felt else body), moved
    newest_ns = robot.stamp_ns - to_ns(_WINDOW_S)
    kept = body.felt[1:] if body.felt and body.felt[0][0] < newest_ns else body.felt
    felt = (*kept, (robot.stamp_ns, _point(robot.T_base_probe[:3, 3]), robot.contact_force_n))
    fast = abs(felt_shift_m(felt, robot.T_base_probe[:3, 2])) > FAST_M_S * _WINDOW_S
    return _with_felt(body, felt), moved or fast


def _with_felt(body: BodyMemory, felt: tuple[tuple[int, Point, float], ...]) -> BodyMemory:
    return BodyMemory(
        body.outline, body.coarse_m, body.surface_ns, body.since_ns, body.rest_m, body.mean_m, body.seen, felt
    )


def _look(body: BodyMemory, surface: BodySurface) -> tuple[BodyMemory, bool]:
    stamp_ns = surface.stamp_ns
    body = replace(body, surface_ns=stamp_ns)
    coarse = finite_points(surface.points_m[::_COARSE])
    if len(coarse) < _NEIGHBOURS:
        return body, False
    body = replace(body, coarse_m=coarse)
    if body.outline is None:
        return replace(body, outline=outline(finite_points(surface.points_m)), since_ns=stamp_ns), False
    shift = seen_shift_m(body.outline, surface.points_m)
    if shift is None:
        return body, False
    passed_s = (stamp_ns - body.since_ns) * 1e-9
    gap_s = (stamp_ns - body.seen[-1][0]) * 1e-9 if body.seen else 0.0
    settling = passed_s < _REST_S
    share = min(1.0, gap_s / (passed_s if settling else _TAU_S)) if body.seen else 1.0
    mean = np.array(body.mean_m) + share * (shift - np.array(body.mean_m))
    rest = mean if settling else np.array(body.rest_m)
    seen = (*(s for s in body.seen if s[0] >= stamp_ns - to_ns(_WINDOW_S)), (stamp_ns, _point(shift)))
    span_s = (stamp_ns - seen[0][0]) * 1e-9
    fast = span_s > 0.0 and float(np.linalg.norm(shift - np.array(seen[0][1]))) > FAST_M_S * max(span_s, _WINDOW_S)
    far = float(np.linalg.norm(mean - rest)) > FAR_M
    return replace(body, mean_m=_point(mean), rest_m=_point(rest), seen=seen), far or fast


def _point(v: Array) -> Point:
    return float(v[0]), float(v[1]), float(v[2])

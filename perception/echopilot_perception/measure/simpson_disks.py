"""Cavity of a heart chamber as a stack of disks along its long axis (modified Simpson; Lang et al. 2015, ASE/EACVI)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_perception.measure.regions import fill_holes, largest_region, moments, widen
from echopilot_perception.measure.uncertainty import mean_shift_sigma_m

DISK_COUNT = 20
TIP_RIM_M = 0.002  # the tip is the middle of the cells that lie farthest from the valve, within this
VALVE_REACH_CELLS = 2  # leaflets of up to twice as many cells may lie between two chambers
MIN_VALVE_M, MAX_LEAN_RAD = 0.010, np.radians(25.0)


@dataclass(frozen=True)
class SimpsonDisks:
    """Mean widths (20,) [m] of even slabs of `slab_m` across the long axis, from tip to base.

    `tip_m` (2,) is the apex of a ventricle or the roof of an atrium, `base_m` (2,) the middle of the valve, in
    us_image; `length_m` lies between them. `edge_sigma_m` is the standard deviation of the outline's mean shift.
    """

    widths_m: Array
    slab_m: float
    length_m: float
    tip_m: Array
    base_m: Array
    area_m2: float
    edge_sigma_m: float
    length_sigma_m: float


def simpson_disks(
    cavity: Array, beyond_valve: Array | None, x_m: Array, y_m: Array, spacing_m: float, min_area_m2: float
) -> SimpsonDisks | None:
    """Disks of the soft mask `cavity` (H, W); None when it holds no region of at least `min_area_m2`.

    `beyond_valve` (H, W) is the chamber on the other side of the valve: the axis runs from the middle of the border
    between both to the farthest point of the cavity. Where no border is visible it is the principal axis of the region,
    from top to bottom.

    Args:
        cavity: mask (H, W), 0 to 1.
        beyond_valve: mask (H, W) of the chamber beyond the valve, None where there is none.
        x_m: image x of the columns (W,) in `us_image` [m].
        y_m: depth of the rows (H,) in `us_image` [m].
        spacing_m: side of a cell [m].
        min_area_m2: area [m^2] below which a region is none.
    """
    core = largest_region(cavity > 0.5, cavity)
    holes = fill_holes(core) & ~core  # papillary muscles count as cavity
    weight = np.where(holes, 1.0, cavity * widen(core, 2))
    found = moments(weight, x_m, y_m, spacing_m)
    if found is None or found.area_m2 < min_area_m2:
        return None
    rows, columns = np.nonzero(weight > 1e-3)
    points, mass = np.column_stack([x_m[columns], y_m[rows]]), weight[rows, columns]
    solid = points[mass > 0.5]
    _, axes = np.linalg.eigh(found.covariance_m2)
    principal = axes[:, 1] * (1.0 if axes[1, 1] >= 0 else -1.0)
    base = None if beyond_valve is None else _valve(core, beyond_valve > 0.5, x_m, y_m)
    leading = None if base is None else _to_valve(solid, base)
    if leading is not None and abs(float(leading @ principal)) < np.cos(MAX_LEAN_RAD):
        base, leading = None, None  # not the valve
    axis = principal if leading is None else leading
    along = (solid - found.centroid_m) @ axis
    low, high = float(along.min()) - spacing_m / 2, float(along.max()) + spacing_m / 2
    slab_m = (high - low) / DISK_COUNT
    sub = (np.arange(5) - 2.0) / 5.0 * spacing_m  # spread every cell along the axis
    place = ((points - found.centroid_m) @ axis)[:, None] + sub - low
    index = np.clip((place / slab_m).astype(np.int64), 0, DISK_COUNT - 1)
    cells = np.bincount(index.ravel(), np.repeat(mass / len(sub), len(sub)), minlength=DISK_COUNT)
    widths_m = np.asarray(cells * (spacing_m**2 / slab_m), dtype=np.float64)
    tip = found.centroid_m + low * axis
    end = found.centroid_m + (high if base is None else min(float((base - found.centroid_m) @ axis), high)) * axis
    length_m = float(np.linalg.norm(end - tip))
    edge_m = mean_shift_sigma_m(weight, 2.0 * (high - low) + found.area_m2 / (high - low), spacing_m)
    return SimpsonDisks(
        widths_m, slab_m, length_m, tip, end, found.area_m2, edge_m, float(np.hypot(edge_m, 0.4 * spacing_m))
    )


def _valve(core: NDArray[np.bool_], other: NDArray[np.bool_], x_m: Array, y_m: Array) -> Array | None:
    """Middle (2,) of the strip where two chambers come near each other; None when they hardly do."""
    rows, columns = np.nonzero(widen(core, VALVE_REACH_CELLS) & widen(other, VALVE_REACH_CELLS))
    if len(rows) < 2:
        return None
    points = np.column_stack([x_m[columns], y_m[rows]])
    _, _, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    along = (points - points.mean(axis=0)) @ axes[0]
    low, high = np.percentile(along, [2.0, 98.0])
    if high - low < MIN_VALVE_M:
        return None
    return np.asarray(points.mean(axis=0) + 0.5 * (low + high) * axes[0])


def _to_valve(solid: Array, base: Array) -> Array:
    """Unit vector (2,) from the tip to the middle of the valve."""
    reach = np.linalg.norm(solid - base, axis=1)
    tip = solid[reach > reach.max() - TIP_RIM_M].mean(axis=0)
    return np.asarray((base - tip) / np.linalg.norm(base - tip))


@dataclass(frozen=True)
class ChamberVolume:
    """Volume [m^3] with its standard deviation."""

    volume_m3: float
    sigma_m3: float


def single_plane(plane: SimpsonDisks) -> ChamberVolume:
    """Every disk round: V = pi / 4 sum(a_i^2) h."""
    volume_m3 = float(np.pi / 4.0 * np.sum(plane.widths_m**2) * plane.slab_m)
    return ChamberVolume(volume_m3, volume_m3 * _relative(plane, 4.0))


def biplane(four: SimpsonDisks, two: SimpsonDisks) -> ChamberVolume:
    """Every disk an ellipse with a width from each of two planes: V = pi / 4 sum(a_i b_i) L / 20, L the longer one."""
    slab_m = max(four.slab_m, two.slab_m)
    volume_m3 = float(np.pi / 4.0 * np.sum(four.widths_m * two.widths_m) * slab_m)
    return ChamberVolume(volume_m3, volume_m3 * float(np.hypot(_relative(four, 2.0), _relative(two, 2.0))))


def area_length(plane: SimpsonDisks) -> ChamberVolume:
    """V = 8 A^2 / (3 pi L), the rotated ellipse of equal area and length (Lang et al. 2015, one plane)."""
    volume_m3 = 8.0 * plane.area_m2**2 / (3.0 * np.pi * plane.length_m)
    return ChamberVolume(volume_m3, volume_m3 * _relative(plane, 4.0))


def length_mismatch(four: SimpsonDisks, two: SimpsonDisks) -> float:
    """Difference of the lengths over the longer one; above 0.1 one plane is foreshortened (Lang et al. 2015)."""
    return abs(four.length_m - two.length_m) / max(four.length_m, two.length_m)


def _relative(plane: SimpsonDisks, per_width: float) -> float:
    """Relative sigma of a volume of which an outline shift d changes the share `per_width` d / mean width."""
    width_m = plane.area_m2 / plane.length_m
    return float(np.hypot(per_width * plane.edge_sigma_m / width_m, plane.length_sigma_m / plane.length_m))

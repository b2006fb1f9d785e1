"""Left-ventricular volume from one plane by the method of discs (Lang et al. 2015, ASE/EACVI)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EndPoint, LabelMap, Measurement, Phase, Tissue, View
from echopilot_perception.measure.regions import fill_holes, largest_region, moments, widen

DISCS = 20
MIN_AREA_M2 = 3e-4  # smaller patches are no ventricle in long axis


@dataclass(frozen=True)
class Ventricle:
    """Volume [m^3] with its standard deviation, long axis from the upper to the lower end [m] and its length [m]."""

    volume_m3: float
    sigma_m3: float
    length_m: float
    apex: EndPoint
    base: EndPoint
    area_m2: float


def measure_ventricle(
    lv: NDArray[np.float64], x_m: NDArray[np.float64], y_m: NDArray[np.float64], spacing_m: float
) -> Ventricle | None:
    """Volume from the soft mask (H, W) of the LV cavity; None when there is no cavity of a plausible size.

    The long axis is the principal axis of the region, its ends where the region ends. Each disc has the mean width
    of the region in its slab. An end of the axis that leaves the picture is not extrapolated.
    """
    core = largest_region(lv > 0.5, lv)
    holes = fill_holes(core) & ~core  # papillary muscles count as cavity
    weight = np.where(holes, 1.0, lv * widen(core, 2))
    found = moments(weight, x_m, y_m, spacing_m)
    if found is None or found.area_m2 < MIN_AREA_M2:
        return None
    _, axes = np.linalg.eigh(found.covariance_m2)
    axis = axes[:, 1] * (1.0 if axes[1, 1] >= 0 else -1.0)  # pointing away from the probe: apex to base
    rows, columns = np.nonzero(weight > 1e-3)
    mass = weight[rows, columns]
    along = (x_m[columns] - found.centroid_m[0]) * axis[0] + (y_m[rows] - found.centroid_m[1]) * axis[1]
    low, high = _ends(along, mass, spacing_m)
    length_m = high - low
    slab_m = length_m / DISCS
    sub = (np.arange(5) - 2.0) / 5.0 * spacing_m  # spread every cell along the axis
    index = np.clip(((along[:, None] + sub - low) / slab_m).astype(np.int64), 0, DISCS - 1)
    areas = np.bincount(index.ravel(), np.repeat(mass / 5.0, 5), minlength=DISCS) * spacing_m**2
    volume_m3 = float(np.pi / 4.0 * np.sum((areas / slab_m) ** 2) * slab_m)
    rim_m = float((weight * (1.0 - weight)).sum()) * spacing_m**2 / (2.0 * length_m)
    width_m = found.area_m2 / length_m
    relative = np.hypot(2.0 * np.hypot(rim_m, 0.3 * spacing_m) / width_m, 0.5 * spacing_m / length_m)
    ends = [EndPoint(*(float(v) for v in found.centroid_m + t * axis)) for t in (low, high)]
    return Ventricle(volume_m3, volume_m3 * float(relative), length_m, ends[0], ends[1], found.area_m2)


def ventricle_of(labels: LabelMap) -> Ventricle | None:
    """Volume from hard labels."""
    height, width = labels.labels.shape
    x_m = labels.origin_x_m + labels.spacing_m * np.arange(width, dtype=np.float64)
    y_m = labels.origin_y_m + labels.spacing_m * np.arange(height, dtype=np.float64)
    return measure_ventricle((labels.labels == Tissue.LV).astype(np.float64), x_m, y_m, labels.spacing_m)


def measurement(ventricle: Ventricle, frame_sequence: int, view: View = View.A4C) -> Measurement:
    """The volume as a measurement of one frame."""
    return Measurement(
        name="lv_volume",
        value=ventricle.volume_m3,
        unit="m3",
        sigma=ventricle.sigma_m3,
        view=view,
        phase=Phase.UNSPECIFIED,
        end_points=(ventricle.apex, ventricle.base),
        frame_sequences=(frame_sequence,),
    )


def _ends(along: NDArray[np.float64], mass: NDArray[np.float64], spacing_m: float) -> tuple[float, float]:
    """Where the region begins and ends along its axis [m], a few stray cells disregarded."""
    solid = along[mass > 0.5]
    return float(solid.min()) - spacing_m / 2, float(solid.max()) + spacing_m / 2

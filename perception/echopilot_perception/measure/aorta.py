"""Aortic diameters in a transverse section, from the soft masks of lumen and wall.

The section is the ellipse with the region's second moments: along a direction n its width is 4 sqrt(n' C n).
Every cell of the region takes part, so the width is finer than a cell. Conventions: ESVS 2024 asks for a stated
caliper convention; here all three, each in the AP (depth) and transverse directions. Leading edge to leading edge
leaves out the far wall; thrombus on it is no wall, so that at most `MAX_WALL_M` are left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import CaliperConvention, LabelMap, Measurement, MeasurementName, SegmentationClass, View
from echopilot_perception.measure.center_line import Cuts
from echopilot_perception.measure.regions import (
    Moments,
    cell_centers,
    ends_between,
    fill_holes,
    largest_region,
    moments,
    widen,
)

MIN_AREA_M2 = 3e-5  # 6 mm across: anything smaller is not an adult abdominal aorta
MIN_LUMEN_SHARE = 0.1
MAX_WALL_M = 0.0025

AP_DIAMETERS = (MeasurementName.AORTA_OUTER_AP, MeasurementName.AORTA_INNER_AP, MeasurementName.AORTA_LEADING_AP)
TRANSVERSE_DIAMETERS = (
    MeasurementName.AORTA_OUTER_TRANSVERSE,
    MeasurementName.AORTA_INNER_TRANSVERSE,
    MeasurementName.AORTA_LEADING_TRANSVERSE,
)


@dataclass(frozen=True)
class Ellipse:
    """An outline: center (2,) [m], AP and transverse widths [m] with one common standard deviation [m]."""

    centre_m: NDArray[np.float64]
    ap_m: float
    transverse_m: float
    sigma_m: float
    area_m2: float
    fit: float  # 0..1: overlap (Dice) of the region with its ellipse


@dataclass(frozen=True)
class AorticSection:
    """Outer outline (wall and thrombus included) and inner outline (lumen) of one transverse section."""

    outer: Ellipse
    inner: Ellipse


def measure_section(
    lumen: NDArray[np.float64],
    wall: NDArray[np.float64],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    spacing_m: float,
) -> AorticSection | None:
    """Section from class probabilities (H, W) of AO_LUMEN and AO_WALL; None when no aorta is there.

    Args:
        lumen: probability of AO_LUMEN (H, W), 0 to 1.
        wall: probability of AO_WALL (H, W).
        x_m: image x of the columns (W,) in `us_image` [m].
        y_m: depth of the rows (H,) in `us_image` [m].
        spacing_m: side of a cell [m].
    """
    either = lumen + wall
    core = largest_region(either > 0.5, lumen)
    near = widen(core, 2)
    holes = fill_holes(core) & ~core
    outer = _ellipse(np.where(holes, 1.0, either * near), x_m, y_m, spacing_m)
    lumen_core = largest_region((lumen > 0.5) & core, lumen)
    inner = _ellipse(np.where(widen(lumen_core, 2), lumen, 0.0), x_m, y_m, spacing_m)
    if outer is None or inner is None or outer.area_m2 < MIN_AREA_M2:
        return None
    return AorticSection(outer, inner) if inner.area_m2 >= MIN_LUMEN_SHARE * outer.area_m2 else None


def section_of(labels: LabelMap) -> AorticSection | None:
    """Section from hard labels: a little coarser than from probabilities."""
    x_m, y_m = cell_centers(labels)
    lumen, wall = (
        (labels.labels == tissue).astype(np.float64)
        for tissue in (SegmentationClass.AO_LUMEN, SegmentationClass.AO_WALL)
    )
    return measure_section(lumen, wall, x_m, y_m, labels.spacing_m)


@dataclass(frozen=True)
class Tilt:
    """How obliquely a section cuts the vessel, and the factors by which that stretches its two widths."""

    obliquity_rad: float = 0.0
    ap_stretch: float = 1.0
    transverse_stretch: float = 1.0


SQUARE = Tilt()


def elevation_tilt(angle_rad: float) -> Tilt:
    """The plane leans along the vessel: only the AP width is stretched."""
    return Tilt(abs(angle_rad), 1.0 / float(np.cos(angle_rad)), 1.0)


def tilt_of(cuts: Cuts, index: int) -> Tilt:
    """The tilt of one of several tracked sections."""
    return Tilt(*(float(row[index]) for row in (cuts.obliquity_rad, cuts.ap_stretch, cuts.transverse_stretch)))


def measurements(section: AorticSection, view: View = View.AORTA_TRANS, tilt: Tilt = SQUARE) -> tuple[Measurement, ...]:
    """Six diameters [m] perpendicular to the vessel: the stretch of the tilt is divided out again.

    The end points span the section as pictured.
    """
    rows = []
    for names, axis, stretch in (
        (AP_DIAMETERS, 1, tilt.ap_stretch),
        (TRANSVERSE_DIAMETERS, 0, tilt.transverse_stretch),
    ):
        for name in names:
            low_m, high_m = _span(section, name.convention, axis)
            ellipse = section.inner if name.convention is CaliperConvention.INNER_TO_INNER else section.outer
            ends = np.tile(ellipse.centre_m, (2, 1))
            ends[:, axis] = low_m, high_m
            rows.append(
                Measurement(
                    name=name,
                    value=(high_m - low_m) / stretch,
                    unit=name.unit,
                    sigma=ellipse.sigma_m / stretch,
                    view=view,
                    convention=name.convention,
                    obliquity_rad=tilt.obliquity_rad,
                    end_points=ends_between(ends[0], ends[1]),
                )
            )
    return tuple(rows)


def _span(section: AorticSection, convention: CaliperConvention, axis: int) -> tuple[float, float]:
    """Where a caliper begins and ends along image x (0) or y (1) [m]."""

    def ends(ellipse: Ellipse) -> tuple[float, float]:
        middle, half = float(ellipse.centre_m[axis]), (ellipse.ap_m if axis == 1 else ellipse.transverse_m) / 2
        return middle - half, middle + half

    outer, inner = ends(section.outer), ends(section.inner)
    if convention is CaliperConvention.INNER_TO_INNER:
        return inner
    if convention is CaliperConvention.OUTER_TO_OUTER:
        return outer
    return outer[0], outer[1] - min(max(outer[1] - inner[1], 0.0), MAX_WALL_M)


def _ellipse(
    weight: NDArray[np.float64], x_m: NDArray[np.float64], y_m: NDArray[np.float64], spacing_m: float
) -> Ellipse | None:
    found = moments(weight, x_m, y_m, spacing_m)
    if found is None:
        return None
    ap_m, transverse_m = (4.0 * float(np.sqrt(found.covariance_m2[i, i])) for i in (1, 0))
    fit = _overlap(weight, found, x_m, y_m)
    diameter_m = float(np.sqrt(4.0 * found.area_m2 / np.pi))
    doubt_m2 = float((weight * (1.0 - weight)).sum()) * spacing_m**2
    edge_m = doubt_m2 / (np.pi * diameter_m)  # mean width of the doubtful rim
    sigma_m = float(np.sqrt((0.3 * spacing_m) ** 2 + edge_m**2 + ((1.0 - fit) * diameter_m) ** 2))
    return Ellipse(found.centroid_m, ap_m, transverse_m, sigma_m, found.area_m2, fit)


def _overlap(weight: NDArray[np.float64], found: Moments, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> float:
    """Dice of the soft region with the ellipse of its moments."""
    inverse = np.linalg.inv(4.0 * found.covariance_m2)
    dx, dy = x_m[None, :] - found.centroid_m[0], y_m[:, None] - found.centroid_m[1]
    inside = inverse[0, 0] * dx * dx + 2.0 * inverse[0, 1] * dx * dy + inverse[1, 1] * dy * dy <= 1.0
    return float(2.0 * (weight * inside).sum() / (weight.sum() + inside.sum()))

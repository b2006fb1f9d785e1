"""Aortic diameters in a transverse section, from the soft masks of lumen and wall.

The section is the ellipse with the region's second moments: along a direction n its width is 4 sqrt(n' C n).
Every cell of the region takes part, so the width is finer than a cell. Conventions: ESVS 2024 asks for a stated
calliper convention; here outer-to-outer and inner-to-inner, each in the AP (depth) and transverse directions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Convention, EndPoint, LabelMap, Measurement, Tissue, View
from echopilot_perception.measure.regions import Moments, fill_holes, largest_region, moments, widen

MIN_AREA_M2 = 3e-5  # 6 mm across: anything smaller is not an adult abdominal aorta
MIN_LUMEN_SHARE = 0.1


@dataclass(frozen=True)
class Ellipse:
    """An outline: centre (2,) [m], AP and transverse widths [m] with one common standard deviation [m]."""

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
    """Section from class probabilities (H, W) of AO_LUMEN and AO_WALL; None when no aorta is there."""
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
    height, width = labels.labels.shape
    x_m = labels.origin_x_m + labels.spacing_m * np.arange(width, dtype=np.float64)
    y_m = labels.origin_y_m + labels.spacing_m * np.arange(height, dtype=np.float64)
    lumen = (labels.labels == Tissue.AO_LUMEN).astype(np.float64)
    wall = (labels.labels == Tissue.AO_WALL).astype(np.float64)
    return measure_section(lumen, wall, x_m, y_m, labels.spacing_m)


def measurements(
    section: AorticSection, frame_sequence: int, view: View = View.AORTA_TRANS, obliquity_rad: float = 0.0
) -> tuple[Measurement, ...]:
    """Four diameters [m]; a plane tilted by `obliquity_rad` stretches the AP width, which is divided out again."""
    rows = []
    for which, ellipse, convention in (
        ("outer", section.outer, Convention.OUTER_TO_OUTER),
        ("inner", section.inner, Convention.INNER_TO_INNER),
    ):
        for direction, width_m in (("ap", ellipse.ap_m), ("transverse", ellipse.transverse_m)):
            factor = float(np.cos(obliquity_rad)) if direction == "ap" else 1.0
            rows.append(
                Measurement(
                    name=f"aorta_{which}_{direction}",
                    value=width_m * factor,
                    unit="m",
                    sigma=ellipse.sigma_m,
                    view=view,
                    convention=convention,
                    obliquity_rad=obliquity_rad,
                    end_points=_ends(ellipse, direction),
                    frame_sequences=(frame_sequence,),
                )
            )
    return tuple(rows)


def _ends(ellipse: Ellipse, direction: str) -> tuple[EndPoint, EndPoint]:
    x, y = (float(v) for v in ellipse.centre_m)
    if direction == "ap":
        return EndPoint(x, y - ellipse.ap_m / 2), EndPoint(x, y + ellipse.ap_m / 2)
    return EndPoint(x - ellipse.transverse_m / 2, y), EndPoint(x + ellipse.transverse_m / 2, y)


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

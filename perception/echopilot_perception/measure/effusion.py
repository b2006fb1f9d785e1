"""Depth of a pericardial effusion: the widest place of the fluid across its layer."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, zoom

from echopilot_core import CardiacPhase, Measurement, MeasurementName, View
from echopilot_perception.measure.regions import ends_between, largest_region
from echopilot_perception.measure.uncertainty import outline_sigma_m

FINER = 4  # parts of a cell
MIN_AREA_M2 = 4e-5


def measure_effusion(
    fluid: NDArray[np.float64],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    spacing_m: float,
    view: View,
    phase: CardiacPhase = CardiacPhase.UNSPECIFIED,
) -> Measurement | None:
    """Largest thickness [m] of the soft mask (H, W) of EFFUSION; None without one of at least 0.4 cm^2.

    The diameter of the largest circle that fits into the fluid: in a layer this is the thickness perpendicular to
    the heart's border, inner to inner. Graded at end-diastole: below 10 mm small, above 20 mm large.

    Args:
        fluid: mask (H, W), 0 to 1.
        x_m: image x of the columns (W,) in `us_image` [m].
        y_m: depth of the rows (H,) in `us_image` [m].
        spacing_m: side of a cell [m].
        view: view of the frame.
        phase: of the heart cycle in the frame.
    """
    core = largest_region(fluid > 0.5, fluid)
    area_m2 = float(core.sum()) * spacing_m**2
    if area_m2 < MIN_AREA_M2:
        return None
    rows, columns = np.nonzero(core)
    top, left = max(int(rows.min()) - 2, 0), max(int(columns.min()) - 2, 0)
    part = np.s_[top : int(rows.max()) + 3, left : int(columns.max()) + 3]
    fine = zoom(np.pad(fluid[part], 1), FINER, order=1, grid_mode=True, mode="nearest") > 0.5
    step_m = spacing_m / FINER
    depth, nearest = distance_transform_edt(fine, return_indices=True)
    at = np.unravel_index(int(np.argmax(depth)), depth.shape)
    radius_m = (float(depth[at]) - 0.5) * step_m  # to the border, not to the middle of the first dry part

    center = np.array([x_m[left], y_m[top]]) + (np.array([at[1], at[0]]) + 0.5) * step_m - 1.5 * spacing_m
    towards = np.array([nearest[1][at] - at[1], nearest[0][at] - at[0]], dtype=np.float64)
    unit = towards / float(np.linalg.norm(towards))
    perimeter_m = area_m2 / radius_m + 2.0 * radius_m
    name = MeasurementName.EFFUSION_DEPTH
    return Measurement(
        name=name,
        value=2.0 * radius_m,
        unit=name.unit,
        sigma=float(np.sqrt(2.0)) * outline_sigma_m(fluid * core, perimeter_m, spacing_m),
        view=view,
        convention=name.convention,
        phase=phase,
        end_points=ends_between(center - radius_m * unit, center + radius_m * unit),
    )

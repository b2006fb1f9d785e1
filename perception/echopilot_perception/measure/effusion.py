"""Depth of a pericardial effusion: the widest place of the fluid across its layer."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, zoom

from echopilot_core import Convention, Measurement, Phase, View
from echopilot_perception.measure.cells import ends_between
from echopilot_perception.measure.regions import largest_region
from echopilot_perception.measure.uncertainty import outline_sigma_m

FINER = 4  # parts of a cell
MIN_AREA_M2 = 4e-5


def measure_effusion(
    fluid: NDArray[np.float64],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    spacing_m: float,
    frame_sequence: int,
    view: View,
    phase: Phase = Phase.UNSPECIFIED,
) -> Measurement | None:
    """Largest thickness [m] of the soft mask (H, W) of EFFUSION; None without one of at least 0.4 cm^2.

    The diameter of the largest circle that fits into the fluid: in a layer this is the thickness perpendicular to
    the heart's border, inner to inner. Graded at end-diastole: below 10 mm small, above 20 mm large.
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

    centre = np.array([x_m[left], y_m[top]]) + (np.array([at[1], at[0]]) + 0.5) * step_m - 1.5 * spacing_m
    towards = np.array([nearest[1][at] - at[1], nearest[0][at] - at[0]], dtype=np.float64)
    unit = towards / float(np.linalg.norm(towards))
    perimeter_m = area_m2 / radius_m + 2.0 * radius_m
    return Measurement(
        name="effusion_depth",
        value=2.0 * radius_m,
        unit="m",
        sigma=float(np.sqrt(2.0)) * outline_sigma_m(fluid * core, perimeter_m, spacing_m),
        view=view,
        convention=Convention.INNER_TO_INNER,
        phase=phase,
        end_points=ends_between(centre - radius_m * unit, centre + radius_m * unit),
        frame_sequences=(frame_sequence,),
    )

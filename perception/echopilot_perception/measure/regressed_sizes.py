"""Sizes regressed by the network without a mask, as measurements in the views that show them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from echopilot_core import CaliperPoint, Measurement, MeasurementName, View
from echopilot_perception.heads.base import RegressedSize
from echopilot_perception.measure import uncertainty

MIN_VIEW_PROBABILITY = 0.3
LEAST_SIGMA_M = 0.0005  # neither method is taken to be more precise than this


_KINDS = {
    "aorta_outer_ap_m": (MeasurementName.AORTA_OUTER_AP_DIRECT, View.AORTA_TRANS),
    "root_m": (MeasurementName.AORTIC_ROOT, View.PLAX),
    "lv_volume_m3": (MeasurementName.LV_VOLUME_DIRECT, View.A4C),
}
"""By name of the size head's output: what it measures, and the view that shows it."""


def measurements(sizes: tuple[RegressedSize, ...], view_probability: NDArray[np.float64]) -> tuple[Measurement, ...]:
    """One measurement per size whose view is likely enough; `sizes` are those of the size head."""
    rows = ((*_KINDS[size.name], size) for size in sizes)
    return tuple(
        Measurement(name, size.value, name.unit, size.sigma, view, name.convention)
        for name, view, size in rows
        if float(view_probability[view]) >= MIN_VIEW_PROBABILITY
    )


def fused(rows: tuple[Measurement, ...]) -> tuple[Measurement, ...]:
    """The same measurements, the outer AP diameter of the mask joined with the direct one by inverse variances.

    Where only one of them is there, nothing changes. The caliper keeps its middle. Where both contradict each other,
    sigma grows (`uncertainty.fused`).
    """
    direct = next((m for m in rows if m.name is MeasurementName.AORTA_OUTER_AP_DIRECT), None)
    if direct is None:
        return rows
    return tuple(_joined(m, direct) if m.name is MeasurementName.AORTA_OUTER_AP else m for m in rows)


def _joined(mask: Measurement, direct: Measurement) -> Measurement:
    sigmas = np.array([[max(m.sigma, LEAST_SIGMA_M)] for m in (mask, direct)])
    joined = uncertainty.fused(np.array([[mask.value], [direct.value]]), sigmas)
    value = float(joined.values[0])
    shift = 0.5 * (value - mask.value)
    near, far = mask.end_points
    ends = CaliperPoint(near.x_m, near.y_m - shift), CaliperPoint(far.x_m, far.y_m + shift)
    return replace(mask, value=value, sigma=float(joined.sigmas[0]), end_points=ends)

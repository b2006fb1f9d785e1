"""Diameter of the inferior vena cava in its long axis (subcostal view)."""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import GateStatus, Measurement, MeasurementName, View
from echopilot_perception.measure.regions import ends_between
from echopilot_perception.measure.tube_widths import tube_widths

MIN_AREA_M2 = 1.5e-4


def measure_inferior_vena_cava(
    ivc: NDArray[np.float64],
    unseen: NDArray[np.bool_],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    spacing_m: float,
) -> Measurement | None:
    """Median inner diameter [m] along the visible vein from the soft mask (H, W) of IVC; None without one.

    A vein whose median caliper ends at the edge of the visible area is refused by the gate, with value NaN.

    Args:
        ivc: mask (H, W), 0 to 1.
        unseen: True (H, W) in shadow and outside the sector.
        x_m: image x of the columns (W,) in `us_image` [m].
        y_m: depth of the rows (H,) in `us_image` [m].
        spacing_m: side of a cell [m].
    """
    found = tube_widths(ivc, unseen, x_m, y_m, spacing_m, MIN_AREA_M2)
    if found is None:
        return None
    order = np.argsort(found.widths_m)
    k = int(order[len(order) // 2])
    cut = bool(found.cut[k])
    name = MeasurementName.IVC_DIAMETER
    return Measurement(
        name=name,
        value=float("nan") if cut else float(found.widths_m[k]),
        unit=name.unit,
        sigma=found.sigma_m,
        view=View.SC_IVC,
        convention=name.convention,
        gate=GateStatus.REFUSED if cut else GateStatus.NOT_CHECKED,
        gate_reason="the vein's wall lies outside the image" if cut else "",
        end_points=ends_between(found.near_m[k], found.far_m[k]),
    )

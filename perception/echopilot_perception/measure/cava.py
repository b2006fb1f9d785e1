"""Diameter of the inferior vena cava in its long axis (subcostal view)."""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Convention, GateStatus, Measurement, View
from echopilot_perception.measure.cells import ends_between
from echopilot_perception.measure.tube import tube

MIN_AREA_M2 = 1.5e-4


def measure_cava(
    ivc: NDArray[np.float64],
    unseen: NDArray[np.bool_],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    spacing_m: float,
    frame_sequence: int,
) -> Measurement | None:
    """Median inner diameter [m] along the visible vein from the soft mask (H, W) of IVC; None without one.

    A vein whose typical calliper ends at the edge of what is seen comes refused by the gate, its value NaN.
    """
    found = tube(ivc, unseen, x_m, y_m, spacing_m, MIN_AREA_M2)
    if found is None:
        return None
    order = np.argsort(found.widths_m)
    k = int(order[len(order) // 2])
    cut = bool(found.cut[k])
    return Measurement(
        name="ivc_diameter",
        value=float("nan") if cut else float(found.widths_m[k]),
        unit="m",
        sigma=found.sigma_m,
        view=View.SC_IVC,
        convention=Convention.INNER_TO_INNER,
        gate=GateStatus.REFUSED if cut else GateStatus.NOT_CHECKED,
        gate_reason="the vein's wall lies outside the picture" if cut else "",
        end_points=ends_between(found.near_m[k], found.far_m[k]),
        frame_sequences=(frame_sequence,),
    )

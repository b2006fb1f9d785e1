"""Sizes that the network reads straight from its features, as measurements; each only in the views that show it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Convention, EndPoint, Measurement, View
from echopilot_perception.heads.base import Size
from echopilot_perception.measure import fusion

MIN_VIEW_PROBABILITY = 0.3
LEAST_SIGMA_M = 0.0005  # neither way to read a diameter is believed to be better
OUTER_AP, OUTER_AP_DIRECT = "aorta_outer_ap", "aorta_outer_ap_direct"


@dataclass(frozen=True)
class _Kind:
    name: str
    unit: str
    view: View
    convention: Convention


_KINDS = {
    "aorta_outer_ap_m": _Kind(OUTER_AP_DIRECT, "m", View.AORTA_TRANS, Convention.OUTER_TO_OUTER),
    "root_m": _Kind("aortic_root", "m", View.PLAX, Convention.LEADING_EDGE),
    "lv_volume_m3": _Kind("lv_volume_direct", "m3", View.A4C, Convention.NOT_APPLICABLE),
}


def measurements(
    sizes: tuple[Size, ...], view_probability: NDArray[np.float64], frame_sequence: int
) -> tuple[Measurement, ...]:
    """One measurement per size whose view is likely enough; `sizes` are those of the size head."""
    return tuple(
        Measurement(
            kind.name, size.value, kind.unit, size.sigma, kind.view, kind.convention, frame_sequences=(frame_sequence,)
        )
        for size in sizes
        if float(view_probability[(kind := _KINDS[size.name]).view]) >= MIN_VIEW_PROBABILITY
    )


def fused(rows: tuple[Measurement, ...]) -> tuple[Measurement, ...]:
    """The same measurements, the outer AP diameter of the mask joined with the direct one by inverse variances.

    Where only one of them is there, nothing changes. The calliper keeps its middle. Where both contradict each other,
    sigma grows (`fusion.fused`).
    """
    direct = next((m for m in rows if m.name == OUTER_AP_DIRECT), None)
    return rows if direct is None else tuple(_joined(m, direct) if m.name == OUTER_AP else m for m in rows)


def _joined(mask: Measurement, direct: Measurement) -> Measurement:
    sigmas = np.array([[max(m.sigma, LEAST_SIGMA_M)] for m in (mask, direct)])
    joined = fusion.fused(np.array([[mask.value], [direct.value]]), sigmas)
    value = float(joined.values[0])
    shift = 0.5 * (value - mask.value)
    near, far = mask.end_points
    ends = EndPoint(near.x_m, near.y_m - shift), EndPoint(far.x_m, far.y_m + shift)
    return replace(mask, value=value, sigma=float(joined.sigmas[0]), end_points=ends)

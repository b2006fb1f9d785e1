"""Sizes that the network reads straight from its features, as measurements; each only in the views that show it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Convention, Measurement, View
from echopilot_perception.heads.base import Size

MIN_VIEW_PROBABILITY = 0.3


@dataclass(frozen=True)
class _Kind:
    name: str
    unit: str
    view: View
    convention: Convention


_KINDS = {
    "aorta_outer_ap_m": _Kind("aorta_outer_ap_direct", "m", View.AORTA_TRANS, Convention.OUTER_TO_OUTER),
    "root_m": _Kind("aortic_root", "m", View.PLAX, Convention.LEADING_EDGE),
    "lv_volume_m3": _Kind("lv_volume_direct", "m3", View.A4C, Convention.NOT_APPLICABLE),
}


def measurements(
    sizes: tuple[Size, ...], view_probability: NDArray[np.float64], frame_sequence: int
) -> tuple[Measurement, ...]:
    """One measurement per size whose view is likely enough; `sizes` are those of the size head."""
    return tuple(
        Measurement(
            kind.name, size.value, kind.unit, size.sigma, kind.view, kind.convention, frame_sequences=(sequence,)
        )
        for size in sizes
        if (kind := _KINDS[size.name]) and float(view_probability[kind.view]) >= MIN_VIEW_PROBABILITY
        for sequence in (frame_sequence,)
    )

"""Left-atrial volume from one apical plane, at end-systole (Lang et al. 2015, ASE/EACVI)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Measurement, Phase, View
from echopilot_perception.measure.cells import ends_between
from echopilot_perception.measure.discs import Discs, Volume, area_length, discs, single_plane

MIN_AREA_M2 = 2e-4


@dataclass(frozen=True)
class Atrium:
    """Volume by discs and by area and length; the axis runs from the roof (`discs.tip_m`) to the mitral valve."""

    by_discs: Volume
    by_area_length: Volume
    discs: Discs


def measure_atrium(
    la: NDArray[np.float64],
    lv: NDArray[np.float64],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    spacing_m: float,
) -> Atrium | None:
    """Volume from the soft masks (H, W) of LA and LV; None without an atrium of a plausible size.

    Veins and appendage count only as far as the mask holds them.
    """
    found = discs(la, lv, x_m, y_m, spacing_m, MIN_AREA_M2)
    return None if found is None else Atrium(single_plane(found), area_length(found), found)


def measurements(
    atrium: Atrium, frame_sequence: int, view: View = View.A4C, phase: Phase = Phase.UNSPECIFIED
) -> tuple[Measurement, ...]:
    """Both volumes as measurements of one frame; the one to report is of the frame at end-systole."""
    return tuple(
        Measurement(
            name=name,
            value=volume.volume_m3,
            unit="m3",
            sigma=volume.sigma_m3,
            view=view,
            phase=phase,
            end_points=ends_between(atrium.discs.tip_m, atrium.discs.base_m),
            frame_sequences=(frame_sequence,),
        )
        for name, volume in (("la_volume", atrium.by_discs), ("la_volume_area_length", atrium.by_area_length))
    )

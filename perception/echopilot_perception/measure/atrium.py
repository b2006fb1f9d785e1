"""Left-atrial volume from one apical plane, at end-systole (Lang et al. 2015, ASE/EACVI)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import CardiacPhase, Measurement, MeasurementName, View
from echopilot_perception.measure.regions import ends_between
from echopilot_perception.measure.simpson_disks import (
    ChamberVolume,
    SimpsonDisks,
    area_length,
    simpson_disks,
    single_plane,
)

MIN_AREA_M2 = 2e-4


@dataclass(frozen=True)
class Atrium:
    """Volume by disks and by area and length; the axis runs from the roof (`disks.tip_m`) to the mitral valve."""

    by_disks: ChamberVolume
    by_area_length: ChamberVolume
    disks: SimpsonDisks


def measure_atrium(
    la: NDArray[np.float64],
    lv: NDArray[np.float64],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    spacing_m: float,
) -> Atrium | None:
    """Volume from the soft masks (H, W) of LA and LV; None without an atrium of a plausible size.

    Veins and appendage count only as far as the mask holds them.

    Args:
        la: mask of the left atrium (H, W), 0 to 1.
        lv: mask of the left ventricle (H, W), by which the valve is found.
        x_m: image x of the columns (W,) in `us_image` [m].
        y_m: depth of the rows (H,) in `us_image` [m].
        spacing_m: side of a cell [m].
    """
    found = simpson_disks(la, lv, x_m, y_m, spacing_m, MIN_AREA_M2)
    return None if found is None else Atrium(single_plane(found), area_length(found), found)


def measurements(
    atrium: Atrium, view: View = View.A4C, phase: CardiacPhase = CardiacPhase.UNSPECIFIED
) -> tuple[Measurement, ...]:
    """Both volumes as measurements of one frame; the one to report is of the frame at end-systole."""
    return tuple(
        Measurement(
            name=name,
            value=volume.volume_m3,
            unit=name.unit,
            sigma=volume.sigma_m3,
            view=view,
            phase=phase,
            end_points=ends_between(atrium.disks.tip_m, atrium.disks.base_m),
        )
        for name, volume in (
            (MeasurementName.LA_VOLUME, atrium.by_disks),
            (MeasurementName.LA_VOLUME_AREA_LENGTH, atrium.by_area_length),
        )
    )

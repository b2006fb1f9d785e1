"""Left-ventricular volume by the method of disks, from one apical plane or two (Lang et al. 2015, ASE/EACVI)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import (
    CaliperPoint,
    CardiacPhase,
    GateStatus,
    LabelMap,
    Measurement,
    MeasurementName,
    SegmentationClass,
    View,
)
from echopilot_perception.measure.regions import cell_centers, ends_between
from echopilot_perception.measure.simpson_disks import (
    SimpsonDisks,
    biplane,
    length_mismatch,
    simpson_disks,
    single_plane,
)

MIN_AREA_M2 = 3e-4  # smaller patches are no ventricle in long axis
MAX_MISMATCH = 0.10


@dataclass(frozen=True)
class Ventricle:
    """Volume [m^3] with its standard deviation, and the long axis from apex to the middle of the mitral valve [m]."""

    volume_m3: float
    sigma_m3: float
    length_m: float
    apex: CaliperPoint
    base: CaliperPoint
    area_m2: float
    disks: SimpsonDisks


def measure_ventricle(
    lv: NDArray[np.float64],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    spacing_m: float,
    la: NDArray[np.float64] | None = None,
) -> Ventricle | None:
    """Volume from the soft mask (H, W) of the LV cavity; None when there is no cavity of a plausible size.

    With the soft mask `la` (H, W) of the left atrium the long axis ends in the middle of the mitral valve, without it
    where the region ends. A cavity that leaves the image is not extrapolated.

    Args:
        lv: mask of the cavity (H, W), 0 to 1.
        x_m: image x of the columns (W,) in `us_image` [m].
        y_m: depth of the rows (H,) in `us_image` [m].
        spacing_m: side of a cell [m].
        la: mask of the left atrium (H, W), None where it is not known.
    """
    found = simpson_disks(lv, la, x_m, y_m, spacing_m, MIN_AREA_M2)
    if found is None:
        return None
    volume = single_plane(found)
    apex, base = ends_between(found.tip_m, found.base_m)
    return Ventricle(volume.volume_m3, volume.sigma_m3, found.length_m, apex, base, found.area_m2, found)


def ventricle_of(labels: LabelMap) -> Ventricle | None:
    """Volume from hard labels."""
    x_m, y_m = cell_centers(labels)
    lv, la = ((labels.labels == tissue).astype(np.float64) for tissue in (SegmentationClass.LV, SegmentationClass.LA))
    return measure_ventricle(lv, x_m, y_m, labels.spacing_m, la)


def measurement(ventricle: Ventricle, view: View = View.A4C) -> Measurement:
    """The volume as a measurement of one frame."""
    name = MeasurementName.LV_VOLUME
    return Measurement(
        name=name,
        value=ventricle.volume_m3,
        unit=name.unit,
        sigma=ventricle.sigma_m3,
        view=view,
        end_points=(ventricle.apex, ventricle.base),
    )


def biplane_measurement(
    four: Ventricle, two: Ventricle, phase: CardiacPhase, sequences: tuple[int, int]
) -> Measurement:
    """Biplane volume of the same `phase` in A4C (whose axis it shows) and A2C, the frames being `sequences`.

    The gate refuses planes whose lengths differ by more than a tenth: one of them is foreshortened.
    """
    volume = biplane(four.disks, two.disks)
    mismatch = length_mismatch(four.disks, two.disks)
    fine = mismatch <= MAX_MISMATCH
    name = MeasurementName.LV_VOLUME_BIPLANE
    return Measurement(
        name=name,
        value=volume.volume_m3,
        unit=name.unit,
        sigma=volume.sigma_m3,
        view=View.A4C,
        phase=phase,
        gate=GateStatus.PASSED if fine else GateStatus.REFUSED,
        gate_reason="" if fine else f"foreshortened: lengths in A4C and A2C differ by {100.0 * mismatch:.0f} %",
        end_points=(four.apex, four.base),
        frame_sequences=sequences,
    )

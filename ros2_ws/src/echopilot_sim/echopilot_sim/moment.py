"""The frozen record from which one picture and its truth are computed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_ELEMENTS = 64  # elements of the phased array; gaps are sampled at their centres
APERTURE_M = 0.019


def element_points() -> NDArray[np.float64]:
    """Centres (E, 3) [m] of the elements in probe, from the -x to the +x end of the face."""
    points = np.zeros((N_ELEMENTS, 3))
    points[:, 0] = ((np.arange(N_ELEMENTS) + 0.5) / N_ELEMENTS - 0.5) * APERTURE_M
    return points


@dataclass(frozen=True)
class Phases:
    """Where the patient is in the heart and breathing cycles.

    `heart` is the fraction 0..1 of the cycle (0 = end-diastole, the largest cavity). `breathing` is 0 at full
    expiration and 1 at full inspiration; 0.5 is the reference at which views and standing anatomy are defined.
    """

    heart: float = 0.0
    breathing: float = 0.5


@dataclass(frozen=True)
class ImagingSettings:
    """Scanner settings in force when the frame was acquired.

    `tgc_db` are the eight sliders of the time gain compensation from the face to the full depth, `compounding` the
    number of steering angles averaged into one frame (1: none), `persistence` the weight of the last displayed frame
    in the next (0: none).
    """

    preset: str = "cardiac"  # "cardiac" or "abdomen"
    depth_m: float = 0.16
    gain_db: float = 0.0
    focus_m: float = 0.08
    dynamic_range_db: float = 60.0
    tgc_db: tuple[float, ...] = (0.0,) * 8
    compounding: int = 1
    persistence: float = 0.0


@dataclass(frozen=True)
class Moment:
    """One frozen instant of the simulated patient and probe.

    `T_patient_probe` is the pose of the probe face in `patient`; `gap_m` (E,) the signed distance of each
    element from the free (not indented) breathing skin, from the -x to the +x end of the face: positive is an air
    or gel gap, negative an indentation. `gel_m` is the widest gap that the gel left on the face bridges.
    `flicker_seed` moves the blood speckle from frame to frame.
    """

    stamp_ns: int
    sequence: int
    T_base_probe: NDArray[np.float64]
    T_patient_probe: NDArray[np.float64]
    phases: Phases
    gap_m: NDArray[np.float64]
    contact_force_n: float
    imaging: ImagingSettings = ImagingSettings()
    flicker_seed: int = 0
    gel_m: float = 0.003

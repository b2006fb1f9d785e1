"""The frozen record from which one frame and its ground truth are computed."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from echopilot_core import ScannerSettings

N_ELEMENTS = 64  # of every array; gaps are sampled at their centers


def element_x_m(aperture_m: float, count: int = N_ELEMENTS) -> NDArray[np.float64]:
    """Centers (E,) [m] of the elements of an array along probe x, from the -x to the +x end of its aperture."""
    return np.asarray(((np.arange(count) + 0.5) / count - 0.5) * aperture_m)


def element_points(aperture_m: float) -> NDArray[np.float64]:
    """The same as points (E, 3) [m] in probe; a curved array is taken as flat, its sagitta is below 1.1 mm."""
    return np.column_stack([element_x_m(aperture_m), np.zeros((N_ELEMENTS, 2))])


@dataclass(frozen=True)
class Phases:
    """Where the patient is in the heart and breathing cycles.

    `heart` is the fraction 0..1 of the cycle (0 = end-diastole, the largest cavity). `breathing` is 0 at full
    expiration and 1 at full inspiration; 0.5 is the reference at which views and standing anatomy are defined.
    """

    heart: float = 0.0
    breathing: float = 0.5


@dataclass(frozen=True)
class FrameState:
    """One frozen instant of the simulated patient and probe.

    `T_patient_probe` is the pose of the probe face in `patient`; `gap_m` (E,) the signed distance of each
    element of the preset's array from the free (not indented) breathing skin, from its -x to its +x end: positive is
    an air or gel gap, negative an indentation. `gel_m` is the widest gap that the gel left on the face bridges.
    `flicker_seed` moves the blood speckle from frame to frame.
    """

    stamp_ns: int
    sequence: int
    T_base_probe: NDArray[np.float64]
    T_patient_probe: NDArray[np.float64]
    phases: Phases
    gap_m: NDArray[np.float64]
    contact_force_n: float
    imaging: ScannerSettings = field(default_factory=ScannerSettings)
    flicker_seed: int = 0
    gel_m: float = 0.003

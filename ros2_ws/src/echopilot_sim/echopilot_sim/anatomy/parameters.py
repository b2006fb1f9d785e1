"""Everything that makes one virtual patient: frozen numbers, SI units, patient frame (LPS, origin at the xiphoid)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Torso:
    """Outer shape, layers, stiffness and breathing; see skin.py for the formulas."""

    half_width_chest_m: float
    half_width_abdomen_m: float
    chest_slope_m: float  # how much deeper the skin lies 0.2 m above the xiphoid
    belly_m: float  # y of the abdominal skin far below the xiphoid; negative stands out
    back_y_m: float
    fat_chest_m: float
    fat_abdomen_m: float
    muscle_m: float
    breathing_chest_m: float  # peak to peak, anterior-posterior
    breathing_abdomen_m: float
    organ_shift_m: float  # peak to peak, cranio-caudal
    stiffness_abdomen_pa_m: float  # pressure per depth
    stiffness_chest_pa_m: float
    stiffness_rib_pa_m: float
    rib_spacing_m: float
    rib_half_width_m: float
    rib_phase_m: float
    cartilage_slope_m_rad: float  # rise of the costal cartilages towards the sternum
    sternum_half_width_m: float
    notch_z_m: float
    navel_z_m: float


@dataclass(frozen=True)
class Heart:
    """Beating heart; `rotation` columns are (towards RV, towards the outflow tract, apex to base) in patient."""

    apex_m: NDArray[np.float64]  # epicardial apex (3,) at mid breathing
    rotation: NDArray[np.float64]
    edv_m3: float
    ejection_fraction: float
    length_m: float  # LV cavity, apex to annulus, end-diastole
    wall_m: float  # LV wall at the equator, end-diastole
    rv_scale: float
    atrium_scale: float
    root_radius_m: float  # aortic annulus
    effusion_m: float


@dataclass(frozen=True)
class Aorta:
    """Abdominal aorta; z falls from the diaphragm to the bifurcation."""

    radius_top_m: float  # outer, at the diaphragm
    radius_bottom_m: float
    bifurcation_z_m: float
    offset_x_m: float
    wave_x_m: float
    wave_phase_rad: float
    aneurysm_z_m: float
    aneurysm_length_m: float  # full width at half height of the bulge; unused without aneurysm
    aneurysm_radius_m: float  # maximal outer radius; 0 without aneurysm
    thrombus_fraction: float  # share of the bulge that is filled with thrombus
    thrombus_angle_rad: float


@dataclass(frozen=True)
class Patient:
    """One virtual patient, a pure function of its seed (draw.py)."""

    seed: int
    sex: str  # "M" or "F"
    height_m: float
    weight_kg: float
    heart_rate_hz: float
    breathing_rate_hz: float
    torso: Torso
    heart: Heart
    aorta: Aorta
    T_base_patient: NDArray[np.float64]

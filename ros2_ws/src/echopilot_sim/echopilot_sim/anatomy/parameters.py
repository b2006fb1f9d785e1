"""Parameters of one virtual patient: frozen numbers, SI units, patient frame (LPS, origin at the xiphoid)."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray


class Position(Enum):
    """How the patient lies; LEFT_LATERAL is rolled onto the left side, `Patient.roll_rad` far."""

    SUPINE = "supine"
    LEFT_LATERAL = "left-lateral"


class RhythmKind(Enum):
    """What makes the heart beat."""

    SINUS = "sinus"
    ATRIAL_FIBRILLATION = "atrial fibrillation"


@dataclass(frozen=True)
class Rhythm:
    """Beats of the heart; anatomy/rhythm.py turns it and a time into a phase."""

    kind: RhythmKind
    rate_hz: float  # mean
    variation: float  # standard deviation of the beat interval over its mean


@dataclass(frozen=True)
class Relief:
    """Deviation of the skin from the superellipse torso, as a factor on the radius around the body axis.

    `scale` (n_z, n_theta) float64, 1 everywhere for a smooth torso; row i lies at `bottom_z_m + i * step_z_m`,
    column j at angle `-pi + 2 pi j / n_theta` (0 in front, growing to the patient's left). skin.py interpolates.
    """

    scale: NDArray[np.float64]
    bottom_z_m: float
    step_z_m: float


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
    lung_overlap_m: float = 0.0  # how far the left lung covers the heart; narrows the cardiac windows
    apex_beat_m: float = 0.0  # peak outward shift of the skin over the apex in systole
    relief: Relief | None = None


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
    root_radius_m: float  # aortic annulus, inner
    sinus_radius_m: float  # aortic root at the sinuses, inner
    ascending_radius_m: float  # tubular ascending aorta, inner
    effusion_m: float  # thickness of the fluid in the pericardium; 0 without
    twist_rad: float = 0.2  # of the apex against the base at end-systole
    trabeculation: float = 1.0  # roughness of the endocardium: 0 smooth, 1 usual
    papillary_scale: float = 1.0  # calibre of the papillary muscles
    fat_m: float = 0.0025  # thickness of the fat outside the pericardium
    root_course_m: NDArray[np.float64] | None = None  # (n, 3) from the aortic annulus on, heart axes; None: usual


class AneurysmShape(Enum):
    """FUSIFORM widens the whole circumference, SACCULAR one side of it."""

    FUSIFORM = "fusiform"
    SACCULAR = "saccular"


@dataclass(frozen=True)
class Aneurysm:
    """A bulge of the abdominal aorta."""

    shape: AneurysmShape
    z_m: float  # height of its middle in patient
    length_m: float  # full width at half height
    radius_m: float  # maximal outer radius
    thrombus_fraction: float  # share of the bulge that is filled with thrombus
    angle_rad: float  # side of thrombus (and of the sac) around the center line


@dataclass(frozen=True)
class Dissection:
    """A type-B flap from the left subclavian artery down; lumen is divided into a true and a false one."""

    end_z_m: float  # height in patient where the flap ends
    true_share: float  # share of the diameter that is true lumen
    angle_rad: float  # of the flap's normal around the center line, at the top
    twist_rad_m: float  # turn of the flap along the center line
    widening: float  # outer radius of the dissected part over the undissected one


@dataclass(frozen=True)
class Aorta:
    """Arch, descending and abdominal aorta; the abdominal part falls from the diaphragm to the bifurcation."""

    radius_arch_m: float  # outer
    radius_thoracic_m: float  # outer, mid descending
    radius_top_m: float  # outer, at the diaphragm
    radius_bottom_m: float  # outer, above the bifurcation
    bifurcation_z_m: float
    offset_x_m: float
    wave_x_m: float  # tortuosity: amplitude of the sideways wave
    wave_phase_rad: float
    aneurysm: Aneurysm | None = None
    dissection: Dissection | None = None


@dataclass(frozen=True)
class Abdomen:
    """What lies in front of the aorta."""

    gas_pockets: int  # bowel loops with gas
    bowel_loops: int
    liver_vessel_scale: float  # calibre of portal and hepatic veins
    liver_edge_z_m: float  # lower edge in the midclavicular line


@dataclass(frozen=True)
class Patient:
    """One virtual patient: a pure function of its seed (draw.py) or name (named.py), or made from a CT (ct/).

    `heart` and `aorta` are None where a CT does not show them; the built vessels of a CT patient come from the CT.
    """

    seed: int
    sex: str  # "M" or "F"
    age_years: float
    height_m: float
    weight_kg: float
    position: Position
    roll_rad: float  # about the body axis, to the left
    rhythm: Rhythm
    breathing_rate_hz: float
    torso: Torso
    heart: Heart | None
    aorta: Aorta | None
    abdomen: Abdomen
    T_base_patient: NDArray[np.float64]
    name: str = ""

    @property
    def heart_rate_hz(self) -> float:
        """Mean heart rate [Hz]."""
        return self.rhythm.rate_hz

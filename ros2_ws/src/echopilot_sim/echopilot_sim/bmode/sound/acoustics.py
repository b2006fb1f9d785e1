"""Acoustic properties of the materials.

Impedance [MRayl] and attenuation [dB/cm/MHz, frequency exponent 1] lie inside the ranges of published compilations:
Goss et al. 1978 and 1980 (J. Acoust. Soc. Am. 64:423, 68:93), Diagnostics 2023 13(5):855 table 4, Sensors 2023
23(13):5942 table A2, Burger et al. 2013 (IEEE Trans. Med. Imaging 32:609). Brightness [dB relative to liver] and
heterogeneity [dB, one standard deviation over centimeters] are tuned by eye; that liver scatters more than heart muscle
follows Fei and Shung 1985 (J. Acoust. Soc. Am. 78:871).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_sim.anatomy.labels.materials import Material


class Behavior(IntEnum):
    """How the renderer treats a material beyond attenuation and scatter."""

    TISSUE = 0
    FLOWING = 1  # scatterers are new in every frame
    GAS = 2  # total reflector: reverberation and dirty shadow
    BONE = 3  # strong reflector: clean shadow


@dataclass(frozen=True)
class Acoustic:
    """One row of the table; units as in the module's docstring."""

    impedance: float
    attenuation: float
    brightness_db: float
    heterogeneity_db: float = 1.5
    behavior: Behavior = Behavior.TISSUE


_BLOOD = Acoustic(1.66, 0.15, -38.0, 1.5, Behavior.FLOWING)
_WALL = Acoustic(1.82, 0.8, 4.0, 2.5)

ACOUSTICS: dict[Material, Acoustic] = {
    Material.AIR: Acoustic(0.0004, 20.0, -60.0, 0.0, Behavior.GAS),
    Material.SKIN: Acoustic(1.72, 0.7, 8.0, 2.0),
    Material.FAT: Acoustic(1.40, 0.6, 0.0, 6.0),
    Material.MUSCLE: Acoustic(1.70, 0.8, 0.0, 5.5),
    Material.FASCIA: Acoustic(1.90, 0.8, 14.0, 4.0),
    Material.BONE: Acoustic(6.5, 10.0, 2.0, 2.0, Behavior.BONE),
    Material.CARTILAGE: Acoustic(1.95, 2.0, -10.0, 2.0),
    Material.LUNG: Acoustic(0.18, 25.0, -6.0, 2.0, Behavior.GAS),
    Material.DIAPHRAGM: Acoustic(1.95, 0.9, 14.0, 2.0),
    Material.LIVER: Acoustic(1.65, 0.5, 0.0, 1.2),
    Material.LIVER_VESSEL: Acoustic(1.64, 0.2, -30.0, 1.0, Behavior.FLOWING),
    Material.KIDNEY: Acoustic(1.63, 0.7, -5.0, 2.0),
    Material.BOWEL: Acoustic(1.62, 0.7, -5.0, 6.0),
    Material.GAS: Acoustic(0.0004, 20.0, -6.0, 3.0, Behavior.GAS),
    Material.MESENTERY: Acoustic(1.52, 0.6, -2.0, 4.5),
    Material.VERTEBRA: Acoustic(5.5, 10.0, 2.0, 2.0, Behavior.BONE),
    Material.DISC: Acoustic(1.80, 2.5, -8.0, 2.0),
    Material.PSOAS: Acoustic(1.70, 0.8, -7.0, 3.0),
    Material.MEDIASTINUM: Acoustic(1.55, 0.6, -1.0, 4.0),
    Material.PERICARDIUM: Acoustic(1.95, 0.8, 11.0, 3.0),
    Material.EFFUSION: Acoustic(1.52, 0.02, -40.0, 0.0, Behavior.FLOWING),
    Material.MYOCARDIUM_LV: Acoustic(1.70, 0.55, 1.5, 5.5),
    Material.MYOCARDIUM_RV: Acoustic(1.70, 0.55, 0.5, 5.5),
    Material.MYOCARDIUM_ATRIA: Acoustic(1.72, 0.55, -2.0, 4.0),
    Material.PAPILLARY: Acoustic(1.71, 0.55, -3.0, 2.0),
    Material.LEAFLET: Acoustic(1.85, 0.6, 8.0, 2.5),
    Material.BLOOD_LV: _BLOOD,
    Material.BLOOD_RV: _BLOOD,
    Material.BLOOD_LA: _BLOOD,
    Material.BLOOD_RA: _BLOOD,
    Material.BLOOD_ROOT: _BLOOD,
    Material.ROOT_WALL: _WALL,
    Material.BLOOD_AORTA: _BLOOD,
    Material.AORTA_WALL: _WALL,
    Material.THROMBUS: Acoustic(1.64, 0.25, -14.0, 3.0),
    Material.BLOOD_IVC: _BLOOD,
    Material.BLOOD_BRANCH: _BLOOD,
    Material.VESSEL_WALL: _WALL,
    Material.SPLEEN: Acoustic(1.65, 0.5, -2.0, 1.0),
    Material.STOMACH: Acoustic(1.60, 0.7, -6.0, 6.0),
    Material.TRABECULA: Acoustic(1.71, 0.55, -4.0, 3.0),
    Material.FLAP: Acoustic(1.80, 0.8, 3.0, 2.0),
    Material.BLOOD_FALSE_LUMEN: Acoustic(1.66, 0.18, -34.0, 2.5, Behavior.FLOWING),
    Material.BOWEL_WALL: Acoustic(1.66, 0.7, -9.0, 2.5),
    Material.BOWEL_CONTENT: Acoustic(1.60, 0.6, -10.0, 6.0),
    Material.GALLBLADDER: Acoustic(1.54, 0.05, -40.0, 0.0, Behavior.FLOWING),
    Material.PANCREAS: Acoustic(1.63, 0.6, 1.0, 3.0),
    Material.LIVER_VESSEL_WALL: Acoustic(1.78, 0.6, 4.0, 2.0),
    Material.BREAST: Acoustic(1.50, 0.8, -3.0, 4.0),
}

HEART_AXES = frozenset(
    {
        Material.PERICARDIUM,
        Material.EFFUSION,
        Material.MYOCARDIUM_LV,
        Material.MYOCARDIUM_RV,
        Material.MYOCARDIUM_ATRIA,
        Material.PAPILLARY,
        Material.TRABECULA,
        Material.LEAFLET,
        Material.BLOOD_LV,
        Material.BLOOD_RV,
        Material.BLOOD_LA,
        Material.BLOOD_RA,
        Material.BLOOD_ROOT,
        Material.ROOT_WALL,
    }
)
"""Materials whose tissue coordinates the anatomy gives in heart axes; all others are in patient axes."""

FIBER_DB: dict[Material, float] = {Material.MYOCARDIUM_LV: 10.0, Material.MYOCARDIUM_RV: 8.0}
"""How much darker heart muscle is where the beam runs along its fibers than across them [dB]: Mottley and Miller 1988
(J. Acoust. Soc. Am. 83:755), Holland et al. 1998 (J. Am. Soc. Echocardiogr. 11:929)."""

GRAIN: dict[Material, tuple[float, float, float]] = {
    Material.MUSCLE: (0.5, 2.0, 0.3),  # bundles run along the body, layered along the skin
    Material.FAT: (0.4, 1.6, 0.4),
    Material.FASCIA: (0.4, 1.5, 0.4),
    Material.PSOAS: (1.2, 1.2, 0.3),
}
"""How the slow texture is drawn out along x, y, z of the tissue axes: above 1 finer, below 1 coarser."""

_SPEED_M_S = 1570.0

SPEED_M_S: dict[Material, float] = {
    Material.AIR: 343.0,
    Material.SKIN: 1600.0,
    Material.FAT: 1450.0,
    Material.MUSCLE: 1585.0,
    Material.FASCIA: 1620.0,
    Material.BONE: 3500.0,
    Material.CARTILAGE: 1665.0,
    Material.LUNG: 650.0,
    Material.DIAPHRAGM: 1600.0,
    Material.LIVER: 1590.0,
    Material.GAS: 343.0,
    Material.MESENTERY: 1470.0,
    Material.VERTEBRA: 3000.0,
    Material.DISC: 1620.0,
    Material.PSOAS: 1585.0,
    Material.MEDIASTINUM: 1470.0,
    Material.EFFUSION: 1520.0,
    Material.GALLBLADDER: 1520.0,
    Material.BREAST: 1480.0,
}
"""Speed of sound where it is not about 1570 m/s: Goss et al. as above; Mast 2000 (Acoust. Res. Lett. Online 1:37)."""

GEL = len(Material)  # row of the table for coupling gel in front of the face
_GEL = Acoustic(1.60, 0.01, -30.0, 0.0)

ROWS = (*(ACOUSTICS[m] for m in Material), _GEL)
"""Rows of the table by label: one per material, then gel."""


def speeds_m_s() -> Array:
    """Speed of sound (M,) [m/s] by label."""
    return np.array([*(SPEED_M_S.get(m, _SPEED_M_S) for m in Material), _SPEED_M_S])


def amplitudes() -> NDArray[np.float32]:
    """Scatter amplitude (M, 256) by label and heterogeneity value, a standard normal n coded as 128 + 40 n."""
    levels = (np.arange(256) - 128.0) / 40.0
    brightness = np.array([row.brightness_db for row in ROWS])
    spread = np.array([row.heterogeneity_db for row in ROWS])
    return np.asarray(np.power(10.0, (brightness[:, None] + spread[:, None] * levels) / 20.0), np.float32)

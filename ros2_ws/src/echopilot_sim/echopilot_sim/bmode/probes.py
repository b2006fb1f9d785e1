"""Transducers and imaging presets as data."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Preset, ProbeKind

SPEED_OF_SOUND_M_S = 1540.0


@dataclass(frozen=True)
class ProbePreset:
    """What the beam former needs to know of a transducer under one imaging preset.

    `opening_rad` is the full angle of the fan (0 for linear), `aperture_m` the active width along x, `radius_m` the
    radius of the face (0 when flat). `elevation_m` is the height of the face, `slice_m` the out-of-plane FWHM at the
    depth `elevation_focus_m` of its lens. `least_width` is the least width of a beam in wavelengths.
    Time gain is lower for the heart: much of the path is blood.
    """

    name: str
    probe_id: str
    kind: ProbeKind
    frequency_hz: float
    opening_rad: float
    radius_m: float
    aperture_m: float
    elevation_m: float
    slice_m: float
    time_gain_db_cm_mhz: float  # two-way: twice this per centimeter
    elevation_focus_m: float = 0.080
    least_width: float = 1.2

    @property
    def wavelength_m(self) -> float:
        """Wavelength in soft tissue [m]."""
        return SPEED_OF_SOUND_M_S / self.frequency_hz

    def slice_fwhm_m(self, ranges_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Out-of-plane FWHM at ranges from the face: the lens focuses once, so the slice is thicker off its focus."""
        off_focus = ranges_m / self.elevation_focus_m - 1.0
        return np.asarray(np.hypot(self.slice_m, 0.5 * self.elevation_m * off_focus))


def _phased(name: str, opening_deg: float, time_gain: float) -> ProbePreset:
    return ProbePreset(
        name, "sim-phased-2.5", ProbeKind.PHASED, 2.5e6, math.radians(opening_deg), 0.0, 0.020, 0.014, 0.004, time_gain
    )


PRESETS: dict[str, ProbePreset] = {
    Preset.CARDIAC: _phased(Preset.CARDIAC, 90.0, 0.38),
    Preset.ABDOMEN: _phased(Preset.ABDOMEN, 80.0, 0.5),
    Preset.CONVEX: ProbePreset(
        Preset.CONVEX,
        "sim-convex-3.5",
        ProbeKind.CONVEX,
        3.5e6,
        math.radians(60.0),
        0.060,
        0.022,
        0.013,
        0.004,
        0.5,
        0.070,
    ),
    Preset.LINEAR: ProbePreset(
        Preset.LINEAR, "sim-linear-7.5", ProbeKind.LINEAR, 7.5e6, 0.0, 0.0, 0.038, 0.005, 0.0015, 0.5, 0.020, 2.0
    ),
}


def preset(name: str) -> ProbePreset:
    """Look a preset up; raises EchoPilotError that lists the valid names."""
    try:
        return PRESETS[name]
    except KeyError:
        raise EchoPilotError(f"unknown imaging preset {name!r}; choose one of {', '.join(PRESETS)}") from None

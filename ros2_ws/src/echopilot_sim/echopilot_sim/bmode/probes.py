"""Transducers and imaging presets as data."""

import math
from dataclasses import dataclass

from echopilot_core import EchoPilotError, ProbeKind

SPEED_OF_SOUND_M_S = 1540.0


@dataclass(frozen=True)
class ProbePreset:
    """What the beam former needs to know of a transducer under one imaging preset.

    `opening_rad` is the full angle of the fan (0 for linear), `aperture_m` the active width along x, `radius_m` the
    radius of the face (0 when flat). `elevation_m` is the height of the face, `slice_m` the out-of-plane FWHM.
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
    time_gain_db_cm_mhz: float  # two-way: twice this per centimetre

    @property
    def wavelength_m(self) -> float:
        """Wavelength in soft tissue [m]."""
        return SPEED_OF_SOUND_M_S / self.frequency_hz


def _phased(name: str, opening_deg: float, time_gain: float) -> ProbePreset:
    return ProbePreset(
        name, "sim-phased-2.5", ProbeKind.PHASED, 2.5e6, math.radians(opening_deg), 0.0, 0.020, 0.014, 0.004, time_gain
    )


PRESETS: dict[str, ProbePreset] = {
    "cardiac": _phased("cardiac", 90.0, 0.38),
    "abdomen": _phased("abdomen", 80.0, 0.5),
    "convex": ProbePreset(
        "convex", "sim-convex-3.5", ProbeKind.CONVEX, 3.5e6, math.radians(60.0), 0.060, 0.022, 0.013, 0.004, 0.5
    ),
    "linear": ProbePreset("linear", "sim-linear-7.5", ProbeKind.LINEAR, 7.5e6, 0.0, 0.0, 0.038, 0.005, 0.0015, 0.5),
}


def preset(name: str) -> ProbePreset:
    """Look a preset up; raises EchoPilotError that lists the valid names."""
    try:
        return PRESETS[name]
    except KeyError:
        raise EchoPilotError(f"unknown imaging preset {name!r}; choose one of {', '.join(PRESETS)}") from None

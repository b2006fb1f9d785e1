"""Near field: ring-down of the probe, clutter of the body wall, and the decay towards the sides of the fan."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import ProbeKind
from echopilot_sim.bmode.appearance import Appearance
from echopilot_sim.bmode.grid import BeamGrid
from echopilot_sim.bmode.probes import ProbePreset

_RING_LEVEL = 1.6  # amplitude at the face, liver echo = 1
_RING_DECAY_M = 0.0012
_LAYERS_LEVEL = {ProbeKind.PHASED: 1.0, ProbeKind.CONVEX: 2.2, ProbeKind.LINEAR: 2.2}  # wide faces lie flat on them
_LAYERS_DECAY_M = 0.009
_LAYERS_FLOOR = 0.2  # between two lines
_LAYERS_SWING_M = 0.019  # over which their distance varies
_WALL_CLUTTER_DECAY_M = 0.060  # on top of the attenuation of soft tissue
_ATTENUATION_DB_CM_MHZ = 0.5
_AIR_LEVEL = 25.0
_AIR_DECAY_M = 0.0023  # at 2.5 MHz; shorter for higher frequencies
_AIR_FLOOR = 0.03  # between two arcs
_LENS_PERIOD_M = 0.0024
_LINE_SHARPNESS = 6.0
_SIDE_POWER = 2.0
_PENETRATION_M = {ProbeKind.PHASED: 0.18, ProbeKind.CONVEX: 0.19, ProbeKind.LINEAR: 0.045}  # where noise equals liver


@dataclass(frozen=True)
class NearField:
    """Amplitudes over depth (S,): `ring` always, `layers` of the body wall where coupled, `air` where not.

    `ahead` (B,) weakens the arcs of a probe in air towards the sides, as a phased probe held in air shows them;
    `sides` (B,) is the one-way amplitude that is left of beams towards the sides. `thermal` is the power of the
    receiver's noise before time gain, liver echo = 1.
    """

    ring: NDArray[np.float32]
    layers: NDArray[np.float32]
    air: NDArray[np.float32]
    ahead: NDArray[np.float32]
    sides: NDArray[np.float32]
    thermal: float


def near_field(grid: BeamGrid, appearance: Appearance) -> NearField:
    """Near field of a grid. Wall clutter is sound that bounces inside fat and muscle and arrives late.

    Such reverberation hides the apex of the heart and fades over centimeters (clutter levels: Lediju et al. 2008,
    Ultrason. Imaging 30:151). Its lines follow the layers near the face.
    """
    r = grid.range_m.astype(np.float64)
    swing = 2.0 * np.sin(2.0 * np.pi * r / _LAYERS_SWING_M)
    lines = (0.5 + 0.5 * np.cos(2.0 * np.pi * r / appearance.layer_period_m + swing)) ** _LINE_SHARPNESS
    layers = np.exp(-r / _LAYERS_DECAY_M) * (_LAYERS_FLOOR + lines)
    lost_db = _loss_db_m(grid.preset) * r
    late = 10.0 ** ((appearance.wall_clutter_db - lost_db) / 20.0) * np.exp(-r / _WALL_CLUTTER_DECAY_M)
    arcs = (0.5 + 0.5 * np.cos(2.0 * np.pi * r / _LENS_PERIOD_M)) ** _LINE_SHARPNESS
    air_decay = _AIR_DECAY_M * (2.5e6 / grid.preset.frequency_hz) ** 0.6
    across = np.linspace(-1.0, 1.0, grid.shape[1])
    loss_db = 0.0 if grid.preset.kind == ProbeKind.LINEAR else appearance.side_db * np.abs(across) ** _SIDE_POWER
    return NearField(
        ring=(appearance.near_clutter * _RING_LEVEL * np.exp(-r / _RING_DECAY_M)).astype(np.float32),
        layers=(appearance.near_clutter * _LAYERS_LEVEL[grid.preset.kind] * layers + late).astype(np.float32),
        air=(_AIR_LEVEL * np.exp(-r / air_decay) * (_AIR_FLOOR + arcs)).astype(np.float32),
        ahead=np.cos(1.1 * across).astype(np.float32),
        thermal=float(appearance.noise**2 * 10.0 ** (-_penetration_db(grid.preset) / 10.0)),
        sides=np.broadcast_to(10.0 ** (-loss_db / 40.0), across.shape).astype(np.float32),
    )


def _loss_db_m(preset: ProbePreset) -> float:
    """Two-way loss in soft tissue [dB/m]."""
    return 2.0 * _ATTENUATION_DB_CM_MHZ * preset.frequency_hz * 1e-6 * 100.0


def _penetration_db(preset: ProbePreset) -> float:
    return _loss_db_m(preset) * _PENETRATION_M[preset.kind]

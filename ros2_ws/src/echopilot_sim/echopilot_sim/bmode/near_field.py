"""What the probe hears of itself: transmit ring-down, and reverberation in its lens where it touches only air."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.bmode.grid import BeamGrid

_RING_LEVEL = 2.5  # amplitude at the face, liver echo = 1
_RING_DECAY_M = 0.0012
_LAYERS_LEVEL = 0.30
_LAYERS_DECAY_M = 0.011
_LAYERS_PERIOD_M = 0.0045
_AIR_LEVEL = 6.0
_AIR_DECAY_M = 0.0028
_LENS_PERIOD_M = 0.0024
_LINE_SHARPNESS = 3.0


@dataclass(frozen=True)
class NearField:
    """Amplitudes over depth (S,): `ring` always, `layers` of the skin where coupled, `air` where not.

    `ahead` (B,) weakens the arcs of a probe in air towards the sides, as a phased probe held in air shows them.
    """

    ring: NDArray[np.float32]
    layers: NDArray[np.float32]
    air: NDArray[np.float32]
    ahead: NDArray[np.float32]


def near_field(grid: BeamGrid, clutter: float) -> NearField:
    """Near field of a grid; `clutter` scales ring-down and skin layers."""
    r = grid.range_m.astype(np.float64)
    layers = np.exp(-r / _LAYERS_DECAY_M) * (1.0 + 0.5 * np.cos(2.0 * np.pi * r / _LAYERS_PERIOD_M))
    arcs = (0.5 + 0.5 * np.cos(2.0 * np.pi * r / _LENS_PERIOD_M)) ** _LINE_SHARPNESS
    return NearField(
        ring=(clutter * _RING_LEVEL * np.exp(-r / _RING_DECAY_M)).astype(np.float32),
        layers=(clutter * _LAYERS_LEVEL * layers).astype(np.float32),
        air=(_AIR_LEVEL * np.exp(-r / _AIR_DECAY_M) * (0.12 + arcs)).astype(np.float32),
        ahead=np.cos(np.linspace(-1.1, 1.1, grid.shape[1])).astype(np.float32),
    )

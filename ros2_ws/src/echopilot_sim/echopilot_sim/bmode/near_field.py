"""What the probe hears of itself: transmit ring-down, and reverberation in its lens where it touches only air."""

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.bmode.grid import BeamGrid

_RING_LEVEL = 2.5  # amplitude at the face, liver echo = 1
_RING_DECAY_M = 0.0012
_CLUTTER_LEVEL = 0.30
_CLUTTER_DECAY_M = 0.011
_AIR_LEVEL = 6.0
_AIR_DECAY_M = 0.0028
_LENS_PERIOD_M = 0.0024
_LINE_SHARPNESS = 3.0
_LAYER_PERIOD_M = 0.0045


def ring_down(grid: BeamGrid, coupling: NDArray[np.float32], clutter: float) -> NDArray[np.float32]:
    """Power (S, B) of the probe's own echoes.

    Coupled beams show a short bright cap; beams in air show the lens reverberating as evenly spaced arcs, strongest
    straight ahead, as a phased probe held in air does.
    """
    r = grid.range_m.astype(np.float64)[:, None]
    contact = coupling.astype(np.float64)
    layers = _CLUTTER_LEVEL * np.exp(-r / _CLUTTER_DECAY_M) * (1.0 + 0.5 * np.cos(2.0 * np.pi * r / _LAYER_PERIOD_M))
    touching = _RING_LEVEL * np.exp(-r / _RING_DECAY_M) + contact * layers
    comb = (0.5 + 0.5 * np.cos(2.0 * np.pi * r / _LENS_PERIOD_M)) ** _LINE_SHARPNESS
    air = _AIR_LEVEL * np.exp(-r / _AIR_DECAY_M) * (0.12 + comb)
    ahead = np.cos(np.linspace(-1.0, 1.0, grid.shape[1]) * 1.1)[None, :]
    level = clutter * touching + air * (1.0 - contact) * ahead
    return np.asarray(level**2, np.float32)

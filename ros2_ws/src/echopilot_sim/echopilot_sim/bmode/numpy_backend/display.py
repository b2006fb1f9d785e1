"""NumPy backend of the kernel in display.py."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def gather_power(
    power: Array, clutter: Array, speckle_power: Array, speckle_shift: int, thermal: float, ring: Array,
    layers: Array, air: Array, ahead: Array, coupling: Array, gain: Array,
) -> None:  # fmt: skip
    """In place: echo power + speckled clutter + thermal noise + near field (S, B), then time gain (S,) squared.

    `speckle_power` (S, B) has mean 1, lies in beam coordinates and is shifted per frame; near field as in `NearField`.
    """
    F = np.float32
    near = layers[:, None] * coupling
    near += ring[:, None]
    near += air[:, None] * ((F(1.0) - coupling) * ahead)
    near *= near
    power += clutter * (F(0.4) + F(0.6) * speckle_power)
    power += near * (F(0.25) + F(0.75) * speckle_power)
    power += F(thermal) * np.roll(speckle_power, -speckle_shift, axis=0)
    power *= (gain * gain)[:, None]

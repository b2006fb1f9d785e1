"""Array twin of the kernel in display.py."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def gather_power(
    power: Array, haze: Array, chaff: Array, chaff_shift: int, thermal: float, ring: Array, layers: Array, air: Array,
    ahead: Array, coupling: Array, gain: Array,
) -> None:  # fmt: skip
    """In place: echo power + speckled haze + thermal noise + near field (S, B), then time gain (S,) squared.

    `chaff` (S, B) is unit-mean speckle power in beam coordinates, shifted per frame; near field as in `NearField`.
    """
    F = np.float32
    near = layers[:, None] * coupling
    near += ring[:, None]
    near += air[:, None] * ((F(1.0) - coupling) * ahead)
    near *= near
    power += haze * (F(0.4) + F(0.6) * chaff)
    power += near * (F(0.25) + F(0.75) * chaff)
    power += F(thermal) * np.roll(chaff, -chaff_shift, axis=0)
    power *= (gain * gain)[:, None]

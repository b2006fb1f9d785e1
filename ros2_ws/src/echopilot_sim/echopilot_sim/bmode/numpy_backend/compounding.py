"""NumPy backend of the kernel in compounding.py."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def turn_phase(echo: Array, phase: Array) -> None:
    """In place: multiply complex echoes (2, S, B) by a phase (2, S, B)."""
    re = echo[0] * phase[0] - echo[1] * phase[1]
    echo[1] = echo[0] * phase[1] + echo[1] * phase[0]
    echo[0] = re

"""NumPy backend of the kernel in psf.py."""

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def spread_power(
    echo: Array, lateral: Array, half: NDArray[np.int64], axial: Array, gain: Array, work: Array, power: Array
) -> None:
    """Convolve `echo` (2, S, B) float32 and write |.|^2 to `power` (S, B); `work` (2, S, B) is scratch.

    Beyond the edges there is silence.
    """
    beams = power.shape[1]
    weights = lateral * gain[:, None]
    for part in range(2):
        np.multiply(echo[part], weights[:, :1], out=work[part])
        for k in range(1, min(int(half.max()), beams - 1) + 1):
            wide = np.flatnonzero(half >= k)
            rows = slice(int(wide[0]), int(wide[-1]) + 1)
            weighted = echo[part, rows] * weights[rows, k : k + 1]
            work[part, rows, k:] += weighted[:, :-k]
            work[part, rows, :-k] += weighted[:, k:]
    still = np.ones(1, np.float32)
    blurred = [cv2.sepFilter2D(part, -1, still, axial, borderType=cv2.BORDER_CONSTANT) for part in work]
    np.multiply(blurred[0], blurred[0], out=power)
    power += blurred[1] * blurred[1]

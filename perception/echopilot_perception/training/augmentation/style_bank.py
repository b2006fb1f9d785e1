"""Styles of real scanners as numbers: gray levels by depth, and low-frequency amplitudes.

`styles.npz` is made by `echopilot tune styles` from unlabeled real images; no image can be made from it.
"""

from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_core.guarded.array_input import read_arrays

BANDS = 4  # of depth
QUANTILES = 33
REACH = 6  # frequencies from -6 to 6, in cycles per image
MAX_BYTES = 8_000_000
MIN_CELLS = 200  # of a band
FILE = Path(__file__).with_name("styles.npz")


@dataclass(frozen=True)
class StyleBank:
    """Quantiles (S, 4, 33) of the gray levels 0..1 inside the sector by depth, and amplitudes (S, 13, 13) of the lowest
    frequencies of the image (256, 256), frequency 0 in the middle.
    """

    quantiles: NDArray[np.float32]
    amplitudes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.quantiles)


def style_of(image: Array) -> tuple[Array, Array] | None:
    """Quantiles (4, 33) and amplitudes (13, 13) of a network image (256, 256) in 0..1; None where it is too dark."""
    levels = np.linspace(0.0, 1.0, QUANTILES)
    rows = image.shape[0] // BANDS
    bands = [band[band > 0] for band in (image[i * rows : (i + 1) * rows] for i in range(BANDS))]
    if sum(len(band) >= MIN_CELLS for band in bands) < BANDS - 1:
        return None
    whole = image[image > 0]
    quantiles = np.stack([np.quantile(band if len(band) >= MIN_CELLS else whole, levels) for band in bands])
    return quantiles, low_amplitudes(image)


def low_amplitudes(image: Array) -> Array:
    """Amplitudes (13, 13) of the lowest frequencies of an image (H, H)."""
    spectrum = np.fft.fftshift(np.abs(np.fft.fft2(image)))
    middle = image.shape[0] // 2
    return np.asarray(spectrum[middle - REACH : middle + REACH + 1, middle - REACH : middle + REACH + 1])


def save(path: Path, bank: StyleBank) -> None:
    """Write a bank."""
    with path.open("wb") as file:
        np.savez_compressed(file, **{f.name: getattr(bank, f.name).astype(np.float16) for f in fields(bank)})


@lru_cache(maxsize=1)
def shipped() -> StyleBank:
    """The bank that ships."""
    arrays = read_arrays(FILE, [f.name for f in fields(StyleBank)], MAX_BYTES, FILE.name)
    return StyleBank(**{name: np.asarray(array, np.float32) for name, array in arrays.items()})

"""Display chain from power to gray: clutter, thermal noise, time gain, log compression, gray curve."""

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core.kernels.compiled import njit_or
from echopilot_sim.bmode.appearance import Appearance
from echopilot_sim.bmode.grid import BeamGrid
from echopilot_sim.bmode.numpy_backend import display as numpy_display

_TGC_CAP_DB = 58.0
LIVER_BELOW_WHITE_DB = 24.0  # where the mean echo of liver is displayed


def time_gain(grid: BeamGrid, appearance: Appearance, tgc_db: tuple[float, ...] = (0.0,)) -> NDArray[np.float32]:
    """Amplitude gain (S,): the slope of the preset, capped, plus the sliders `tgc_db` and the operator's errors.

    Slider k of n acts most in the middle of the k-th of n equal parts of the depth.
    """
    ranges = grid.range_m.astype(np.float64)
    slope_db_m = 2.0 * grid.preset.time_gain_db_cm_mhz * grid.preset.frequency_hz * 1e-6 * 100.0
    gain_db = np.minimum(slope_db_m * ranges, _TGC_CAP_DB)
    sliders = np.interp(ranges, np.linspace(0.0, grid.depth_m, 4), appearance.tgc_error_db)
    places = (np.arange(len(tgc_db)) + 0.5) * (grid.depth_m / len(tgc_db))
    sliders += np.interp(ranges, places, tgc_db)
    return np.asarray(10.0 ** ((gain_db + sliders) / 20.0), np.float32)


def add_clutter(power: NDArray[np.float32], grid: BeamGrid, clutter_db: float) -> NDArray[np.float32]:
    """Mean power around (S, B) scaled by `clutter_db`: side lobes and multiple scatter."""
    samples, beams = power.shape
    wide = max(3, 2 * round(beams * 0.16) + 1)
    tall = max(3, 2 * round(samples * 0.009) + 1)
    blurred = cv2.blur(power, (wide, tall), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred * np.float32(10.0 ** (clutter_db / 10.0)), np.float32)


def gray_table(appearance: Appearance) -> NDArray[np.uint8]:
    """Gray curve (256,) applied to the log-compressed level."""
    level = np.arange(256) / 255.0
    return np.rint(255.0 * level**appearance.gray_power).astype(np.uint8)


@njit_or(numpy_display.gather_power, cache=True, nogil=True, fastmath=True)
def gather_power(  # type: ignore[no-untyped-def]
    power, clutter, speckle_power, speckle_shift, thermal, ring, layers, air, ahead, coupling, gain
):  # fmt: skip
    """In place: echo power + speckled clutter + thermal noise + near field (S, B), then time gain (S,) squared.

    `speckle_power` (S, B) has mean 1, lies in beam coordinates and is shifted per frame; near field as in `NearField`.
    """
    samples, beams = power.shape
    for s in range(samples):
        square = gain[s] * gain[s]
        other = (s + speckle_shift) % samples
        for b in range(beams):
            near = ring[s] + layers[s] * coupling[b] + air[s] * (1.0 - coupling[b]) * ahead[b]
            grain = speckle_power[s, b]
            total = power[s, b] + (0.4 + 0.6 * grain) * clutter[s, b] + thermal * speckle_power[other, b]
            power[s, b] = (total + near * near * (0.25 + 0.75 * grain)) * square


def level(power: NDArray[np.float32], gain_db: float, dynamic_range_db: float) -> NDArray[np.float32]:
    """Log-compress power (S, B) into 0..255 over the dynamic range; liver lies 24 dB below white at 0 dB gain."""
    logged = cv2.log(np.maximum(power, np.float32(1e-12)))
    per_db = 255.0 / dynamic_range_db
    offset = (dynamic_range_db - LIVER_BELOW_WHITE_DB + gain_db) * per_db
    scaled = cv2.addWeighted(logged, 10.0 / np.log(10.0) * per_db, logged, 0.0, offset)
    return np.asarray(np.clip(scaled, 0.0, 255.0, out=scaled))


def smooth(level: NDArray[np.uint8], samples: float) -> NDArray[np.uint8]:
    """The scanner's smoothing of a compressed image (S, B): a Gaussian of `samples`, half as wide across beams."""
    if samples < 0.3:
        return level
    return np.asarray(cv2.GaussianBlur(level, (3, 5), 0.5 * samples, sigmaY=samples), np.uint8)

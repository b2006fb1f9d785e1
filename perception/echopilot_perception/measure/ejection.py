"""Ejection fraction over a clip: beats are found in the volume curve itself, no ECG is needed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.signal import find_peaks

MIN_BEAT_S = 0.35  # 170 per minute
SMOOTHING_S = 0.08
MIN_SWING = 0.08  # of the largest volume: below that nothing beats


@dataclass(frozen=True)
class Ejection:
    """Ejection fraction with standard deviation, mean end-diastolic and end-systolic volumes [m^3], beats used."""

    fraction: float
    sigma: float
    end_diastolic_m3: float
    end_systolic_m3: float
    beats: int
    diastolic_frames: tuple[int, ...]  # indices into the volumes
    systolic_frames: tuple[int, ...]


def ejection_fraction(
    volumes_m3: NDArray[np.float64], times_s: NDArray[np.float64], sigmas_m3: NDArray[np.float64] | None = None
) -> Ejection | None:
    """EF from volumes (N,) at times (N,), NaN where no cavity was found; None when less than one beat is seen.

    A running median over about 0.1 s removes single bad masks. Every maximum with the minimum that follows it is a
    beat; the result is the median over the beats, its sigma their scatter joined with the volumes' own sigmas.
    """
    good = np.isfinite(volumes_m3) & np.isfinite(times_s)
    if good.sum() < 8:
        return None
    index = np.nonzero(good)[0]
    times = times_s[good]
    step_s = float(np.median(np.diff(times)))
    if step_s <= 0:
        return None
    size = 2 * max(round(SMOOTHING_S / step_s / 2), 1) + 1
    smooth = median_filter(volumes_m3[good], size=size, mode="nearest")
    swing = float(np.percentile(smooth, 95) - np.percentile(smooth, 5))
    if swing < MIN_SWING * float(smooth.max()):
        return None
    gap = max(round(MIN_BEAT_S / step_s), 1)
    padded = np.concatenate([[-np.inf], smooth, [-np.inf]])
    peaks = find_peaks(padded, distance=gap, prominence=0.4 * swing)[0] - 1
    fractions, tops, bottoms = [], [], []
    for i, top in enumerate(peaks):
        end = peaks[i + 1] if i + 1 < len(peaks) else len(smooth)
        bottom = int(top + np.argmin(smooth[top:end]))
        closes = i + 1 < len(peaks) or bottom + 2 < len(smooth)
        if closes and smooth[top] - smooth[bottom] >= 0.5 * swing:
            fractions.append(1.0 - smooth[bottom] / smooth[top])
            tops.append(int(top))
            bottoms.append(bottom)
    if not fractions:
        return None
    end_diastolic, end_systolic = float(np.median(smooth[tops])), float(np.median(smooth[bottoms]))
    scatter = 1.2533 * float(np.std(fractions)) / np.sqrt(len(fractions))
    own = 0.0
    if sigmas_m3 is not None:
        sigma_m3 = float(np.median(sigmas_m3[good]))
        own = sigma_m3 / end_diastolic * float(np.hypot(1.0, end_systolic / end_diastolic)) / np.sqrt(len(fractions))
    sigma = float(np.hypot(np.hypot(scatter, own), 0.02))
    return Ejection(
        float(np.median(fractions)),
        sigma,
        end_diastolic,
        end_systolic,
        len(fractions),
        tuple(int(index[t]) for t in tops),
        tuple(int(index[b]) for b in bottoms),
    )

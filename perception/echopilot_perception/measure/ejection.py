"""Ejection fraction over a clip: beats are found in the volume curve itself, no ECG is needed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.signal import find_peaks, savgol_filter

from echopilot_core import Array

MIN_FRAMES = 8
MIN_BEAT_S = 0.35  # 170 per minute
SMOOTHING_S = 0.17  # a local parabola over this keeps the height of the peaks; a running median cuts them
NEAREST_FRAMES = 2  # how far beside an extreme of the curve the frame may lie whose mask is good
MIN_SWING = 0.08  # of the largest volume: below that nothing beats
OUTLIER = 4.0  # robust standard deviations off the running median
STRAYING = {3: 0.3, 5: 0.15}  # of the swing, by the frames of the running median: so far the beat itself may stray
MOST_LOST = 0.05  # of the stroke volume, between two frames
RESTING_HZ = 100.0 / 60.0  # rate of a heart of which one beat is seen: the upper end of normal at rest
METHOD_SIGMA = 0.012  # discs on true masks of 24 rendered patients: 0.9 points mean error


@dataclass(frozen=True)
class Ejection:
    """Ejection fraction with standard deviation, end-diastolic and end-systolic volumes [m^3], beats used.

    The volumes are the medians of those of the frames named, and `fraction` is what they give: 1 - ESV / EDV.
    """

    fraction: float
    sigma: float
    end_diastolic_m3: float
    end_systolic_m3: float
    beats: int
    diastolic_frames: tuple[int, ...]  # indices into the volumes
    systolic_frames: tuple[int, ...]
    beat_hz: float | None = None  # None where less than two beats are seen


@dataclass(frozen=True)
class _Beat:
    top: int
    bottom: int


def ejection_fraction(volumes_m3: Array, times_s: Array, sigmas_m3: Array | None = None) -> Ejection | None:
    """EF from volumes (N,) at times (N,), NaN where no cavity was found; None when less than one beat is seen.

    A smoothed curve without single bad masks tells when the volume is largest and smallest; every maximum with the
    minimum that follows it is a beat. The numbers are those of the frames there, median over the beats, of whatever
    length they are. A clip that begins in systole has no true maximum there: that beat counts only where there is no
    other. Sigma joins the scatter over beats (or the noise of the curve, where it is larger) with `sigmas_m3` (N,),
    which all beats share, and with the method's own error.
    """
    good = np.isfinite(volumes_m3) & np.isfinite(times_s)
    if good.sum() < MIN_FRAMES:
        return None
    index = np.nonzero(good)[0]
    times = times_s[good]
    step_s = float(np.median(np.diff(times)))
    if step_s <= 0:
        return None
    raw = np.asarray(volumes_m3[good], dtype=np.float64)
    calm = _without_outliers(raw, step_s)
    smooth = _smooth(calm, step_s)
    swing = float(np.percentile(smooth, 95) - np.percentile(smooth, 5))
    if swing < MIN_SWING * float(smooth.max()):
        return None
    beats = _beats(smooth, max(round(MIN_BEAT_S / step_s), 1), swing)
    if not beats:
        return None
    sound = np.flatnonzero(calm == raw)
    tops, bottoms = _nearest([b.top for b in beats], sound), _nearest([b.bottom for b in beats], sound)
    if not tops or not bottoms:
        return None
    end_diastolic, end_systolic = float(np.median(raw[tops])), float(np.median(raw[bottoms]))
    if not 0.0 < end_systolic < end_diastolic:
        return None
    noise_m3 = 1.4826 * float(np.median(np.abs(calm - smooth))) * np.sqrt(2.0)
    scatter = float(np.std(1.0 - raw[bottoms] / raw[tops])) if len(tops) == len(bottoms) else 0.0
    one_beat = max(_spread(noise_m3, noise_m3, end_diastolic, end_systolic), scatter)
    shared = 0.0
    if sigmas_m3 is not None:
        known = np.where(np.isfinite(sigmas_m3[good]), sigmas_m3[good], np.nanmedian(sigmas_m3[good]))
        shared = _spread(float(np.median(known[tops])), float(np.median(known[bottoms])), end_diastolic, end_systolic)
    sigma = float(np.sqrt(1.57 * one_beat**2 / len(beats) + shared**2 + METHOD_SIGMA**2))
    between_s = np.diff(times[[b.top for b in beats]])
    return Ejection(
        1.0 - end_systolic / end_diastolic,
        sigma,
        end_diastolic,
        end_systolic,
        len(beats),
        tuple(int(index[t]) for t in tops),
        tuple(int(index[b]) for b in bottoms),
        1.0 / float(np.mean(between_s)) if len(between_s) else None,
    )


def least_rate_hz(beat_hz: float | None) -> float:
    """Smallest frame rate [Hz] at which a heart of this rate [Hz] loses at most MOST_LOST of its stroke volume.

    The volume falls as half a cosine over the ejection time, 413 ms - 1.7 ms times the beats per minute (Weissler et
    al., Circulation 1968;37:149, men). The frames nearest to its ends may lie half a step beside them; together they
    then miss 1 - cos(pi step / (2 ejection time)) of the stroke. Without a heart rate: that of RESTING_HZ.
    """
    ejection_s = max(0.413 - 0.0017 * 60.0 * (beat_hz or RESTING_HZ), 0.1)
    return float(np.pi / (2.0 * ejection_s * np.arccos(1.0 - MOST_LOST)))


def rate_refusal(times_s: Array, beat_hz: float | None) -> str:
    """Why frames at times (N,) [s] are too few for the volumes of a heart of this rate [Hz]; empty: they are enough."""
    rate_hz, least_hz = 1.0 / float(np.median(np.diff(times_s))), least_rate_hz(beat_hz)
    if rate_hz >= least_hz:
        return ""
    heart = f"{60.0 * beat_hz:.0f} beats a minute need" if beat_hz is not None else "one beat needs"
    return f"{rate_hz:.1f} frames a second are too few: {heart} {least_hz:.1f}"


def _nearest(extremes: list[int], sound: NDArray[np.intp]) -> list[int]:
    """Of each extreme the nearest frame with a sound mask; none where none is near."""
    near = [int(sound[np.argmin(np.abs(sound - at))]) for at in extremes]
    return [frame for frame, at in zip(near, extremes, strict=True) if abs(frame - at) <= NEAREST_FRAMES]


def _without_outliers(values: Array, step_s: float) -> Array:
    """Values (N,) with those that stray from the running median of their neighbors put onto it (Hampel filter).

    With few frames per beat the beat itself strays from that median: what stays within a share of its swing is kept.
    """
    size = max(2 * round(0.1 / step_s / 2) + 1, 3)
    middle = median_filter(values, size=size, mode="nearest")
    off = np.abs(values - middle)
    limit = OUTLIER * max(1.4826 * float(np.median(off)), 0.02 * float(np.median(values)))
    if size in STRAYING:
        limit = max(limit, STRAYING[size] * float(np.percentile(values, 95) - np.percentile(values, 5)))
    return np.asarray(np.where(off > limit, middle, values))


def _smooth(values: Array, step_s: float) -> Array:
    window = 2 * round(SMOOTHING_S / step_s / 2) + 1
    return values if window < 5 else np.asarray(savgol_filter(values, min(window, len(values) // 2 * 2 - 1), 2))


def _beats(smooth: Array, gap: int, swing: float) -> list[_Beat]:
    """Maxima with the minima that follow; one at the very beginning only where there is no other."""
    padded = np.concatenate([[-np.inf], smooth, [-np.inf]])
    peaks = find_peaks(padded, distance=gap, prominence=0.4 * swing)[0] - 1
    found = []
    for i, top in enumerate(peaks):
        end = int(peaks[i + 1]) if i + 1 < len(peaks) else len(smooth)
        bottom = int(top + np.argmin(smooth[top:end]))
        closes = i + 1 < len(peaks) or bottom + 2 < len(smooth)
        if closes and smooth[top] - smooth[bottom] >= 0.5 * swing:
            found.append(_Beat(int(top), bottom))
    return [b for b in found if b.top > 1] or found


def _spread(top_sigma_m3: float, bottom_sigma_m3: float, top_m3: float, bottom_m3: float) -> float:
    """Sigma of 1 - bottom / top."""
    return float(np.hypot(bottom_sigma_m3, top_sigma_m3 * bottom_m3 / top_m3)) / top_m3

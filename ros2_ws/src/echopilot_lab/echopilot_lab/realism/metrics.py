"""Measures of the realism of a B-mode image, computed from the image and its geometry alone.

Images are first resampled along the beams: `polar` (S, B) float32 gray levels, samples down, beams across, so that
depth means distance from the face for every probe. Decibels are display decibels: gray times an assumed dynamic range.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from echopilot_core import ProbeGeometry, ProbeKind

Gray = NDArray[np.float32]
DISPLAY_DB = 60.0  # assumed dynamic range of every image, real or rendered: scanners do not store theirs
BLACK = 6
BEAMS, SAMPLES = 256, 512
_MARGIN = 0.02  # share of the fan left out at each side, where outlines and markers are drawn
_PATCH_M = 0.006
_MIN_GRAY, _MAX_GRAY = 16.0, 235.0
_NEAR_M = 0.015
_RING_NUMBER = 12


@dataclass(frozen=True)
class Polar:
    """An image along its beams: `gray` (S, B), sample spacing [m], and the beam spacing (S,) [m]."""

    gray: Gray
    step_m: float
    pitch_m: NDArray[np.float64]

    @property
    def depth_m(self) -> NDArray[np.float64]:
        """Distance (S,) of the samples from the face [m]."""
        return np.asarray((np.arange(self.gray.shape[0]) + 0.5) * self.step_m, np.float64)


def to_polar(image: NDArray[np.uint8], geometry: ProbeGeometry) -> Polar:
    """Resample an image (H, W) along the beams of its geometry; what the screen cuts off is NaN."""
    g = geometry
    step = g.depth_m / SAMPLES
    across = np.asarray(np.linspace(-0.5 + _MARGIN, 0.5 - _MARGIN, BEAMS), np.float64)
    depth = (np.arange(SAMPLES) + 0.5)[:, None] * step
    pitch: NDArray[np.float64]
    if g.kind == ProbeKind.LINEAR:
        x = np.asarray(np.tile(across * g.aperture_m, (SAMPLES, 1)), np.float64)
        y = np.asarray(np.tile(depth, (1, BEAMS)), np.float64)
        pitch = np.full(SAMPLES, g.aperture_m * float(across[1] - across[0]))
    else:
        angle = across * g.opening_angle_rad
        x = np.asarray((g.radius_m + depth) * np.sin(angle), np.float64)
        y = np.asarray((g.radius_m + depth) * np.cos(angle) - g.radius_m, np.float64)
        pitch = np.asarray((g.radius_m + depth[:, 0]) * g.opening_angle_rad * (across[1] - across[0]), np.float64)
    u = (g.origin_u_px + x / g.spacing_x_m).astype(np.float32)
    v = (g.origin_v_px + y / g.spacing_y_m).astype(np.float32)
    gray = cv2.remap(image.astype(np.float32), u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    outside = (u < -0.5) | (v < -0.5) | (u > image.shape[1] - 0.5) | (v > image.shape[0] - 0.5)
    gray[outside] = np.nan
    return Polar(np.asarray(gray, np.float32), step, pitch)


def in_fan(image: NDArray[np.uint8], geometry: ProbeGeometry) -> NDArray[np.bool_]:
    """Mask (H, W) of the field of view without its outline: text and rulers of the screen lie outside."""
    g = geometry
    v, u = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float64)
    x, y = (u - g.origin_u_px) * g.spacing_x_m, (v - g.origin_v_px) * g.spacing_y_m
    if g.kind == ProbeKind.LINEAR:
        return np.asarray((np.abs(x) < (0.5 - _MARGIN) * g.aperture_m) & (y > 0) & (y < g.depth_m))
    reach = np.hypot(x, y + g.radius_m) - g.radius_m
    side = np.abs(np.arctan2(x, y + g.radius_m)) < (0.5 - _MARGIN) * g.opening_angle_rad
    return np.asarray(side & (reach > 0) & (reach < 0.99 * g.depth_m))


def histogram_distance(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Earth mover's distance of two sets of gray levels, in gray levels (Rubner et al. 2000, IJCV 40:99)."""
    levels = np.arange(256)
    a, b = (np.bincount(v.ravel(), minlength=256).astype(np.float64) for v in (one, other))
    return float(wasserstein_distance(levels, levels, a, b))


@dataclass(frozen=True)
class Speckle:
    """First-order statistics of decompressed amplitude: mean over standard deviation and Nakagami m; patches used."""

    snr: float
    nakagami: float
    patches: int


def speckle_statistics(polar: Polar) -> Speckle:
    """Medians over homogeneous 6 mm patches (fully developed speckle: SNR 1.91, Wagner et al. 1983, m 1, Shankar 2000).

    A patch is homogeneous when its quarters differ little in mean; half of all patches, the most even ones, count.
    Smoothing and log compression of the scanner raise both numbers: they are compared, not taken as truth.
    """
    rows = [(evenness, _first_order(patch)) for evenness, patch, _ in _patches(polar)]
    if not rows:
        return Speckle(float("nan"), float("nan"), 0)
    rows.sort(key=lambda row: row[0])
    best = np.array([row[1] for row in rows[: max(len(rows) // 2, 1)]])
    return Speckle(float(np.median(best[:, 0])), float(np.median(best[:, 1])), len(best))


def _first_order(patch: Gray) -> tuple[float, float]:
    amplitude = 10.0 ** (patch.astype(np.float64) / 255.0 * DISPLAY_DB / 20.0)
    power = amplitude**2
    return float(amplitude.mean() / amplitude.std()), float(power.mean() ** 2 / power.var())


def _patches(polar: Polar) -> list[tuple[float, Gray, float]]:
    """Evenness, gray levels and depth [m] of all patches that are neither black, nor clipped, nor cut off."""
    found = []
    tall = max(8, round(_PATCH_M / polar.step_m))
    for top in range(round(_NEAR_M / polar.step_m), polar.gray.shape[0] - tall, tall):
        middle = top + tall // 2
        wide = max(6, round(_PATCH_M / float(polar.pitch_m[middle])))
        for left in range(0, polar.gray.shape[1] - wide, wide):
            patch = polar.gray[top : top + tall, left : left + wide]
            mean = float(patch.mean())
            if not _MIN_GRAY < mean < _MAX_GRAY or np.isnan(mean) or patch.min() < 1.0:
                continue
            h, w = tall // 2, wide // 2
            quarters = [patch[:h, :w].mean(), patch[:h, w:].mean(), patch[h:, :w].mean(), patch[h:, w:].mean()]
            found.append((float(np.ptp(quarters)) / mean, patch, float(polar.depth_m[middle])))
    return found


def speckle_size(polar: Polar, near_m: float, far_m: float) -> tuple[float, float]:
    """Axial and lateral speckle size [mm] between two depths: FWHM of the autocovariance of gray levels.

    Medians over the more even half of the patches, after Wagner et al. 1983 (IEEE Trans. Son. Ultrason. 30:156),
    taken on the displayed image. NaN where no patch is bright enough.
    """
    rows = []
    for evenness, patch, depth in _patches(polar):
        if near_m <= depth < far_m:
            row = min(int(depth / polar.step_m), polar.pitch_m.size - 1)
            down, across = _fwhm(patch.T) * polar.step_m, _fwhm(patch) * float(polar.pitch_m[row])
            rows.append((evenness, 1e3 * down, 1e3 * across))
    if len(rows) < 3:
        return float("nan"), float("nan")
    rows.sort()
    best = np.array([row for row in rows[: max(len(rows) // 2, 1)] if np.isfinite(row).all()])
    if best.size == 0:
        return float("nan"), float("nan")
    return float(np.median(best[:, 1])), float(np.median(best[:, 2]))


def _fwhm(lines: Gray) -> float:
    """Full width at half height of the autocovariance along the rows, in samples."""
    centered = lines.astype(np.float64) - lines.mean()
    reach = lines.shape[1] // 2
    full = lines.shape[1]
    covariance = np.array([(centered[:, : full - k] * centered[:, k:]).mean() for k in range(reach)])
    below = np.flatnonzero(covariance < 0.5 * covariance[0])
    if below.size == 0 or covariance[0] <= 0:
        return float("nan")
    k = int(below[0])
    return float(2.0 * (k - 1 + (covariance[k - 1] - 0.5 * covariance[0]) / (covariance[k - 1] - covariance[k])))


def depth_profile(polar: Polar, share: float = 0.5) -> NDArray[np.float64]:
    """Median gray (S,) over the middle `share` of the beams."""
    beams = polar.gray.shape[1]
    cut = round(beams * (1.0 - share) / 2.0)
    return np.asarray(np.nanmedian(polar.gray[:, cut : beams - cut], axis=1), np.float64)


def attenuation_slope(polar: Polar) -> float:
    """Slope [dB/cm] of the 75th gray percentile over depth, from 2 cm to 85 % of the depth.

    The percentile follows tissue past chambers and vessels; display decibels after the scanner's own time gain.
    """
    start, stop = round(0.02 / polar.step_m), round(0.85 * polar.gray.shape[0])
    beams = polar.gray.shape[1]
    middle = polar.gray[start:stop, beams // 4 : 3 * beams // 4]
    level = np.nanpercentile(middle, 75.0, axis=1) * DISPLAY_DB / 255.0
    return float(np.polyfit(100.0 * polar.depth_m[start:stop], level, 1)[0])


def side_loss(polar: Polar) -> float:
    """How much darker [dB] the outer sixths of the beams are than the middle third, by the 75th percentile."""
    beams = polar.gray.shape[1]
    sides = np.hstack([polar.gray[:, : beams // 6], polar.gray[:, -(beams // 6) :]])
    middle = polar.gray[:, beams // 3 : -(beams // 3)]
    return float((np.nanpercentile(middle, 75.0) - np.nanpercentile(sides, 75.0)) * DISPLAY_DB / 255.0)


def shadow_depth(polar: Polar) -> float:
    """How far [dB] the darkest twentieth of the beams lies below the median beam, from 30 to 80 % of the depth."""
    samples = polar.gray.shape[0]
    level = np.nanmean(polar.gray[round(0.3 * samples) : round(0.8 * samples)], axis=0) * DISPLAY_DB / 255.0
    return float(np.median(level) - np.percentile(level, 5.0))


def black_share(levels: NDArray[np.uint8]) -> float:
    """Share of the field of view that is as good as black."""
    return float((levels <= BLACK).mean())


@dataclass(frozen=True)
class CavityContrast:
    """LV cavity (eroded by 3 mm) against the ring 2 to 9 mm outside: mean grays, and their difference [dB]."""

    cavity: float
    wall: float
    contrast_db: float
    wall_spread: float  # standard deviation of the wall's gray over 5 mm blocks: drop-out and bright spots


def cavity_contrast(image: NDArray[np.uint8], cavity: NDArray[np.bool_], spacing_m: float) -> CavityContrast:
    """Contrast of blood and muscle around the outline of the LV cavity (H, W)."""
    inside = cv2.distanceTransform(cavity.astype(np.uint8), cv2.DIST_L2, 5) * spacing_m
    outside = cv2.distanceTransform((~cavity).astype(np.uint8), cv2.DIST_L2, 5) * spacing_m
    inner = inside > 0.003
    ring = (outside > 0.002) & (outside < 0.009)
    smooth = cv2.blur(image.astype(np.float32), (max(3, round(0.005 / spacing_m)),) * 2)
    blood, wall = float(image[inner].mean()), float(image[ring].mean())
    return CavityContrast(blood, wall, (wall - blood) * DISPLAY_DB / 255.0, float(smooth[ring].std()))


def ring_down_m(polar: Polar) -> float:
    """Depth [m] from which the median gray stays below 12 before the far noise: end of the near-field ring-down."""
    profile = depth_profile(polar)
    lit = np.flatnonzero(profile[: round(0.45 * profile.size)] > _RING_NUMBER)
    return float(polar.depth_m[lit[-1]]) if lit.size else 0.0


def far_noise(polar: Polar) -> float:
    """Median gray of the deepest fifth: noise that time gain lifts."""
    return float(np.median(depth_profile(polar)[round(0.8 * polar.gray.shape[0]) :]))

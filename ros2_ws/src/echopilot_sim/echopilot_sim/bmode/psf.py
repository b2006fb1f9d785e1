"""Point spread of the scanner: depth-dependent lateral and fixed axial Gaussians on complex samples.

Separable convolution after COLE (Gao et al. 2009, IEEE Trans. UFFC 56:404). Kernels have unit energy, so that speckle
power does not depend on their width.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core.kernels.compiled import njit, njit_or
from echopilot_sim.bmode.grid import BeamGrid
from echopilot_sim.bmode.numpy_backend import psf as numpy_psf
from echopilot_sim.bmode.probes import SPEED_OF_SOUND_M_S
from echopilot_sim.bmode.sound.scatter import voxel_m

_FWHM_PER_SIGMA = 2.3548
_BANDWIDTH = 0.6
_DEFOCUS_M = 0.070
_MAX_HALF = 28
_BLUR_PER_FAT_M = 14.0


@dataclass(frozen=True)
class PointSpread:
    """`lateral` (S, taps) one-sided kernels ending in zeros, `half` (S,) taps in use, `axial` (taps,), `gain` (S,).

    `gain` undoes the coherent sum of neighboring samples that fall into one scatterer voxel.
    """

    lateral: NDArray[np.float32]
    half: NDArray[np.int64]
    axial: NDArray[np.float32]
    gain: NDArray[np.float32]


def lateral_fwhm_m(grid: BeamGrid, focus_m: float) -> NDArray[np.float64]:
    """Width (S,) of a beam [m]: wavelength * depth / aperture, with a least width, wider out of focus."""
    wavelength = grid.preset.wavelength_m
    ranges = grid.range_m.astype(np.float64)
    aperture = grid.steering.aperture * grid.preset.aperture_m
    focused = wavelength * np.maximum(ranges / aperture, grid.preset.least_width)
    return np.asarray(focused * np.sqrt(1.0 + 0.5 * ((ranges - focus_m) / _DEFOCUS_M) ** 2))


def aberration(fat_m: float) -> float:
    """How much wider a beam gets behind fat of this thickness, in steps of 2 %.

    Uneven delays in the body wall defocus beams, more so through thick walls with much fat (Hinkelman et al. 1998,
    J. Acoust. Soc. Am. 104:3635); by how much is set by eye.
    """
    return 1.0 + 0.02 * round(_BLUR_PER_FAT_M * fat_m / 0.02)


def point_spread(grid: BeamGrid, focus_m: float, scale: float = 1.0, blur: float = 1.0) -> PointSpread:
    """Kernels for a grid; `scale` widens both directions, `blur` the lateral one on top of it."""
    samples, _ = grid.shape
    voxel, _ = voxel_m(grid.preset)
    sigma = _less_voxel(scale * blur * lateral_fwhm_m(grid, focus_m) / _FWHM_PER_SIGMA, voxel) / grid.pitch_m
    half = np.clip(np.ceil(2.6 * sigma), 1, _MAX_HALF).astype(np.int64)
    taps = np.arange(_MAX_HALF + 2)  # one more than in use: they are applied in pairs
    lateral = np.exp(-0.5 * (taps[None, :] / sigma[:, None]) ** 2)
    lateral[taps[None, :] > half[:, None]] = 0.0
    energy = lateral[:, 0] ** 2 + 2.0 * (lateral[:, 1:] ** 2).sum(axis=1)
    lateral /= np.sqrt(energy)[:, None]

    axial_fwhm = scale * SPEED_OF_SOUND_M_S / (2.0 * _BANDWIDTH * grid.preset.frequency_hz)
    axial_sigma = float(_less_voxel(np.array(axial_fwhm / _FWHM_PER_SIGMA), voxel)) / grid.step_m
    reach = max(1, int(np.ceil(2.6 * axial_sigma)))
    axial = np.exp(-0.5 * (np.arange(-reach, reach + 1) / axial_sigma) ** 2)
    axial /= np.sqrt((axial**2).sum())

    shared_axial = _shared_power(axial, grid.step_m, voxel)
    gain = np.empty(samples)
    for s in range(samples):
        kernel = np.concatenate([lateral[s, half[s] : 0 : -1], lateral[s, : half[s] + 1]])
        gain[s] = 1.0 / np.sqrt(_shared_power(kernel, float(grid.pitch_m[s]), voxel) * shared_axial)
    return PointSpread(lateral.astype(np.float32), half, axial.astype(np.float32), gain.astype(np.float32))


def _less_voxel(sigma_m: NDArray[np.float64], voxel_m: float) -> NDArray[np.float64]:
    """Standard deviation of the kernel that makes speckle `sigma_m` wide out of voxels of constant echo.

    Half of the variance of a voxel is what fits the speckle of a uniform phantom.
    """
    return np.sqrt(np.maximum(sigma_m**2 - voxel_m**2 / 24.0, (0.5 * sigma_m) ** 2))


def _shared_power(kernel: NDArray[np.float64], pitch_m: float, voxel_m: float) -> float:
    """Power of a unit-energy kernel over samples that share nearest voxels (triangular correlation in distance)."""
    own = np.correlate(kernel, kernel, mode="full")
    lag = np.abs(np.arange(own.size) - kernel.size + 1) * pitch_m
    return float((own * np.maximum(0.0, 1.0 - lag / voxel_m)).sum())


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _lateral_row(row, pad, weights, taps, gain, target):  # type: ignore[no-untyped-def]
    """Symmetric convolution of `row` (B + 2 pad,) with `taps` one-sided weights, two at a time, into `target` (B,)."""
    beams = target.size
    center = row[pad : pad + beams]
    w = weights[0] * gain
    for b in range(beams):
        target[b] = w * center[b]
    for k in range(1, taps + 1, 2):
        w, v = weights[k] * gain, weights[k + 1] * gain
        left, right = row[pad - k : pad - k + beams], row[pad + k : pad + k + beams]
        far_left, far_right = row[pad - k - 1 : pad - k - 1 + beams], row[pad + k + 1 : pad + k + 1 + beams]
        for b in range(beams):
            target[b] += w * (left[b] + right[b]) + v * (far_left[b] + far_right[b])


@njit_or(numpy_psf.spread_power, cache=True, nogil=True, fastmath=True, error_model="numpy")
def spread_power(echo, lateral, half, axial, gain, work, power):  # type: ignore[no-untyped-def]
    """Convolve `echo` (2, S, B) float32 and write |.|^2 to `power` (S, B); `work` (2, S, B) is scratch.

    Beyond the edges there is silence.
    """
    samples, beams = power.shape
    reach = axial.size // 2
    pad = lateral.shape[1]
    row = np.zeros(beams + 2 * pad, np.float32)
    for part in range(2):
        for s in range(samples):
            row[pad : pad + beams] = echo[part, s]
            _lateral_row(row, pad, lateral[s], half[s], gain[s], work[part, s])
    total = np.empty(beams, np.float32)
    for s in range(samples):
        out = power[s]
        out[:] = np.float32(0.0)
        for part in range(2):
            w, center = axial[reach], work[part, s]
            for b in range(beams):
                total[b] = w * center[b]
            for k in range(1, reach + 1):
                w = axial[reach + k]
                above = work[part, max(s - k, 0)]
                below = work[part, min(s + k, samples - 1)]
                u = w if s >= k else np.float32(0.0)
                v = w if s + k < samples else np.float32(0.0)
                for b in range(beams):
                    total[b] += u * above[b] + v * below[b]
            for b in range(beams):
                out[b] += total[b] * total[b]

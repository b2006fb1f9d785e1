"""Scatterers of tissue: a periodic complex Gaussian tile fixed in tissue, and slow brightness variation."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from echopilot_core import se3
from echopilot_sim.bmode.probes import ProbePreset

TILE_N = 128
_IN_PLANE_M = 0.4e-3  # size of a tile voxel for the probe that the tile is made for, in the image plane
_ACROSS_M = 0.5e-3  # and across it
TEXTURE_N = 128
TEXTURE_VOXEL_M = 1.6e-3
_TILE_UNIT = 32.0  # int8 counts per standard deviation of each part
_SLICE_BLUR_M = 2.3e-3  # along the slice direction: correlation about one half at 2 mm
_ANCHORS = 512


@dataclass(frozen=True)
class Scatterers:
    """`tile` (n, n, n, 2) int8, real and imaginary; the first axis is blurred and follows the slice direction, so that
    what one image needs lies close together in memory.

    `texture` (n, n, n) uint8 holds standard normals coded as 128 + 40 n.
    """

    tile: NDArray[np.int8]
    texture: NDArray[np.uint8]


@lru_cache(maxsize=4)
def scatterers(seed: int) -> Scatterers:
    """Draw the scatterers of one patient; a pure function of the seed."""
    rng = np.random.default_rng((seed, 0x5CA7))
    tile = rng.standard_normal((TILE_N, TILE_N, TILE_N, 2), dtype=np.float32)
    tile = gaussian_filter1d(tile, _SLICE_BLUR_M / _ACROSS_M, axis=0, mode="wrap")
    tile /= tile.std()
    slow = np.zeros((TEXTURE_N,) * 3, np.float32)
    for sigma_voxels, weight in ((1.6, 0.6), (5.0, 0.8)):
        slow += weight * _smooth_noise(rng, TEXTURE_N, sigma_voxels)
    return Scatterers(
        tile=np.clip(np.rint(tile * _TILE_UNIT), -127, 127).astype(np.int8),
        texture=np.clip(np.rint(128.0 + 40.0 * slow), 0, 255).astype(np.uint8),
    )


_TILE_FREQUENCY_HZ = 2.5e6
_TILE_SLICE_M = 4e-3


def voxel_m(preset: ProbePreset) -> tuple[float, float]:
    """Size of a tile voxel in the image plane and across it [m]: finer for higher frequency and for thinner slices.

    The tile is made for 2.5 MHz and a slice of 4 mm. A tissue has no fixed scatterers per voxel: what matters is that
    many fall into one resolution cell (fully developed speckle).
    """
    return _IN_PLANE_M * _TILE_FREQUENCY_HZ / preset.frequency_hz, _ACROSS_M * preset.slice_m / _TILE_SLICE_M


TILE_SCALE = 1.0 / (_TILE_UNIT * np.sqrt(2.0))
"""Turns tile counts into a complex number of unit mean power."""


def _smooth_noise(rng: np.random.Generator, n: int, sigma_voxels: float) -> NDArray[np.float32]:
    noise = rng.standard_normal((n, n, n), dtype=np.float32)
    for axis in range(3):
        noise = gaussian_filter1d(noise, sigma_voxels, axis=axis, mode="wrap")
    return np.asarray(noise / noise.std(), np.float32)


@lru_cache(maxsize=1)
def _anchor_rotations() -> NDArray[np.float64]:
    """Rotations (A, 3, 3) whose last rows are directions spread evenly over the half sphere (Fibonacci lattice)."""
    k = np.arange(_ANCHORS) + 0.5
    z = k / _ANCHORS
    azimuth = k * np.pi * (3.0 - np.sqrt(5.0))
    radius = np.sqrt(1.0 - z * z)
    axes = np.column_stack([radius * np.cos(azimuth), radius * np.sin(azimuth), z])
    frames = []
    for axis in axes:
        hint = np.eye(3)[int(np.argmin(np.abs(axis)))]
        frames.append(se3.look_along(axis, hint + 0.37 * np.roll(hint, 1)).T)
    return np.array(frames)


def tile_rotation(slice_axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation (3, 3) from tissue to tile whose blurred axis is the anchor nearest to the probe's slice direction.

    Anchors are fixed, so the same pose always gives the same speckle; it only changes when the probe has turned far
    (about 4 degrees from its anchor), where real speckle has decorrelated too.
    """
    anchors = _anchor_rotations()
    return np.asarray(anchors[int(np.argmax(np.abs(anchors[:, 2, :] @ slice_axis)))])

"""Spatial compounding: the same tissue from several directions, averaged after log compression.

Convex and linear probes tilt all beams; a phased probe, whose beams already fan out from one place, divides its
aperture (Trahey et al. 1986, IEEE Trans. UFFC 33:257). Speckle differs between looks because echoes from beside the
center of a resolution cell arrive with another phase; shadows differ because the beams pass other tissue.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import ProbeKind
from echopilot_core.kernels.compiled import njit_or
from echopilot_sim.bmode.grid import STRAIGHT, BeamGrid, Steering, sample_indices
from echopilot_sim.bmode.numpy_backend import compounding as numpy_compounding
from echopilot_sim.bmode.probes import ProbePreset

_TILT_RAD = math.radians(10.0)
_PART = 0.5  # of the aperture of a phased probe serves one steering
_FADE_BEAMS = 8  # looks fade in over this many beams from their edge


def steerings(preset: ProbePreset, count: int) -> tuple[Steering, ...]:
    """The steerings of a frame compounded from `count` images; a single one steers straight ahead."""
    if count <= 1:
        return (STRAIGHT,)
    steps = [2.0 * k / (count - 1) - 1.0 for k in range(count)]
    if preset.kind == ProbeKind.PHASED:
        reach = 0.5 * (1.0 - _PART) * preset.aperture_m
        return tuple(Steering(0.0, step * reach, _PART) for step in steps)
    return tuple(Steering(step * _TILT_RAD) for step in steps)


@dataclass(frozen=True)
class SteeringMap:
    """Fixed-point maps for cv2.remap from a steering's samples to those of the plain grid, and its weight (S, B)."""

    map_1: NDArray[np.int16]
    map_2: NDArray[np.uint16]
    weight: NDArray[np.float32]


def steering_map(plain: BeamGrid, grid: BeamGrid) -> SteeringMap:
    """Where the samples of the plain grid lie in a steering; the weight falls to zero where it ends."""
    beam, sample, inside = sample_indices(grid, plain.x_m.astype(np.float64), plain.z_m.astype(np.float64))
    edge = np.minimum(beam, grid.shape[1] - 1 - beam) / _FADE_BEAMS
    weight = np.where(inside, np.clip(edge, 1e-3, 1.0), 0.0).astype(np.float32)
    map_1, map_2 = cv2.convertMaps(beam, sample, cv2.CV_16SC2)
    return SteeringMap(map_1, map_2, weight)


def steering_phase(grid: BeamGrid) -> NDArray[np.float32]:
    """Cosine and sine (2, S, B) of the two-way phase of a steering's samples relative to the straight one.

    The phase is 2 k times the difference between the paths from the face along either steering to the same place.
    """
    preset = grid.preset
    x, z = grid.x_m.astype(np.float64), grid.z_m.astype(np.float64)
    straight = z if preset.kind == ProbeKind.LINEAR else np.hypot(x, z + preset.radius_m) - preset.radius_m
    phase = 4.0 * math.pi / preset.wavelength_m * (grid.range_m.astype(np.float64)[:, None] - straight)
    return np.stack([np.cos(phase), np.sin(phase)]).astype(np.float32)


@njit_or(numpy_compounding.turn_phase, cache=True, nogil=True, fastmath=True, error_model="numpy")
def turn_phase(echo, phase):  # type: ignore[no-untyped-def]
    """In place: multiply complex echoes (2, S, B) by a phase (2, S, B)."""
    for s in range(echo.shape[1]):
        re, im, cosine, sine = echo[0, s], echo[1, s], phase[0, s], phase[1, s]
        for b in range(re.size):
            turned = re[b] * cosine[b] - im[b] * sine[b]
            im[b] = re[b] * sine[b] + im[b] * cosine[b]
            re[b] = turned


def average(levels: list[NDArray[np.float32]], maps: list[SteeringMap | None]) -> NDArray[np.float32]:
    """Weighted mean (S, B) of the compressed images of all looks on the plain grid."""
    total, weights = np.zeros_like(levels[0]), np.full_like(levels[0], 1e-6)
    for level, place in zip(levels, maps, strict=True):
        if place is None:
            total += level
            weights += 1.0
        else:
            total += place.weight * cv2.remap(level, place.map_1, place.map_2, cv2.INTER_LINEAR)
            weights += place.weight
    return np.asarray(total / weights, np.float32)

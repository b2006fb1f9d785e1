"""Beam grid: places of beams and samples in `probe`, and the map from pixels to them."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import ProbeGeometry, ProbeKind, SectorBox
from echopilot_sim.bmode.probes import ProbePreset

_MARGIN_PX = 4
_SLICE_SHARE = 0.35  # of the slice FWHM: how far every third beam looks to either side of the image plane


@dataclass(frozen=True)
class Steering:
    """Beam steering of one of the images that are averaged into a compounded frame; the default steers straight ahead.

    Beams are tilted by `tilt_rad`, or transmitted by the part `aperture` of the array that is centered at `shift_m`.
    """

    tilt_rad: float = 0.0
    shift_m: float = 0.0
    aperture: float = 1.0


STRAIGHT = Steering()


@dataclass(frozen=True)
class BeamGrid:
    """Samples (S, B): beam b passes `x_m[s, b], lift_m[s, b], z_m[s, b]` in `probe`, s counts along the beam.

    `range_m` (S,) is the distance from the face, `pitch_m` (S,) the distance between neighboring beams there,
    `face_x_m` (B,) the place on the face whose elements serve the beam. Of three neighboring beams one looks in the
    image plane and one to either side of it: the lateral point spread averages them over the thickness of the slice.
    """

    preset: ProbePreset
    steering: Steering
    depth_m: float
    x_m: NDArray[np.float32]
    lift_m: NDArray[np.float32]
    z_m: NDArray[np.float32]
    range_m: NDArray[np.float32]
    pitch_m: NDArray[np.float32]
    face_x_m: NDArray[np.float64]

    @property
    def step_m(self) -> float:
        """Sample spacing along a beam [m]."""
        return float(self.range_m[1] - self.range_m[0])

    @property
    def directions(self) -> NDArray[np.float64]:
        """Unit directions (B, 3) of the beams in `probe`."""
        run = np.zeros((self.shape[1], 3))
        run[:, 0] = self.x_m[-1] - self.x_m[0]
        run[:, 2] = self.z_m[-1] - self.z_m[0]
        return np.asarray(run / np.linalg.norm(run, axis=1, keepdims=True))

    @property
    def shape(self) -> tuple[int, int]:
        """(samples, beams)."""
        return int(self.x_m.shape[0]), int(self.x_m.shape[1])


def beam_grid(preset: ProbePreset, depth_m: float, beams: int, samples: int, steering: Steering = STRAIGHT) -> BeamGrid:
    """Lay out the beams; a phased fan has its apex at the face center, a convex one at the center of its radius."""
    ranges = np.asarray((np.arange(samples) + 0.5) * (depth_m / samples), np.float64)
    across = np.asarray(np.linspace(-0.5, 0.5, beams), np.float64)
    tilt = steering.tilt_rad
    if preset.kind == ProbeKind.LINEAR:
        x = across * preset.aperture_m + ranges[:, None] * math.sin(tilt)
        z = np.broadcast_to(ranges[:, None] * math.cos(tilt), (samples, beams))
        pitch = np.full(samples, preset.aperture_m / (beams - 1) * math.cos(tilt))
    else:
        angle = across * preset.opening_rad
        x = steering.shift_m + preset.radius_m * np.sin(angle) + ranges[:, None] * np.sin(angle + tilt)
        z = preset.radius_m * (np.cos(angle) - 1.0) + ranges[:, None] * np.cos(angle + tilt)
        pitch = (preset.radius_m * math.cos(tilt) + ranges) * preset.opening_rad / (beams - 1)
    lift = _SLICE_SHARE * preset.slice_fwhm_m(ranges)[:, None] * (np.arange(beams) % 3 - 1.0)
    return BeamGrid(
        preset=preset,
        steering=steering,
        depth_m=depth_m,
        x_m=np.ascontiguousarray(x, np.float32),
        lift_m=lift.astype(np.float32),
        z_m=np.ascontiguousarray(z, np.float32),
        range_m=ranges.astype(np.float32),
        pitch_m=pitch.astype(np.float32),
        face_x_m=steering.shift_m + steering.aperture * across * preset.aperture_m,
    )


@dataclass(frozen=True)
class PixelMap:
    """Fixed-point maps for cv2.remap from samples (S, B) to a image (H, W), and that image's `inside` mask."""

    map_1: NDArray[np.int16]
    map_2: NDArray[np.uint16]
    inside: NDArray[np.uint8]

    def image(self, samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Scan-convert (S, B) to (H, W); exactly zero outside the field of view."""
        image = cv2.remap(samples, self.map_1, self.map_2, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.bitwise_and(image, self.inside), np.uint8)


def sample_indices(
    grid: BeamGrid, x_m: NDArray[np.float64], y_m: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Fractional (beam, sample) of points in us_image [m], and whether they lie in the field of view."""
    samples, beams = grid.shape
    preset, tilt = grid.preset, grid.steering.tilt_rad
    if preset.kind == ProbeKind.LINEAR:
        across = (x_m - y_m * math.tan(tilt)) / preset.aperture_m
        distance = y_m / math.cos(tilt)
    else:
        x, y, radius = x_m - grid.steering.shift_m, y_m + preset.radius_m, preset.radius_m
        beside = radius * math.sin(tilt)
        along = np.sqrt(np.maximum(x * x + y * y - beside * beside, 0.0))  # from the foot of the center on the beam
        distance = along - radius * math.cos(tilt)
        across = (np.arctan2(x, y) - tilt + np.arctan2(beside, along)) / preset.opening_rad
    beam = (across + 0.5) * (beams - 1)
    sample = distance / grid.step_m - 0.5
    inside = (np.abs(across) <= 0.5) & (distance >= 0.0) & (distance <= grid.depth_m)
    return (
        np.clip(beam, 0, beams - 1).astype(np.float32),
        np.clip(sample, 0, samples - 1).astype(np.float32),
        inside,
    )


def pixel_map(grid: BeamGrid, width_px: int) -> tuple[PixelMap, ProbeGeometry, SectorBox]:
    """Maps, geometry and sector box of a image `width_px` wide with isotropic pixels and a margin of 4 px."""
    preset = grid.preset
    half_m = float(np.abs(grid.x_m).max())
    spacing = 2.0 * half_m / (width_px - 2 * _MARGIN_PX - 1)
    top_m = min(float(grid.z_m.min()), 0.0)
    bottom_m = float(grid.z_m.max())
    height_px = math.ceil((bottom_m - top_m) / spacing) + 2 * _MARGIN_PX + 1
    origin_u = (width_px - 1) / 2.0
    origin_v = _MARGIN_PX - top_m / spacing
    u, v = np.meshgrid(np.arange(width_px, dtype=np.float64), np.arange(height_px, dtype=np.float64))
    beam, sample, inside = sample_indices(grid, (u - origin_u) * spacing, (v - origin_v) * spacing)
    map_1, map_2 = cv2.convertMaps(beam, sample, cv2.CV_16SC2)
    geometry = ProbeGeometry(
        kind=preset.kind,
        radius_m=preset.radius_m,
        opening_angle_rad=preset.opening_rad,
        aperture_m=preset.aperture_m,
        depth_m=grid.depth_m,
        spacing_x_m=spacing,
        spacing_y_m=spacing,
        origin_u_px=origin_u,
        origin_v_px=origin_v,
        frequency_hz=preset.frequency_hz,
    )
    rows = np.flatnonzero(inside.any(axis=1))
    columns = np.flatnonzero(inside.any(axis=0))
    box = SectorBox(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return PixelMap(map_1, map_2, np.where(inside, 255, 0).astype(np.uint8)), geometry, box

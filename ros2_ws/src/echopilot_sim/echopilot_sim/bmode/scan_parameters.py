"""Cached arrays of the renderer that depend on scanner settings and appearance only."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, ProbeGeometry, ScannerSettings, SectorBox
from echopilot_sim.bmode import display, psf
from echopilot_sim.bmode.appearance import Appearance
from echopilot_sim.bmode.compounding import SteeringMap, steering_map, steering_phase
from echopilot_sim.bmode.grid import STRAIGHT, BeamGrid, PixelMap, Steering, beam_grid, pixel_map
from echopilot_sim.bmode.probes import preset
from echopilot_sim.bmode.sound.near_field import NearField, near_field
from echopilot_sim.bmode.sound.sampling import asked_rows

Quality = Literal["full", "fast"]
_PENUMBRA = 0.03


@dataclass(frozen=True)
class ImageSize:
    """Beams, samples along each, and width of the image."""

    beams: int
    samples: int
    width_px: int


SIZES: dict[str, ImageSize] = {"full": ImageSize(192, 512, 512), "fast": ImageSize(128, 384, 288)}


@dataclass(frozen=True)
class ImageLayout:
    """The plain beam grid, and how it becomes a image."""

    grid: BeamGrid
    pixels: PixelMap
    geometry: ProbeGeometry
    sector: SectorBox


@dataclass(frozen=True)
class ScanSetup:
    """Arrays for one steering; `asked` are the rows of `sampling.asked_rows`.

    `noise` (2, S, B) is unit white complex noise, `speckle_power` (S, B) has mean 1; `map` leads from this steering
    to the plain grid, and `phase` (2, S, B) is its cosine and sine relative to it; both None for the plain beams.
    """

    grid: BeamGrid
    asked: NDArray[np.int64]
    spread: psf.PointSpread
    time_gain: NDArray[np.float32]
    noise: NDArray[np.float32]
    speckle_power: NDArray[np.float32]
    near: NearField
    penumbra: float
    map: SteeringMap | None
    phase: NDArray[np.float32] | None


@lru_cache(maxsize=16)
def image_layout(name: str, depth_m: float, quality: Quality) -> ImageLayout:
    """Layout of the image of a preset and depth. Raises EchoPilotError for an impossible depth."""
    if not (np.isfinite(depth_m) and 0.02 <= depth_m <= 0.30):
        raise EchoPilotError(f"imaging depth {depth_m} m is outside 0.02 to 0.30 m")
    size = SIZES[quality]
    grid = beam_grid(preset(name), depth_m, size.beams, size.samples)
    return ImageLayout(grid, *pixel_map(grid, size.width_px))


def scan_setup(
    settings: ScannerSettings, quality: Quality, appearance: Appearance, seed: int, steering: Steering = STRAIGHT
) -> ScanSetup:
    """Arrays for one steering of a patient's image, from the cache when its settings were used before."""
    s = settings
    return _scan(s.preset, s.depth_m, s.focus_m, tuple(s.tgc_db), quality, appearance, seed, steering)


@lru_cache(maxsize=64)
def blurred_spread(
    name: str, depth_m: float, focus_m: float, quality: Quality, scale: float, steering: Steering, blur: float = 1.0
) -> psf.PointSpread:
    """Point spread of a look, widened as in `psf.point_spread`."""
    plain = image_layout(name, depth_m, quality).grid
    samples, beams = plain.shape
    return psf.point_spread(beam_grid(plain.preset, depth_m, beams, samples, steering), focus_m, scale, blur)


@lru_cache(maxsize=32)
def _scan(
    name: str,
    depth_m: float,
    focus_m: float,
    tgc_db: tuple[float, ...],
    quality: Quality,
    appearance: Appearance,
    seed: int,
    steering: Steering,
) -> ScanSetup:
    plain = image_layout(name, depth_m, quality).grid
    samples, beams = plain.shape
    grid = plain if steering == STRAIGHT else beam_grid(plain.preset, depth_m, beams, samples, steering)
    spread = blurred_spread(name, depth_m, focus_m, quality, appearance.speckle_scale, steering)
    rng = np.random.default_rng((seed, 0x0015E, round(1e6 * (steering.tilt_rad + steering.shift_m)) & 0xFFFFFFFF))
    noise = rng.standard_normal((2, *grid.shape), dtype=np.float32) * np.float32(np.sqrt(0.5))
    speckle_power = np.empty(grid.shape, np.float32)
    flat = np.ones_like(spread.gain)
    psf.spread_power(noise, spread.lateral, spread.half, spread.axial, flat, np.empty_like(noise), speckle_power)
    return ScanSetup(
        grid=grid,
        asked=asked_rows(grid),
        spread=spread,
        time_gain=display.time_gain(grid, appearance, tgc_db),
        noise=noise,
        speckle_power=speckle_power / speckle_power.mean(),
        near=near_field(grid, appearance),
        penumbra=_PENUMBRA * (beams / 192.0) ** 2 * 512.0 / samples,
        map=None if steering == STRAIGHT else steering_map(plain, grid),
        phase=None if steering == STRAIGHT else steering_phase(grid),
    )

"""What of a picture depends on scanner settings and appearance only, worked out once and kept."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, ProbeGeometry, SectorBox
from echopilot_sim.bmode import display, psf
from echopilot_sim.bmode.appearance import Appearance
from echopilot_sim.bmode.compounding import LookMap, look_map, look_phase
from echopilot_sim.bmode.grid import STRAIGHT, BeamGrid, Look, PixelMap, beam_grid, pixel_map
from echopilot_sim.bmode.near_field import NearField, near_field
from echopilot_sim.bmode.probes import preset
from echopilot_sim.bmode.sampling import asked_rows
from echopilot_sim.moment import ImagingSettings

Quality = Literal["full", "fast"]
_PENUMBRA = 0.03


@dataclass(frozen=True)
class Size:
    """Beams, samples along each, and width of the picture."""

    beams: int
    samples: int
    width_px: int


SIZES: dict[str, Size] = {"full": Size(192, 512, 512), "fast": Size(128, 384, 288)}


@dataclass(frozen=True)
class Screen:
    """The plain beam grid, and how it becomes a picture."""

    grid: BeamGrid
    pixels: PixelMap
    geometry: ProbeGeometry
    sector: SectorBox


@dataclass(frozen=True)
class Scan:
    """What one look needs; `asked` are the rows of `sampling.asked_rows`.

    `noise` (2, S, B) is unit white complex noise, `chaff` (S, B) unit-mean speckle power; `map` leads from this look to
    the plain grid and `phase` (2, S, B) is its cosine and sine relative to the plain look, None for the plain look.
    """

    grid: BeamGrid
    asked: NDArray[np.int64]
    spread: psf.PointSpread
    time_gain: NDArray[np.float32]
    noise: NDArray[np.float32]
    chaff: NDArray[np.float32]
    near: NearField
    penumbra: float
    map: LookMap | None
    phase: NDArray[np.float32] | None


@lru_cache(maxsize=16)
def screen(name: str, depth_m: float, quality: Quality) -> Screen:
    """Layout of the picture of a preset and depth. Raises EchoPilotError for an impossible depth."""
    if not (np.isfinite(depth_m) and 0.02 <= depth_m <= 0.30):
        raise EchoPilotError(f"imaging depth {depth_m} m is outside 0.02 to 0.30 m")
    size = SIZES[quality]
    grid = beam_grid(preset(name), depth_m, size.beams, size.samples)
    return Screen(grid, *pixel_map(grid, size.width_px))


def scan(settings: ImagingSettings, quality: Quality, appearance: Appearance, seed: int, look: Look = STRAIGHT) -> Scan:
    """What a look of a patient's picture needs, from the cache when its settings were used before."""
    s = settings
    return _scan(s.preset, s.depth_m, s.focus_m, tuple(s.tgc_db), quality, appearance, seed, look)


@lru_cache(maxsize=64)
def blurred_spread(
    name: str, depth_m: float, focus_m: float, quality: Quality, scale: float, look: Look, blur: float = 1.0
) -> psf.PointSpread:
    """Point spread of a look, widened as in `psf.point_spread`."""
    plain = screen(name, depth_m, quality).grid
    samples, beams = plain.shape
    return psf.point_spread(beam_grid(plain.preset, depth_m, beams, samples, look), focus_m, scale, blur)


@lru_cache(maxsize=32)
def _scan(
    name: str,
    depth_m: float,
    focus_m: float,
    tgc_db: tuple[float, ...],
    quality: Quality,
    appearance: Appearance,
    seed: int,
    look: Look,
) -> Scan:
    plain = screen(name, depth_m, quality).grid
    samples, beams = plain.shape
    grid = plain if look == STRAIGHT else beam_grid(plain.preset, depth_m, beams, samples, look)
    spread = blurred_spread(name, depth_m, focus_m, quality, appearance.speckle_scale, look)
    rng = np.random.default_rng((seed, 0x0015E, round(1e6 * (look.tilt_rad + look.shift_m)) & 0xFFFFFFFF))
    noise = rng.standard_normal((2, *grid.shape), dtype=np.float32) * np.float32(np.sqrt(0.5))
    chaff = np.empty(grid.shape, np.float32)
    flat = np.ones_like(spread.gain)
    psf.spread_power(noise, spread.lateral, spread.half, spread.axial, flat, np.empty_like(noise), chaff)
    return Scan(
        grid=grid,
        asked=asked_rows(grid),
        spread=spread,
        time_gain=display.time_gain(grid, appearance, tgc_db),
        noise=noise,
        chaff=chaff / chaff.mean(),
        near=near_field(grid, appearance),
        penumbra=_PENUMBRA * (beams / 192.0) ** 2 * 512.0 / samples,
        map=None if look == STRAIGHT else look_map(plain, grid),
        phase=None if look == STRAIGHT else look_phase(grid),
    )

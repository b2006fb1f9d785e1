"""The B-mode renderer: a frozen moment of a patient becomes a frame."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Frame, Imaging, LabelMap, ProbeGeometry, SectorBox
from echopilot_sim.bmode import acoustics, contact, display, propagation, psf
from echopilot_sim.bmode.appearance import Appearance, patient_appearance
from echopilot_sim.bmode.grid import BeamGrid, PixelMap, beam_grid, pixel_map, sample_indices
from echopilot_sim.bmode.near_field import NearField, near_field
from echopilot_sim.bmode.probes import preset
from echopilot_sim.bmode.sampling import LabelSource, sample_tissue
from echopilot_sim.bmode.scatter import TILE_VOXEL_M, scatterers, tile_rotation
from echopilot_sim.cells import NETWORK_CELLS, CellGrid
from echopilot_sim.moment import Moment

Quality = Literal["full", "fast"]
_PENUMBRA = 0.03


@dataclass(frozen=True)
class _Size:
    beams: int
    samples: int
    width_px: int


_SIZES: dict[str, _Size] = {"full": _Size(192, 512, 512), "fast": _Size(128, 384, 288)}


@dataclass(frozen=True)
class _Setup:
    """What depends on preset, depth, focus and appearance only."""

    grid: BeamGrid
    pixels: PixelMap
    geometry: ProbeGeometry
    sector: SectorBox
    spread: psf.PointSpread
    time_gain: NDArray[np.float32]
    noise: NDArray[np.float32]
    chaff: NDArray[np.float32]
    near: NearField
    penumbra: float


@dataclass(frozen=True)
class Echoes:
    """Linear picture (S, B) after time gain, and the two-way amplitude `sent` (S, B) that reached each sample."""

    power: NDArray[np.float32]
    sent: NDArray[np.float32]


@dataclass(frozen=True)
class Rendered:
    """A frame and, per cell of a mask, how strongly it was insonified: 1 fully seen, below 0.1 shadow."""

    frame: Frame
    visibility: NDArray[np.float32]


class Renderer:
    """Renders one patient. The same patient, appearance and moment give the same bytes on one platform."""

    def __init__(
        self,
        anatomy: LabelSource,
        quality: Quality = "full",
        seed: int | None = None,
        appearance: Appearance | None = None,
    ) -> None:
        """`seed` fixes speckle and the default appearance; by default it is `anatomy.patient.seed`.

        Raises EchoPilotError for an unknown quality.
        """
        if quality not in _SIZES:
            raise EchoPilotError(f"unknown picture quality {quality!r}; choose one of {', '.join(_SIZES)}")
        if seed is None:
            seed = int(getattr(getattr(anatomy, "patient", None), "seed", 0))
        self.anatomy = anatomy
        self.seed = seed
        self.appearance = patient_appearance(seed) if appearance is None else appearance
        heart = getattr(getattr(anatomy, "patient", None), "heart", None)
        self._heart_rotation = np.eye(3) if heart is None else np.asarray(heart.rotation, np.float64)
        self._quality: Quality = quality
        self._scatterers = scatterers(seed)
        table = acoustics.acoustic_table(self.appearance.attenuation_scale)
        self._medium = propagation.medium(table, self._scatterers)
        self._log_impedance = np.zeros(256, np.float32)
        self._log_impedance[: acoustics.GEL + 1] = np.log(table.impedance)
        self._grey = display.grey_table(self.appearance)

    def render(self, moment: Moment) -> Frame:
        """The picture of a moment, stamped with it."""
        return self._frame(moment, self.echoes(moment))

    def render_with_truth(self, moment: Moment, cells: CellGrid = NETWORK_CELLS) -> Rendered:
        """The picture together with its visibility on the cells of a mask."""
        echoes = self.echoes(moment)
        return Rendered(self._frame(moment, echoes), self._visibility(moment, echoes, cells))

    def visibility(self, moment: Moment, cells: CellGrid = NETWORK_CELLS) -> NDArray[np.float32]:
        """Two-way amplitude after ideal time gain in the cells of a mask; zero outside the field of view."""
        return self._visibility(moment, self.echoes(moment), cells)

    def label_map_origin(self) -> LabelMap:
        """An empty LabelMap that carries the grid of `visibility`."""
        return NETWORK_CELLS.label_map(np.zeros((NETWORK_CELLS.cells, NETWORK_CELLS.cells), np.uint8))

    def echoes(self, moment: Moment) -> Echoes:
        """Linear echoes of a moment before log compression."""
        setup = self._setup(moment)
        grid, look = setup.grid, self.appearance
        samples, beams = grid.shape
        labels, tissue = sample_tissue(self.anatomy, grid, moment)
        coupling = contact.beam_coupling(grid, moment.gap_m)
        window = contact.window_gain(grid, tissue, self._scatterers.texture, look.window_db)
        propagation.mark_gel(labels, acoustics.GEL)
        smooth = cv2.blur(cv2.LUT(labels, self._log_impedance), (5, 5), borderType=cv2.BORDER_REPLICATE)
        echo = np.empty((2, samples, beams), np.float32)
        sent = np.empty((samples, beams), np.float32)
        step = moment.flicker_seed
        slice_axis = moment.T_patient_probe[:3, 1]
        turns = np.stack([tile_rotation(slice_axis), tile_rotation(self._heart_rotation.T @ slice_axis)])
        path = propagation.Path(
            ranges=grid.range_m,
            pitch=grid.pitch_m,
            coupling=(coupling * window * setup.near.sides).astype(np.float32),
            beams_in_heart=self._beams_in_heart(grid, moment),
            turns=(turns / TILE_VOXEL_M).astype(np.float32),
            flow_shift=float((step * 29) % 997),
            noise=setup.noise,
            noise_shift=(step * 131) % samples,
            frequency_mhz=grid.preset.frequency_hz * 1e-6,
            penumbra=setup.penumbra,
        )
        propagation.propagate(labels, tissue, smooth, self._medium, path, acoustics.GEL, echo, sent)
        power = np.empty((samples, beams), np.float32)
        spread = setup.spread
        psf.spread_power(echo, spread.lateral, spread.half, spread.axial, spread.gain, np.empty_like(echo), power)
        haze = display.add_haze(power, grid, look.haze_db)
        near = setup.near
        shift = (step * 173 + 11) % samples
        display.gather_power(
            power, haze, setup.chaff, shift, setup.near.thermal,
            near.ring, near.layers, near.air, near.ahead, coupling, setup.time_gain,
        )  # fmt: skip
        return Echoes(power, sent)

    def _beams_in_heart(self, grid: BeamGrid, moment: Moment) -> NDArray[np.float32]:
        rotation = self._heart_rotation.T @ moment.T_patient_probe[:3, :3]
        return np.asarray(grid.directions @ rotation.T, np.float32)

    def _frame(self, moment: Moment, echoes: Echoes) -> Frame:
        setup, look, settings = self._setup(moment), self.appearance, moment.imaging
        dynamic_range_db = settings.dynamic_range_db + look.dynamic_range_db - 60.0
        polar = display.grey(echoes.power, settings.gain_db + look.gain_db, dynamic_range_db, look.smoothing)
        return Frame(
            stamp_ns=moment.stamp_ns,
            sequence=moment.sequence,
            image=setup.pixels.picture(cv2.LUT(polar, self._grey)),
            geometry=setup.geometry,
            sector=setup.sector,
            imaging=Imaging(
                gain_db=settings.gain_db,
                dynamic_range_db=dynamic_range_db,
                focus_m=settings.focus_m,
                probe_id=setup.grid.preset.probe_id,
                preset=settings.preset,
            ),
        )

    def _visibility(self, moment: Moment, echoes: Echoes, cells: CellGrid) -> NDArray[np.float32]:
        setup = self._setup(moment)
        amplitude = echoes.sent * display.time_gain(setup.grid, Appearance())[:, None]
        beam, sample, inside = sample_indices(setup.grid, *cells.centres())
        seen = cv2.remap(amplitude, beam, sample, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.where(inside, seen, 0.0).astype(np.float32)

    def _setup(self, moment: Moment) -> _Setup:
        settings = moment.imaging
        return _setup(settings.preset, settings.depth_m, settings.focus_m, self._quality, self.appearance, self.seed)


@lru_cache(maxsize=16)
def _setup(name: str, depth_m: float, focus_m: float, quality: Quality, appearance: Appearance, seed: int) -> _Setup:
    if not (np.isfinite(depth_m) and 0.02 <= depth_m <= 0.30):
        raise EchoPilotError(f"imaging depth {depth_m} m is outside 0.02 to 0.30 m")
    size = _SIZES[quality]
    grid = beam_grid(preset(name), depth_m, size.beams, size.samples)
    pixels, geometry, sector = pixel_map(grid, size.width_px)
    spread = psf.point_spread(grid, focus_m, appearance.speckle_scale)
    rng = np.random.default_rng((seed, 0x0015E))
    noise = rng.standard_normal((2, *grid.shape), dtype=np.float32) * np.float32(np.sqrt(0.5))
    chaff = np.empty(grid.shape, np.float32)
    flat = np.ones_like(spread.gain)
    psf.spread_power(noise, spread.lateral, spread.half, spread.axial, flat, np.empty_like(noise), chaff)
    return _Setup(
        grid=grid,
        pixels=pixels,
        geometry=geometry,
        sector=sector,
        spread=spread,
        time_gain=display.time_gain(grid, appearance),
        noise=noise,
        chaff=chaff / chaff.mean(),
        near=near_field(grid, appearance),
        penumbra=_PENUMBRA * (size.beams / 192.0) ** 2 * 512.0 / size.samples,
    )

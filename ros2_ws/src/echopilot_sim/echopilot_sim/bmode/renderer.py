"""The B-mode renderer: a frozen moment of a patient becomes a frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Frame, Imaging, LabelMap
from echopilot_sim.anatomy.materials import Material
from echopilot_sim.bmode import acoustics, compounding, contact, display, effects, propagation, psf
from echopilot_sim.bmode.appearance import Appearance, patient_appearance
from echopilot_sim.bmode.grid import STRAIGHT, BeamGrid, Look, sample_indices
from echopilot_sim.bmode.probes import preset
from echopilot_sim.bmode.sampling import LabelSource, sample_tissue
from echopilot_sim.bmode.scatter import scatterers, tile_rotation, voxel_m
from echopilot_sim.bmode.setup import SIZES, Quality, blurred_spread, scan, screen
from echopilot_sim.cells import NETWORK_CELLS, CellGrid
from echopilot_sim.moment import ImagingSettings, Moment

_FAT_REACH_M = 0.060  # fat deeper than this does not defocus the beams
_IS_FAT = np.isin(np.arange(256), (Material.FAT, Material.BREAST)).astype(np.uint8)


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
        if quality not in SIZES:
            raise EchoPilotError(f"unknown picture quality {quality!r}; choose one of {', '.join(SIZES)}")
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
        self._medium = effects.medium(table, self._scatterers)
        self._log_impedance = np.zeros(256, np.float32)
        self._log_impedance[: acoustics.GEL + 1] = np.log(table.impedance)
        self._grey = display.grey_table(self.appearance)

    def render(self, moment: Moment) -> Frame:
        """The picture of a moment, stamped with it."""
        return self._frame(moment, self._compressed(moment))

    def render_with_truth(self, moment: Moment, cells: CellGrid = NETWORK_CELLS) -> Rendered:
        """The picture together with its visibility on the cells of a mask."""
        settings = moment.imaging
        if settings.compounding > 1:
            return Rendered(self.render(moment), self.visibility(moment, cells))
        echoes = self.echoes(moment)
        level = display.level(echoes.power, *self._contrast(settings))
        return Rendered(self._frame(moment, level), self._visibility(moment, echoes, cells))

    def visibility(self, moment: Moment, cells: CellGrid = NETWORK_CELLS) -> NDArray[np.float32]:
        """Two-way amplitude after ideal time gain in the cells of a mask; zero outside the field of view."""
        return self._visibility(moment, self.echoes(moment), cells)

    def label_map_origin(self) -> LabelMap:
        """An empty LabelMap that carries the grid of `visibility`."""
        return NETWORK_CELLS.label_map(np.zeros((NETWORK_CELLS.cells, NETWORK_CELLS.cells), np.uint8))

    def echoes(self, moment: Moment, look: Look = STRAIGHT) -> Echoes:
        """Linear echoes of a moment before log compression, from the plain beams or from another look."""
        setup, appearance = scan(moment.imaging, self._quality, self.appearance, self.seed, look), self.appearance
        grid = setup.grid
        samples, beams = grid.shape
        labels, tissue = sample_tissue(self.anatomy, grid, setup.asked, moment)
        coupling = contact.beam_coupling(grid, moment.gap_m, moment.gel_m)
        window = contact.window_gain(grid, tissue, self._scatterers.texture, appearance.window_db)
        propagation.mark_gel(labels, acoustics.GEL)
        smooth = cv2.blur(cv2.LUT(labels, self._log_impedance), (5, 5), borderType=cv2.BORDER_REPLICATE)
        echo = np.empty((2, samples, beams), np.float32)
        sent = np.empty((samples, beams), np.float32)
        step = moment.flicker_seed
        slice_axis = moment.T_patient_probe[:3, 1]
        turns = np.stack([tile_rotation(slice_axis), tile_rotation(self._heart_rotation.T @ slice_axis)])
        in_plane, across = voxel_m(grid.preset)
        turns /= np.array([in_plane, in_plane, across])[:, None]
        path = effects.Path(
            ranges=grid.range_m,
            pitch=grid.pitch_m,
            coupling=(coupling * window * setup.near.sides).astype(np.float32),
            beams_in_heart=self._beams_in_heart(grid, moment),
            turns=turns.astype(np.float32),
            lift=grid.lift_m / np.float32(across),
            flow_shift=float((step * 29) % 997),
            noise=setup.noise,
            noise_shift=(step * 131) % samples,
            frequency_mhz=grid.preset.frequency_hz * 1e-6,
            penumbra=setup.penumbra,
        )
        propagation.propagate(labels, tissue, smooth, self._medium, path, acoustics.GEL, echo, sent)
        if setup.phase is not None:
            compounding.turn_phase(echo, setup.phase)
        power = np.empty((samples, beams), np.float32)
        spread = self._spread(moment.imaging, look, labels, grid.step_m)
        psf.spread_power(echo, spread.lateral, spread.half, spread.axial, spread.gain, np.empty_like(echo), power)
        haze = display.add_haze(power, grid, appearance.haze_db)
        near = setup.near
        shift = (step * 173 + 11) % samples
        display.gather_power(
            power, haze, setup.chaff, shift, setup.near.thermal,
            near.ring, near.layers, near.air, near.ahead, coupling, setup.time_gain,
        )  # fmt: skip
        return Echoes(power, sent)

    def _spread(
        self, settings: ImagingSettings, look: Look, labels: NDArray[np.uint8], step_m: float
    ) -> psf.PointSpread:
        """The point spread behind the fat in front of this picture."""
        near = labels[: int(_FAT_REACH_M / step_m)]
        fat_m = cv2.countNonZero(cv2.LUT(near, _IS_FAT)) / near.shape[1] * step_m
        where = settings.preset, settings.depth_m, settings.focus_m, self._quality
        return blurred_spread(*where, self.appearance.speckle_scale, look, psf.aberration(fat_m))

    def _beams_in_heart(self, grid: BeamGrid, moment: Moment) -> NDArray[np.float32]:
        rotation = self._heart_rotation.T @ moment.T_patient_probe[:3, :3]
        return np.asarray(grid.directions @ rotation.T, np.float32)

    def _compressed(self, moment: Moment) -> NDArray[np.float32]:
        """Level 0..255 (S, B) on the plain grid, averaged over all looks of the frame."""
        settings = moment.imaging
        chosen = compounding.looks(preset(settings.preset), settings.compounding)
        levels = [display.level(self.echoes(moment, look).power, *self._contrast(settings)) for look in chosen]
        if len(levels) == 1:
            return levels[0]
        maps = [scan(settings, self._quality, self.appearance, self.seed, look).map for look in chosen]
        return compounding.average(levels, maps)

    def _contrast(self, settings: ImagingSettings) -> tuple[float, float]:
        """Gain and dynamic range [dB] that the picture gets."""
        look = self.appearance
        return settings.gain_db + look.gain_db, settings.dynamic_range_db + look.dynamic_range_db - 60.0

    def _frame(self, moment: Moment, level: NDArray[np.float32]) -> Frame:
        settings = moment.imaging
        layout = screen(settings.preset, settings.depth_m, self._quality)
        polar = display.smooth(level.astype(np.uint8), self.appearance.smoothing)
        return Frame(
            stamp_ns=moment.stamp_ns,
            sequence=moment.sequence,
            image=layout.pixels.picture(cv2.LUT(polar, self._grey)),
            geometry=layout.geometry,
            sector=layout.sector,
            imaging=Imaging(
                gain_db=settings.gain_db,
                dynamic_range_db=self._contrast(settings)[1],
                focus_m=settings.focus_m,
                probe_id=layout.grid.preset.probe_id,
                preset=settings.preset,
            ),
        )

    def _visibility(self, moment: Moment, echoes: Echoes, cells: CellGrid) -> NDArray[np.float32]:
        grid = screen(moment.imaging.preset, moment.imaging.depth_m, self._quality).grid
        amplitude = echoes.sent * display.time_gain(grid, Appearance())[:, None]
        beam, sample, inside = sample_indices(grid, *cells.centres())
        seen = cv2.remap(amplitude, beam, sample, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.where(inside, seen, 0.0).astype(np.float32)

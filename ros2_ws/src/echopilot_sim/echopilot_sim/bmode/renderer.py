"""The B-mode renderer: from a `FrameState` of a patient to a frame."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Frame, ImagingParameters, ScannerSettings
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.bmode import compounding, display, psf
from echopilot_sim.bmode.appearance import Appearance, patient_appearance
from echopilot_sim.bmode.grid import STRAIGHT, BeamGrid, Steering, sample_indices
from echopilot_sim.bmode.probes import preset
from echopilot_sim.bmode.scan_parameters import SIZES, Quality, blurred_spread, image_layout, scan_setup
from echopilot_sim.bmode.sound import acoustics, contact, effects, propagation
from echopilot_sim.bmode.sound.sampling import LabelSource, sample_tissue
from echopilot_sim.bmode.sound.scatter import scatterers, tile_rotation, voxel_m
from echopilot_sim.frame_state import FrameState
from echopilot_sim.mask_grids import NETWORK_CELLS, CellGrid

_FAT_REACH_M = 0.060  # fat deeper than this does not defocus the beams
_IS_FAT = np.isin(np.arange(256), (Material.FAT, Material.BREAST)).astype(np.uint8)


@dataclass(frozen=True)
class Echoes:
    """Linear `power` (S, B) after time gain, and the two-way `transmit_amplitude` (S, B) at each sample."""

    power: NDArray[np.float32]
    transmit_amplitude: NDArray[np.float32]


@dataclass(frozen=True)
class Rendered:
    """A frame and, per cell of a mask, how strongly it was insonified: 1 fully seen, below 0.1 shadow."""

    frame: Frame
    visibility: NDArray[np.float32]


class Renderer:
    """Renders one patient. The same patient, appearance and frame state give the same bytes on one platform."""

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
            raise EchoPilotError(f"unknown image quality {quality!r}; choose one of {', '.join(SIZES)}")
        patient = anatomy.patient
        if seed is None:
            seed = 0 if patient is None else patient.seed
        self.anatomy = anatomy
        self.seed = seed
        self.appearance = patient_appearance(seed) if appearance is None else appearance
        heart = None if patient is None else patient.heart
        self._heart_rotation = np.eye(3) if heart is None else np.asarray(heart.rotation, np.float64)
        self._quality: Quality = quality
        self._scatterers = scatterers(seed)
        self._medium = effects.medium(self._scatterers, self.appearance.attenuation_scale)
        self._log_impedance = np.zeros(256, np.float32)
        self._log_impedance[: acoustics.GEL + 1] = np.log(self._medium.impedance)
        self._gray = display.gray_table(self.appearance)

    def render(self, frame_state: FrameState) -> Frame:
        """The image of a frame state, with its stamp."""
        return self._frame(frame_state, self._compressed(frame_state))

    def render_with_truth(self, frame_state: FrameState, cells: CellGrid = NETWORK_CELLS) -> Rendered:
        """The image together with its visibility on the cells of a mask."""
        settings = frame_state.imaging
        if settings.compounding > 1:
            return Rendered(self.render(frame_state), self.visibility(frame_state, cells))
        echoes = self.echoes(frame_state)
        level = display.level(echoes.power, *self._contrast(settings))
        return Rendered(self._frame(frame_state, level), self._visibility(frame_state, echoes, cells))

    def visibility(self, frame_state: FrameState, cells: CellGrid = NETWORK_CELLS) -> NDArray[np.float32]:
        """Two-way amplitude after ideal time gain in the cells of a mask; zero outside the field of view."""
        return self._visibility(frame_state, self.echoes(frame_state), cells)

    def echoes(self, frame_state: FrameState, steering: Steering = STRAIGHT) -> Echoes:
        """Linear echoes of a frame state before log compression, from the plain beams or from another look."""
        setup, appearance = (
            scan_setup(frame_state.imaging, self._quality, self.appearance, self.seed, steering),
            self.appearance,
        )
        grid = setup.grid
        samples, beams = grid.shape
        labels, tissue = sample_tissue(self.anatomy, grid, setup.asked, frame_state)
        coupling = contact.beam_coupling(grid, frame_state.gap_m, frame_state.gel_m)
        window = contact.window_gain(grid, tissue, self._scatterers.texture, appearance.window_db)
        propagation.mark_gel(labels, acoustics.GEL)
        smooth = cv2.blur(cv2.LUT(labels, self._log_impedance), (5, 5), borderType=cv2.BORDER_REPLICATE)
        echo = np.empty((2, samples, beams), np.float32)
        transmit_amplitude = np.empty((samples, beams), np.float32)
        step = frame_state.flicker_seed
        slice_axis = frame_state.T_patient_probe[:3, 1]
        turns = np.stack([tile_rotation(slice_axis), tile_rotation(self._heart_rotation.T @ slice_axis)])
        in_plane, across = voxel_m(grid.preset)
        turns /= np.array([in_plane, in_plane, across])[:, None]
        path = effects.Path(
            ranges=grid.range_m,
            pitch=grid.pitch_m,
            coupling=(coupling * window * setup.near.sides).astype(np.float32),
            beams_in_heart=self._beams_in_heart(grid, frame_state),
            turns=turns.astype(np.float32),
            lift=grid.lift_m / np.float32(across),
            flow_shift=float((step * 29) % 997),
            noise=setup.noise,
            noise_shift=(step * 131) % samples,
            frequency_mhz=grid.preset.frequency_hz * 1e-6,
            penumbra=setup.penumbra,
        )
        propagation.propagate(labels, tissue, smooth, self._medium, path, acoustics.GEL, echo, transmit_amplitude)
        if setup.phase is not None:
            compounding.turn_phase(echo, setup.phase)
        power = np.empty((samples, beams), np.float32)
        spread = self._spread(frame_state.imaging, steering, labels, grid.step_m)
        psf.spread_power(echo, spread.lateral, spread.half, spread.axial, spread.gain, np.empty_like(echo), power)
        clutter = display.add_clutter(power, grid, appearance.clutter_db)
        near = setup.near
        shift = (step * 173 + 11) % samples
        display.gather_power(
            power, clutter, setup.speckle_power, shift, setup.near.thermal,
            near.ring, near.layers, near.air, near.ahead, coupling, setup.time_gain,
        )  # fmt: skip
        return Echoes(power, transmit_amplitude)

    def _spread(
        self, settings: ScannerSettings, steering: Steering, labels: NDArray[np.uint8], step_m: float
    ) -> psf.PointSpread:
        """The point spread behind the fat in front of this image."""
        near = labels[: int(_FAT_REACH_M / step_m)]
        fat_m = cv2.countNonZero(cv2.LUT(near, _IS_FAT)) / near.shape[1] * step_m
        where = settings.preset, settings.depth_m, settings.focus_m, self._quality
        return blurred_spread(*where, self.appearance.speckle_scale, steering, psf.aberration(fat_m))

    def _beams_in_heart(self, grid: BeamGrid, frame_state: FrameState) -> NDArray[np.float32]:
        rotation = self._heart_rotation.T @ frame_state.T_patient_probe[:3, :3]
        return np.asarray(grid.directions @ rotation.T, np.float32)

    def _compressed(self, frame_state: FrameState) -> NDArray[np.float32]:
        """Level 0..255 (S, B) on the plain grid, averaged over all looks of the frame."""
        settings = frame_state.imaging
        chosen = compounding.steerings(preset(settings.preset), settings.compounding)
        levels = [
            display.level(self.echoes(frame_state, steering).power, *self._contrast(settings)) for steering in chosen
        ]
        if len(levels) == 1:
            return levels[0]
        maps = [scan_setup(settings, self._quality, self.appearance, self.seed, steering).map for steering in chosen]
        return compounding.average(levels, maps)

    def _contrast(self, settings: ScannerSettings) -> tuple[float, float]:
        """Gain and dynamic range [dB] that the image gets."""
        appearance = self.appearance
        return settings.gain_db + appearance.gain_db, settings.dynamic_range_db + appearance.dynamic_range_db - 60.0

    def _frame(self, frame_state: FrameState, level: NDArray[np.float32]) -> Frame:
        settings = frame_state.imaging
        layout = image_layout(settings.preset, settings.depth_m, self._quality)
        polar = display.smooth(level.astype(np.uint8), self.appearance.smoothing)
        return Frame(
            stamp_ns=frame_state.stamp_ns,
            sequence=frame_state.sequence,
            image=layout.pixels.image(cv2.LUT(polar, self._gray)),
            geometry=layout.geometry,
            sector=layout.sector,
            imaging=ImagingParameters(
                **vars(replace(settings, dynamic_range_db=self._contrast(settings)[1])),
                probe_id=layout.grid.preset.probe_id,
            ),
        )

    def _visibility(self, frame_state: FrameState, echoes: Echoes, cells: CellGrid) -> NDArray[np.float32]:
        grid = image_layout(frame_state.imaging.preset, frame_state.imaging.depth_m, self._quality).grid
        amplitude = echoes.transmit_amplitude * display.time_gain(grid, Appearance())[:, None]
        beam, sample, inside = sample_indices(grid, *cells.centers())
        seen = cv2.remap(amplitude, beam, sample, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.where(inside, seen, 0.0).astype(np.float32)

"""A peer for the benchmark: the plain NumPy and SciPy label-map renderer that one would write first.

It asks the same label source as ours for every sample, so only the rendering is free of numba.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from echopilot_sim.bmode.grid import beam_grid, sample_indices
from echopilot_sim.bmode.probes import preset
from echopilot_sim.bmode.sound.acoustics import ROWS, amplitudes
from echopilot_sim.bmode.sound.contact import free_points
from echopilot_sim.bmode.sound.sampling import LabelSource
from echopilot_sim.frame_state import FrameState

NAME = "numpy + scipy label-map renderer, fewer effects"


def plain_image(anatomy: LabelSource, frame_state: FrameState) -> NDArray[np.uint8]:
    """Attenuation, boundary echoes and blurred noise from labels, in array calls only (192 x 512 to 512 px)."""
    grid = beam_grid(preset(frame_state.imaging.preset), frame_state.imaging.depth_m, 192, 512)
    labels, _ = anatomy.label_points(free_points(grid.x_m, grid.z_m, frame_state), frame_state.phases)
    labels = labels.reshape(grid.shape)
    impedance = np.array([row.impedance for row in ROWS], np.float32)[labels]
    attenuation = np.array([row.attenuation for row in ROWS], np.float32)[labels]
    jump = np.diff(impedance, axis=0, prepend=impedance[:1])
    reflection = jump / (2.0 * impedance - jump)
    loss_db = np.cumsum(attenuation * grid.step_m * 100.0 * 5.0, axis=0)
    transmit_amplitude = 10.0 ** (-loss_db / 20.0) * np.cumprod(1.0 - reflection**2, axis=0)
    noise = np.random.default_rng(frame_state.sequence).standard_normal((2, *grid.shape), dtype=np.float32)
    echo = transmit_amplitude * (amplitudes()[labels, 128] * noise + 10.0 * np.abs(reflection))
    power = sum(gaussian_filter(part, (0.7, 1.5)) ** 2 for part in echo) * 10.0 ** (loss_db.mean() / 20.0)
    level = np.clip(10.0 * np.log10(np.maximum(power, 1e-9)) + 40.0, 0.0, 60.0) * (255.0 / 60.0)
    half = float(np.abs(grid.x_m).max())
    x, y = np.meshgrid(np.linspace(-half, half, 512), np.arange(0.0, grid.depth_m, 2.0 * half / 512))
    beam, sample, inside = sample_indices(grid, x, y)
    return np.asarray(np.where(inside, map_coordinates(level, (sample, beam), order=1), 0.0), np.uint8)

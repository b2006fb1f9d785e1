"""A peer for the benchmark: the plain NumPy and SciPy label-map renderer that one would write first.

It asks the same label source as ours for every sample, so only the rendering is free of numba.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from echopilot_sim.bmode.acoustics import acoustic_table
from echopilot_sim.bmode.contact import free_points
from echopilot_sim.bmode.grid import beam_grid, sample_indices
from echopilot_sim.bmode.probes import preset
from echopilot_sim.bmode.sampling import LabelSource
from echopilot_sim.moment import Moment

NAME = "numpy + scipy label-map renderer, fewer effects"


def plain_picture(anatomy: LabelSource, moment: Moment) -> NDArray[np.uint8]:
    """Attenuation, boundary echoes and blurred noise from labels, in array calls only (192 x 512 to 512 px)."""
    grid = beam_grid(preset(moment.imaging.preset), moment.imaging.depth_m, 192, 512)
    labels, _ = anatomy.label_points(free_points(grid.x_m, grid.z_m, moment), moment.phases)
    labels = labels.reshape(grid.shape)
    table = acoustic_table()
    impedance = table.impedance[labels]
    jump = np.diff(impedance, axis=0, prepend=impedance[:1])
    reflection = jump / (2.0 * impedance - jump)
    loss_db = np.cumsum(table.attenuation[labels] * grid.step_m * 100.0 * 5.0, axis=0)
    sent = 10.0 ** (-loss_db / 20.0) * np.cumprod(1.0 - reflection**2, axis=0)
    noise = np.random.default_rng(moment.sequence).standard_normal((2, *grid.shape), dtype=np.float32)
    echo = sent * (table.amplitude[labels, 128] * noise + 10.0 * np.abs(reflection))
    power = sum(gaussian_filter(part, (0.7, 1.5)) ** 2 for part in echo) * 10.0 ** (loss_db.mean() / 20.0)
    level = np.clip(10.0 * np.log10(np.maximum(power, 1e-9)) + 40.0, 0.0, 60.0) * (255.0 / 60.0)
    half = float(np.abs(grid.x_m).max())
    x, y = np.meshgrid(np.linspace(-half, half, 512), np.arange(0.0, grid.depth_m, 2.0 * half / 512))
    beam, sample, inside = sample_indices(grid, x, y)
    return np.asarray(np.where(inside, map_coordinates(level, (sample, beam), order=1), 0.0), np.uint8)

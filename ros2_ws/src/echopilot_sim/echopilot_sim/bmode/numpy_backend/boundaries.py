"""NumPy backend of boundaries between materials: transmission and reflection."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.bmode.sound.effects import BEND, DIFFUSE_SHARE, GAS, F, Medium, Path

Array = NDArray[np.float32]
Index = NDArray[np.int64]


class Boundaries(NamedTuple):
    """All passages (N,) of a image, row by row: place, materials, and amplitudes.

    `flat` is the place in a flattened (S, B) array, `row` and `beam` its two indices; `first` and `second` are the
    materials. `reflection` is that of the amplitude, `square` the squared cosine of the angle to the normal, `facing`
    the share that is sent back, `kept` the amplitude factor of what goes on.
    """

    flat: Index
    row: Index
    beam: Index
    first: NDArray[np.uint8]
    second: NDArray[np.uint8]
    reflection: Array
    square: Array
    facing: Array
    kept: Array

    def only(self, chosen: NDArray[np.bool_] | Index) -> "Boundaries":
        """Those of a mask (N,) or of indices (M,)."""
        return Boundaries._make(part[chosen] for part in self)


def boundaries(labels: NDArray[np.uint8], smooth: Array, medium: Medium, path: Path, gel: int) -> Boundaries:
    """Passages in `labels` (S, B), seen from the face, where `gel` is; `smooth` (S, B) is the blurred log impedance."""
    samples, beams = labels.shape
    before = np.empty_like(labels)
    before[0], before[1:] = gel, labels[:-1]
    flat = np.flatnonzero(labels != before)
    row, beam = np.divmod(flat, beams)
    first, second = before.ravel()[flat], labels.ravel()[flat]
    step, level = path.ranges[1] - path.ranges[0], smooth.ravel()
    z_1, z_2 = medium.impedance[first], medium.impedance[second]
    reflection = (z_2 - z_1) / (z_2 + z_1)
    above, below = np.maximum(row - 2, 0), np.minimum(row + 2, samples - 1)
    along = (level[below * beams + beam] - level[above * beams + beam]) / ((below - above).astype(np.float32) * step)
    left, right = np.maximum(beam - 2, 0), np.minimum(beam + 2, beams - 1)
    pitch = path.pitch[row]
    across = (level[row * beams + right] - level[row * beams + left]) / ((right - left).astype(np.float32) * pitch)
    along_2, across_2 = along * along, across * across
    square = along_2 / (along_2 + across_2 + F(1e-6))
    kept = F(1.0) - reflection * reflection
    felt = F(5.0) * (np.abs(along) * step + np.abs(across) * pitch)  # of the jump, in the blur
    bends = (felt >= F(1.6) * np.abs(reflection)) & (medium.behavior[second] != GAS)
    steep = np.where(bends, np.clip(across_2 / (along_2 + F(1e-6)) - F(1.0), F(0.0), F(30.0)), F(0.0))
    turn = (medium.speed[second] - medium.speed[first]) / (medium.speed[first] * BEND)
    kept /= F(1.0) + turn * turn * steep
    return Boundaries(flat, row, beam, first, second, reflection, square, square * square + DIFFUSE_SHARE, kept)


def first_per_beam(chosen: Boundaries, beams: int) -> Index:
    """Index (B,) of the first of the passages of each beam, -1 for none."""
    index = np.full(beams, -1)
    index[chosen.beam[::-1]] = np.arange(chosen.beam.size - 1, -1, -1)
    return index

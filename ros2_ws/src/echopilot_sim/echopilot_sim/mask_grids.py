"""Grids of segmentation masks: the network's, and finer ones fitted to the sector."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array, EchoPilotError, LabelMap, ProbeKind, ScannerSettings
from echopilot_sim.bmode.grid import beam_grid, sample_indices
from echopilot_sim.bmode.probes import preset


@dataclass(frozen=True)
class CellGrid:
    """`cells` x `cells` squares of `spacing_m`, centered on the beam axis, whose upper edge lies at `top_m` (depth)."""

    cells: int
    spacing_m: float
    top_m: float = 0.0

    def centers(self) -> tuple[Array, Array]:
        """Cell centers x and y (cells, cells) [m] in us_image."""
        steps = (np.arange(self.cells) + 0.5) * self.spacing_m
        x, y = np.meshgrid(steps - 0.5 * self.cells * self.spacing_m, steps + self.top_m)
        return x, y

    def label_map(self, labels: NDArray[np.uint8]) -> LabelMap:
        """A LabelMap of labels (cells, cells) that lie on this grid."""
        left = 0.5 * (1 - self.cells) * self.spacing_m
        return LabelMap(labels, left, self.top_m + 0.5 * self.spacing_m, self.spacing_m)

    def in_sector(self, imaging: ScannerSettings) -> NDArray[np.bool_]:
        """Cells (cells, cells) inside the sector and not deeper than the imaging depth."""
        x, y = self.centers()
        return np.asarray(sample_indices(beam_grid(preset(imaging.preset), imaging.depth_m, 8, 8), x, y)[2])


def network_cells(depth_m: float) -> CellGrid:
    """The grid of perception's label maps of images of a depth [m]."""
    return CellGrid(128, depth_m / 128)


NETWORK_CELLS = network_cells(0.16)
"""The same of images of the usual depth."""


def sector_cells(imaging: ScannerSettings, cells: int = 256) -> CellGrid:
    """The smallest grid of `cells` x `cells` that holds the whole sector of these settings.

    Raises EchoPilotError for an impossible number of cells.
    """
    if not 16 <= cells <= 2048:
        raise EchoPilotError(f"a mask of {cells} cells is impossible; choose 16 to 2048")
    probe = preset(imaging.preset)
    if probe.kind == ProbeKind.LINEAR:
        top, width = 0.0, probe.aperture_m
    else:
        half = 0.5 * probe.opening_rad
        top = probe.radius_m * (math.cos(half) - 1.0)
        width = 2.0 * (probe.radius_m + imaging.depth_m) * math.sin(half)
    return CellGrid(cells, max(width, imaging.depth_m - top) / cells, top)

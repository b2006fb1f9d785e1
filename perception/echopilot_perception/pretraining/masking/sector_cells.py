"""Sectors of a batch of network images: inside, beam and depth of every cell."""

from dataclasses import dataclass

import torch
from torch import Tensor

RECTANGLE, RADIUS, HALF, ZOOM = range(4)
"""Columns of the sectors of a batch; see data.image.SectorShape."""


@dataclass(frozen=True)
class SectorCells:
    """Of every cell (N, H, H): `inside` bool, `beam` 0..1 from the left side to the right, `depth` 0..1 from the face.

    Beam and depth mean something inside only. Depth counts from the transducer face along the beam, in units of the
    image's height.
    """

    inside: Tensor
    beam: Tensor
    depth: Tensor


def sector_cells_of(sectors: Tensor, cells: int) -> SectorCells:
    """Cells of square images of `cells` a side; the face is at the upper middle, as in `echopilot_perception.grid`.

    Args:
        sectors: (N, 4) float32; columns RECTANGLE (1) or fan (0), RADIUS of the face, HALF the opening [rad] or half
            the aperture, both lengths in depths of the image, ZOOM by which the image was enlarged about the face.
        cells: side of the images.
    """
    at = (torch.arange(cells, device=sectors.device, dtype=torch.float32) + 0.5) / cells
    zoom = sectors[:, ZOOM, None, None]
    x, y = (at - 0.5)[None, None, :] / zoom, at[None, :, None] / zoom
    rectangle = sectors[:, RECTANGLE, None, None] > 0.5
    radius, half = sectors[:, RADIUS, None, None], sectors[:, HALF, None, None].clamp(min=1e-3)
    reach = torch.hypot(x.expand(len(x), cells, cells), y + radius)
    across = torch.where(rectangle, x, torch.atan2(x, y + radius))
    depth = torch.where(rectangle, y, reach - radius)
    inside = (across.abs() <= half) & (depth >= 0.0) & (depth <= 1.0)
    return SectorCells(inside, ((across / half + 1.0) / 2.0).clamp(0.0, 1.0), (depth * zoom).clamp(0.0, 1.0))

"""An image of pre-training with the shape of its sector and what is known of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Frame, ProbeGeometry, ProbeKind
from echopilot_perception import grid
from echopilot_perception.frames.preprocess import to_network
from echopilot_perception.pretraining.tree.targets import NOTHING_KNOWN, ImageLabel


@dataclass(frozen=True)
class SectorShape:
    """Sector of a network image, lengths in depths of the image; the face lies at the upper middle.

    `half` is half the opening [rad] of a fan or half the aperture of a rectangle.
    """

    rectangle: bool
    radius: float
    half: float

    def row(self) -> NDArray[np.float32]:
        """(3,) as the store keeps it."""
        return np.array([self.rectangle, self.radius, self.half], np.float32)


def shape_of(geometry: ProbeGeometry) -> SectorShape:
    """Shape of the sector that a probe's geometry gives."""
    depth_m = geometry.depth_m
    if geometry.kind == ProbeKind.LINEAR:
        return SectorShape(True, 0.0, 0.5 * geometry.aperture_m / depth_m)
    return SectorShape(False, geometry.radius_m / depth_m, 0.5 * geometry.opening_angle_rad)


@dataclass(frozen=True)
class PretrainImage:
    """`image` (256, 256) uint8 on the cells of `echopilot_perception.grid`; `source` names the clip or patient."""

    image: NDArray[np.uint8]
    sector: SectorShape
    source: str
    label: ImageLabel = NOTHING_KNOWN


def image_of(frame: Frame, source: str, label: ImageLabel = NOTHING_KNOWN) -> PretrainImage:
    """A frame as the network sees it; raises EchoPilotError when it holds no usable image or geometry."""
    image = np.round(to_network(frame) * 255.0).astype(np.uint8)
    return PretrainImage(image, shape_of(frame.geometry), source, label)


def shown_sector(image: NDArray[np.uint8]) -> SectorShape:
    """Fan with its apex at the face (a phased probe) that just holds what is not black in an image (256, 256).

    For images that came without a geometry: those of training shards.
    """
    n = grid.IMAGE_CELLS
    v, u = np.nonzero(image)
    x, y = (u + 0.5) / n - 0.5, (v + 0.5) / n
    far = y > 0.15  # near the face a beam is narrower than a cell
    angle = np.abs(np.arctan2(x[far], y[far]))
    return SectorShape(False, 0.0, float(np.quantile(angle, 0.995)) if len(angle) else 0.5 * np.pi / 2)

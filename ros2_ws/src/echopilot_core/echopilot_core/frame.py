"""One ultrasound image with acquisition stamp, sequence and geometry."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class ProbeKind(IntEnum):
    """Array geometry of a transducer."""

    LINEAR = 0
    CONVEX = 1
    PHASED = 2


class MarkerSide(IntEnum):
    """Side of the index marker on the display that the picture came from (ours is always RIGHT)."""

    UNKNOWN = 0
    LEFT = 1
    RIGHT = 2


class Mode(IntEnum):
    """Imaging mode."""

    B = 0
    COLOUR = 1
    OTHER = 2


@dataclass(frozen=True)
class ProbeGeometry:
    """What is needed to place a pixel in space.

    The origin of `us_image` is the centre of the transducer face: pixel (column u, row v) lies at
    x = (u - origin_u_px) * spacing_x_m to the right and y = (v - origin_v_px) * spacing_y_m down (depth).
    """

    kind: ProbeKind
    radius_m: float  # radius of the face: 0 for linear and phased
    opening_angle_rad: float  # full angle of the sector: 0 for linear
    aperture_m: float  # width of the active face along x
    depth_m: float  # from the face to the deepest sample
    spacing_x_m: float
    spacing_y_m: float
    origin_u_px: float
    origin_v_px: float
    frequency_hz: float  # 0 when unknown
    marker_side: MarkerSide = MarkerSide.RIGHT


@dataclass(frozen=True)
class SectorBox:
    """Pixels [left, right) x [top, bottom) that hold the ultrasound picture; the rest is screen."""

    left_px: int
    top_px: int
    right_px: int
    bottom_px: int


@dataclass(frozen=True)
class Imaging:
    """Scanner settings at acquisition; NaN where the source does not tell."""

    mode: Mode = Mode.B
    gain_db: float = float("nan")
    dynamic_range_db: float = float("nan")
    focus_m: float = float("nan")
    mechanical_index: float = float("nan")
    thermal_index: float = float("nan")
    frozen: bool = False
    probe_id: str = ""
    preset: str = ""  # "cardiac", "abdomen" or the scanner's own word


@dataclass(frozen=True)
class Frame:
    """An image (H, W) uint8, stamped when it was acquired; `steady_ns` is the monotonic clock at that moment."""

    stamp_ns: int
    sequence: int
    image: NDArray[np.uint8]
    geometry: ProbeGeometry
    sector: SectorBox
    imaging: Imaging = Imaging()
    steady_ns: int = 0

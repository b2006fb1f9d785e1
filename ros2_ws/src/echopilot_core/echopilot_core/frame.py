"""One ultrasound image with acquisition stamp, sequence, geometry and imaging parameters."""

from dataclasses import dataclass, field
from enum import Enum, IntEnum

import numpy as np
from numpy.typing import NDArray

NAN = float("nan")
ARC_POINTS = 40  # of the face and of the far border in an outline

SCALE_UNKNOWN = "spacing unknown: 160 mm depth assumed"
"""Preset of images whose source gives no scale: nothing in them has a length, an area or a volume."""


class Preset(str, Enum):
    """Imaging presets of the simulated scanner; those of the phased probe also name the rows of the limits table."""

    CARDIAC = "cardiac"
    ABDOMEN = "abdomen"
    CONVEX = "convex"
    LINEAR = "linear"

    def __str__(self) -> str:
        return str(self.value)


class ImagingMode(IntEnum):
    """Imaging mode."""

    B = 0
    COLOR = 1
    OTHER = 2


@dataclass(frozen=True)
class ScannerSettings:
    """Settings of the scanner.

    `tgc_db` are the eight sliders of the time gain compensation from the face to the full depth, `compounding` the
    number of steering angles averaged into one frame (1: none), `persistence` the weight of the last displayed frame
    in the next (0: none).
    """

    preset: str = Preset.CARDIAC  # a `Preset`, or the word of a real scanner
    depth_m: float = 0.16
    gain_db: float = 0.0
    focus_m: float = 0.08
    dynamic_range_db: float = 60.0
    tgc_db: tuple[float, ...] = (0.0,) * 8
    compounding: int = 1
    persistence: float = 0.0


@dataclass(frozen=True)
class ImagingParameters(ScannerSettings):
    """Settings in force when a frame was acquired; NaN, 0 and empty where the source does not give them."""

    preset: str = ""
    depth_m: float = NAN
    gain_db: float = NAN
    focus_m: float = NAN
    dynamic_range_db: float = NAN
    tgc_db: tuple[float, ...] = ()
    compounding: int = 0
    persistence: float = NAN
    mode: ImagingMode = ImagingMode.B
    mechanical_index: float = NAN
    thermal_index: float = NAN
    frozen: bool = False
    probe_id: str = ""

    @property
    def calibrated(self) -> bool:
        """Whether the scale of the image is known."""
        return self.preset != SCALE_UNKNOWN


class ProbeKind(IntEnum):
    """Array geometry of a transducer."""

    LINEAR = 0
    CONVEX = 1
    PHASED = 2


class MarkerSide(IntEnum):
    """Side of the index marker on the display that the image came from (ours is always RIGHT)."""

    UNKNOWN = 0
    LEFT = 1
    RIGHT = 2


@dataclass(frozen=True)
class ProbeGeometry:
    """Geometry of the image: everything needed to place a pixel in space.

    The origin of `us_image` is the center of the transducer face: pixel (column u, row v) lies at
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

    def outline_m(self) -> NDArray[np.float64]:
        """Border of the imaged sector, in order, as points (N, 2) [m] in `us_image`: x right, y down."""
        if self.kind == ProbeKind.LINEAR:
            half, depth = self.aperture_m / 2, self.depth_m
            return np.array([[-half, 0.0], [half, 0.0], [half, depth], [-half, depth]])
        angle = np.linspace(-0.5, 0.5, ARC_POINTS) * self.opening_angle_rad
        angles = np.concatenate([angle, angle[::-1]])
        ranges = np.repeat([self.radius_m, self.radius_m + self.depth_m], ARC_POINTS)
        return np.column_stack([ranges * np.sin(angles), ranges * np.cos(angles) - self.radius_m])

    def pixels(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Columns and rows (N, 2) [px] of points (N, 2) [m] in `us_image`."""
        return points_m / (self.spacing_x_m, self.spacing_y_m) + (self.origin_u_px, self.origin_v_px)


@dataclass(frozen=True)
class SectorBox:
    """Pixels [left, right) x [top, bottom) that hold the ultrasound image; the rest is screen."""

    left_px: int
    top_px: int
    right_px: int
    bottom_px: int


@dataclass(frozen=True)
class Frame:
    """An image (H, W) uint8, stamped when it was acquired; `steady_ns` is the monotonic clock at that moment."""

    stamp_ns: int
    sequence: int
    image: NDArray[np.uint8]
    geometry: ProbeGeometry
    sector: SectorBox
    imaging: ImagingParameters = field(default_factory=ImagingParameters)
    steady_ns: int = 0

"""Validity checks of frames before processing."""

from dataclasses import dataclass

import numpy as np

from echopilot_core import EchoPilotError, Frame, ProbeGeometry, ProbeKind


@dataclass(frozen=True)
class _Range:
    """A field of ProbeGeometry and the values that it may have, both ends included."""

    field: str
    low: float
    high: float
    meaning: str


_RANGES = (
    _Range("spacing_x_m", 1e-6, 0.01, "pixel spacing must lie between 1 um and 10 mm"),
    _Range("spacing_y_m", 1e-6, 0.01, "pixel spacing must lie between 1 um and 10 mm"),
    _Range("depth_m", 1e-4, 1.0, "depth must lie between 0.1 mm and 1 m"),
    _Range("radius_m", 0.0, 1.0, "face radius must lie between 0 and 1 m"),
    _Range("aperture_m", 0.0, 1.0, "aperture must lie between 0 and 1 m"),
    _Range("opening_angle_rad", 0.0, 2.0 * np.pi, "opening angle must lie between 0 and 2 pi"),
    _Range("origin_u_px", -1e5, 1e5, "origin must lie within 100000 px"),
    _Range("origin_v_px", -1e5, 1e5, "origin must lie within 100000 px"),
)
MAX_SIDE_PX = 32_766  # what cv2.warpAffine can address


def check(frame: Frame) -> None:
    """Raise EchoPilotError with one line unless `frame` can be processed."""
    image, geometry, box = frame.image, frame.geometry, frame.sector
    if image.ndim != 2 or image.dtype != np.uint8 or image.size == 0:
        raise EchoPilotError(f"frame {frame.sequence}: image must be (H, W) uint8, got {image.shape} {image.dtype}")
    if max(image.shape) > MAX_SIDE_PX:
        raise EchoPilotError(f"frame {frame.sequence}: image {image.shape} has a side above {MAX_SIDE_PX} px")
    check_geometry(geometry, f"frame {frame.sequence}")
    inside = 0 <= box.left_px < box.right_px <= image.shape[1] and 0 <= box.top_px < box.bottom_px <= image.shape[0]
    if not inside:
        raise EchoPilotError(f"frame {frame.sequence}: sector box {box} does not lie in the {image.shape} image")


def check_geometry(geometry: ProbeGeometry, where: str) -> None:
    """Raise EchoPilotError with `where` and one line unless the geometry is that of an ultrasound image."""
    if geometry.kind not in tuple(ProbeKind):
        names = ", ".join(kind.name for kind in ProbeKind)
        raise EchoPilotError(f"{where}: probe kind {geometry.kind} does not exist; choose one of: {names}")
    values = {allowed.field: float(getattr(geometry, allowed.field)) for allowed in _RANGES}
    if not np.isfinite(list(values.values())).all():
        raise EchoPilotError(f"{where}: probe geometry holds numbers that are not finite")
    for allowed in _RANGES:
        if not allowed.low <= values[allowed.field] <= allowed.high:
            raise EchoPilotError(f"{where}: {allowed.meaning}, got {values[allowed.field]:.3g}")

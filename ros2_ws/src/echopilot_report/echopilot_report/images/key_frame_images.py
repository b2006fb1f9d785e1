"""Key frames as images for the page: cropped to the sector, with overlay and calipers, as base64 PNG."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import (
    SCALE_UNKNOWN,
    CaliperPoint,
    GateStatus,
    Measurement,
    MeasurementName,
    ProbeGeometry,
    SegmentationClass,
    View,
)
from echopilot_exam.record import KeyFrameRecord
from echopilot_exam.record.images import read_png
from echopilot_report.grading.wording import text
from echopilot_report.images.overlay import PALETTE_RGB, labels_on_image, overlay

MARGIN_PX = 8
SHORT_MARK_PX, LONG_MARK_PX, MARK_GRAY = 4, 9, 190
LENGTHS = (
    MeasurementName.AORTIC_ROOT_PLAX,
    MeasurementName.ASCENDING_AORTA_PLAX,
    MeasurementName.IVC_DIAMETER,
    MeasurementName.EFFUSION_DEPTH,
)
DRAWN = (MeasurementName.AORTA_OUTER_AP, MeasurementName.LV_VOLUME, *LENGTHS)


@dataclass(frozen=True)
class KeyFrameImage:
    """Images and caption of one key frame."""

    plain: str  # data URI
    drawn: str  # data URI, empty without a label map
    caption: str
    view: str
    sequence: int
    numbers: str
    classes: tuple[tuple[str, str], ...]  # name and color


def key_frame_image(key: KeyFrameRecord, caption: str, view: str, measured: bool) -> KeyFrameImage | None:
    """The image of a key frame, or None when its file cannot be read; numbers only where the view was `measured`."""
    try:
        image = read_png(key.image_path)
    except (ValueError, OSError):
        return None
    gray = image
    window = _window(key, gray.shape)
    drawn = ""
    classes: tuple[tuple[str, str], ...] = ()
    if key.label_map is not None:
        labels = labels_on_image(key.label_map, key.geometry, (gray.shape[0], gray.shape[1]))
        calipers = [
            (m.end_points[0], m.end_points[1])
            for m in key.measurements
            if measured and m.name in DRAWN and m.view is key.view and len(m.end_points) == 2
        ]
        drawn = _uri(cv2.cvtColor(_drawn(gray, key, calipers)[_twice(window)], cv2.COLOR_RGB2BGR))
        classes = tuple(
            (t.name.replace("_", " "), "#{:02x}{:02x}{:02x}".format(*PALETTE_RGB[t]))
            for t in SegmentationClass
            if t in PALETTE_RGB and t is not SegmentationClass.SHADOW and (labels[window] == t).any()
        )
    return KeyFrameImage(
        _uri((_ruled(gray, key.geometry, window) if key.preset != SCALE_UNKNOWN else gray)[window]),
        drawn,
        caption,
        view,
        key.sequence,
        frame_numbers(key.measurements, key.view) if measured else "",
        classes,
    )


def _drawn(
    gray: NDArray[np.uint8], key: KeyFrameRecord, calipers: Sequence[tuple[CaliperPoint, CaliperPoint]]
) -> NDArray[np.uint8]:
    """Overlay at twice the resolution, for thin lines."""
    if key.label_map is None:
        raise ValueError("no label map")
    fine = np.asarray(cv2.resize(gray, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_CUBIC), np.uint8)
    geometry = replace(
        key.geometry,
        spacing_x_m=key.geometry.spacing_x_m / 2.0,
        spacing_y_m=key.geometry.spacing_y_m / 2.0,
        origin_u_px=2.0 * key.geometry.origin_u_px + 0.5,
        origin_v_px=2.0 * key.geometry.origin_v_px + 0.5,
    )
    labels = labels_on_image(key.label_map, geometry, (fine.shape[0], fine.shape[1]))
    return overlay(fine, labels, calipers, geometry)


def _ruled(gray: NDArray[np.uint8], geometry: ProbeGeometry, window: tuple[slice, slice]) -> NDArray[np.uint8]:
    """The image with a mark per centimeter below the face at the right edge of `window`, every fifth one longer."""
    ruled = gray.copy()
    right = gray.shape[1] if window[1].stop is None else window[1].stop
    for cm in range(1, int(geometry.depth_m * 100.0 + 1e-6) + 1):
        row = round(geometry.origin_v_px + 0.01 * cm / geometry.spacing_y_m)
        if 0 <= row < gray.shape[0]:
            ruled[row, right - (LONG_MARK_PX if cm % 5 == 0 else SHORT_MARK_PX) : right] = MARK_GRAY
    return ruled


def _twice(window: tuple[slice, slice]) -> tuple[slice, slice]:
    return tuple(slice(None) if s.start is None else slice(2 * s.start, 2 * s.stop) for s in window)  # type: ignore[return-value]


def frame_numbers(measurements: Sequence[Measurement], view: View, form: str = "frame") -> str:
    """Measurements of one frame of a measured view, as text: form "frame" for a caption, "source" for a list."""
    parts = []
    for m in measurements:
        if not np.isfinite(m.value) or m.view is not view or view is View.NONE or m.gate is GateStatus.REFUSED:
            continue
        if m.name is MeasurementName.AORTA_OUTER_AP:
            parts.append(text("how", f"{form}_aorta", mm=f"{m.value * 1e3:.1f}"))
        elif m.name is MeasurementName.LV_VOLUME:
            parts.append(text("how", f"{form}_volume", ml=f"{m.value * 1e6:.0f}"))
        elif m.name in LENGTHS:
            parts.append(text("how", "frame_length", name=text("measurement", m.name), mm=f"{m.value * 1e3:.1f}"))
    return "; ".join(parts)


def _window(key: KeyFrameRecord, shape: tuple[int, ...]) -> tuple[slice, slice]:
    box = key.sector
    top, bottom = max(box.top_px - MARGIN_PX, 0), min(box.bottom_px + MARGIN_PX, shape[0])
    left, right = max(box.left_px - MARGIN_PX, 0), min(box.right_px + MARGIN_PX, shape[1])
    if bottom - top < 16 or right - left < 16:
        return slice(None), slice(None)
    return slice(top, bottom), slice(left, right)


def _uri(image: NDArray[np.uint8]) -> str:
    _, png = cv2.imencode(".png", image)
    return "data:image/png;base64," + base64.b64encode(png.tobytes()).decode()

"""Key frames as pictures for the page: cropped to the sector, with overlay and callipers, as base64 PNG."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EndPoint, Measurement, ProbeGeometry, Tissue, View
from echopilot_exam.record import KeyFrameRecord
from echopilot_report.overlay import PALETTE_RGB, labels_on_picture, overlay
from echopilot_report.reading.wording import text

MARGIN_PX = 8
SHORT_MARK_PX, LONG_MARK_PX, MARK_GREY = 4, 9, 190
LENGTHS = ("aortic_root_plax", "ascending_aorta_plax", "ivc_diameter", "effusion_depth")
DRAWN = ("aorta_outer_ap", "lv_volume", *LENGTHS)


@dataclass(frozen=True)
class Picture:
    """One key frame ready for the page."""

    plain: str  # data URI
    drawn: str  # data URI, empty without a label map
    caption: str
    view: str
    sequence: int
    numbers: str
    classes: tuple[tuple[str, str], ...]  # name and colour


def picture_of(key: KeyFrameRecord, caption: str, view: str, measured: bool) -> Picture | None:
    """The picture of a key frame, or None when its file cannot be read; numbers only where the view was `measured`."""
    image = cv2.imread(str(key.image_path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        return None
    grey = np.asarray(image, np.uint8)
    window = _window(key, grey.shape)
    drawn = ""
    classes: tuple[tuple[str, str], ...] = ()
    if key.label_map is not None:
        labels = labels_on_picture(key.label_map, key.geometry, (grey.shape[0], grey.shape[1]))
        callipers = [
            (m.end_points[0], m.end_points[1])
            for m in key.measurements
            if measured and m.name in DRAWN and m.view is key.view and len(m.end_points) == 2
        ]
        drawn = _uri(cv2.cvtColor(_drawn(grey, key, callipers)[_twice(window)], cv2.COLOR_RGB2BGR))
        classes = tuple(
            (t.name.replace("_", " "), "#{:02x}{:02x}{:02x}".format(*PALETTE_RGB[t]))
            for t in Tissue
            if t in PALETTE_RGB and t is not Tissue.SHADOW and (labels[window] == t).any()
        )
    return Picture(
        _uri(_ruled(grey, key.geometry, window)[window]),
        drawn,
        caption,
        view,
        key.sequence,
        frame_numbers(key.measurements, key.view) if measured else "",
        classes,
    )


def _drawn(
    grey: NDArray[np.uint8], key: KeyFrameRecord, callipers: Sequence[tuple[EndPoint, EndPoint]]
) -> NDArray[np.uint8]:
    """Overlay at twice the resolution, so that lines stay thin beside the tissue."""
    if key.label_map is None:
        raise ValueError("no label map")
    fine = np.asarray(cv2.resize(grey, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_CUBIC), np.uint8)
    geometry = replace(
        key.geometry,
        spacing_x_m=key.geometry.spacing_x_m / 2.0,
        spacing_y_m=key.geometry.spacing_y_m / 2.0,
        origin_u_px=2.0 * key.geometry.origin_u_px + 0.5,
        origin_v_px=2.0 * key.geometry.origin_v_px + 0.5,
    )
    labels = labels_on_picture(key.label_map, geometry, (fine.shape[0], fine.shape[1]))
    return overlay(fine, labels, callipers, geometry)


def _ruled(grey: NDArray[np.uint8], geometry: ProbeGeometry, window: tuple[slice, slice]) -> NDArray[np.uint8]:
    """The picture with a mark per centimetre below the face at the right edge of `window`, every fifth one longer."""
    ruled = grey.copy()
    right = grey.shape[1] if window[1].stop is None else window[1].stop
    for cm in range(1, int(geometry.depth_m * 100.0 + 1e-6) + 1):
        row = round(geometry.origin_v_px + 0.01 * cm / geometry.spacing_y_m)
        if 0 <= row < grey.shape[0]:
            ruled[row, right - (LONG_MARK_PX if cm % 5 == 0 else SHORT_MARK_PX) : right] = MARK_GREY
    return ruled


def _twice(window: tuple[slice, slice]) -> tuple[slice, slice]:
    return tuple(slice(None) if s.start is None else slice(2 * s.start, 2 * s.stop) for s in window)  # type: ignore[return-value]


def frame_numbers(measurements: Sequence[Measurement], view: View) -> str:
    """What was read in one frame of a view that was measured, in words."""
    parts = []
    for m in measurements:
        if not np.isfinite(m.value) or m.view is not view:
            continue
        if m.name == "aorta_outer_ap":
            parts.append(text("how", "frame_aorta", mm=f"{m.value * 1e3:.1f}"))
        elif m.name == "lv_volume":
            parts.append(text("how", "frame_volume", ml=f"{m.value * 1e6:.0f}"))
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


def _uri(picture: NDArray[np.uint8]) -> str:
    _, png = cv2.imencode(".png", picture)
    return "data:image/png;base64," + base64.b64encode(png.tobytes()).decode()

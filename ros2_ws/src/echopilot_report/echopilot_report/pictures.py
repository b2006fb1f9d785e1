"""Key frames as pictures for the page: cropped to the sector, with overlay and callipers, as base64 PNG."""

import base64
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import Tissue
from echopilot_exam.record import KeyFrameRecord
from echopilot_report.overlay import PALETTE_RGB, labels_on_picture, overlay

MARGIN_PX = 8
DRAWN = ("aorta_outer_ap", "lv_volume")


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
            if measured and m.name in DRAWN and len(m.end_points) == 2
        ]
        rgb = overlay(grey, labels, callipers, key.geometry)
        drawn = _uri(cv2.cvtColor(rgb[window], cv2.COLOR_RGB2BGR))
        classes = tuple(
            (t.name.replace("_", " "), "#{:02x}{:02x}{:02x}".format(*PALETTE_RGB[t]))
            for t in Tissue
            if t in PALETTE_RGB and t is not Tissue.SHADOW and (labels[window] == t).any()
        )
    return Picture(_uri(grey[window]), drawn, caption, view, key.sequence, _numbers(key) if measured else "", classes)


def _numbers(key: KeyFrameRecord) -> str:
    parts = []
    for m in key.measurements:
        if m.name == "aorta_outer_ap" and np.isfinite(m.value):
            parts.append(f"outer AP {m.value * 1e3:.1f} mm in this frame, not corrected for tilt")
        elif m.name == "lv_volume" and np.isfinite(m.value):
            parts.append(f"LV volume {m.value * 1e6:.0f} mL in this frame")
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

"""B-mode image for the page: JPEG bytes and a header with outlines, which the page draws or hides."""

import json
import struct
import time

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import Frame, LabelMap, MeasurementName, PerceptionResult, ProbeGeometry, SegmentationClass, View
from echopilot_report.images.overlay import PALETTE_RGB
from echopilot_report.page.live.messages import rounded

JPEG_QUALITY = 92
LEAST_CELLS = 12  # smaller regions are noise of the network
SMOOTH_CELLS = 0.6  # tolerance of the simplified outline
NOT_OUTLINED = (SegmentationClass.SHADOW, SegmentationClass.LIVER)
CALIPERS = (MeasurementName.AORTA_OUTER_AP,)

PALETTE_HEX = {t.name: "#{:02x}{:02x}{:02x}".format(*rgb) for t, rgb in PALETTE_RGB.items()}


def packed(frame: Frame, seen: PerceptionResult | None) -> bytes:
    """Four bytes with the header's length (big endian), the header (JSON), the JPEG. `seen` belongs to `frame`.

    Outlines and calipers are in pixels of the image, flat: x0, y0, x1, y1, ...
    """
    _, jpeg = cv2.imencode(".jpg", np.ascontiguousarray(frame.image), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    header = json.dumps(_header(frame, seen), separators=(",", ":"), allow_nan=False).encode()
    return struct.pack(">I", len(header)) + header + bytes(jpeg)


def unpacked(message: bytes) -> tuple[dict[str, object], bytes]:
    """Header and JPEG of a packed image."""
    (length,) = struct.unpack_from(">I", message)
    return json.loads(message[4 : 4 + length]), message[4 + length :]


def _header(frame: Frame, seen: PerceptionResult | None) -> dict[str, object]:
    geometry, height = frame.geometry, frame.image.shape[0]
    header: dict[str, object] = {
        "sequence": frame.sequence,
        "acquired_ms": frame.steady_ns / 1e6 if frame.steady_ns else None,
        "sent_ms": time.monotonic_ns() / 1e6,
        "frozen": frame.imaging.frozen,
        "preset": frame.imaging.preset,
        "width": frame.image.shape[1],
        "height": height,
        "sector": [frame.sector.left_px, frame.sector.top_px, frame.sector.right_px, frame.sector.bottom_px],
        "px_per_cm": [rounded(0.01 / geometry.spacing_x_m, 3), rounded(0.01 / geometry.spacing_y_m, 3)],
        "face": [rounded(geometry.origin_u_px, 1), rounded(geometry.origin_v_px, 1)],
        "opening": rounded(geometry.opening_angle_rad, 4),
        "depth_cm": rounded(geometry.depth_m * 100.0, 1),
    }
    if seen is not None:
        best = int(np.argmax(seen.view_probability))
        is_aorta = View(best) in (View.AORTA_TRANS, View.AORTA_LONG)
        header |= {
            "outlines": outlines(seen.label_map, geometry),
            "calipers": _calipers(seen, geometry) if is_aorta else [],
            "view": View(best).name,
            "view_p": rounded(seen.view_probability[best], 3),
            "quality": rounded(seen.quality, 3),
            "foreign": rounded(seen.ood_score, 3),
            "coupling": [rounded(float(c), 2) for c in seen.coupling],
            "network_ms": rounded(seen.latency_s * 1e3, 1),
        }
    return header


def outlines(labels: LabelMap, geometry: ProbeGeometry) -> list[list[object]]:
    """[class name, flat points] of every region, in pixels of the image."""
    found: list[list[object]] = []
    for tissue in np.unique(labels.labels):
        if tissue == 0 or SegmentationClass(int(tissue)) in NOT_OUTLINED:
            continue
        mask = (labels.labels == tissue).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for contour in contours:
            if cv2.contourArea(contour) < LEAST_CELLS:
                continue
            cells = cv2.approxPolyDP(contour, SMOOTH_CELLS, True)[:, 0, :]
            x_m = labels.origin_x_m + cells[:, 0] * labels.spacing_m
            y_m = labels.origin_y_m + cells[:, 1] * labels.spacing_m
            found.append([SegmentationClass(int(tissue)).name, _pixels(x_m, y_m, geometry)])
    return found


def _calipers(seen: PerceptionResult, geometry: ProbeGeometry) -> list[list[object]]:
    found: list[list[object]] = []
    for measurement in seen.measurements:
        ends = np.array([[e.x_m, e.y_m] for e in measurement.end_points])
        if measurement.name in CALIPERS and ends.shape == (2, 2) and np.isfinite(ends).all():
            text = f"{measurement.value * 1e3:.0f} mm" if np.isfinite(measurement.value) else ""
            found.append([text, _pixels(ends[:, 0], ends[:, 1], geometry)])
    return found


def _pixels(x_m: NDArray[np.float64], y_m: NDArray[np.float64], geometry: ProbeGeometry) -> list[float]:
    u = x_m / geometry.spacing_x_m + geometry.origin_u_px
    v = y_m / geometry.spacing_y_m + geometry.origin_v_px
    return [round(float(value), 1) for value in np.stack([u, v], axis=1).ravel()]

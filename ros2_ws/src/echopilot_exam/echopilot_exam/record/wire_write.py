"""Frames and results as messages without ROS: dictionaries that mcap-ros2-support writes by the message definitions.

The bytes are those that rclpy makes of the messages of echopilot_nodes.conversions; a test holds that.
"""

from array import array
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echopilot_core import Finding, Frame, Measurement, ProbeGeometry, Seen

NS_PER_S = 1_000_000_000

Message = dict[str, Any]


def header(stamp_ns: int, frame_id: str) -> Message:
    """Header with the stamp [ns]."""
    sec, nanosec = divmod(int(stamp_ns), NS_PER_S)
    return {"stamp": {"sec": sec, "nanosec": nanosec}, "frame_id": frame_id}


def geometry_message(g: ProbeGeometry) -> Message:
    """echopilot_msgs/ProbeGeometry."""
    return {
        "kind": int(g.kind),
        "radius": g.radius_m,
        "opening_angle": g.opening_angle_rad,
        "aperture": g.aperture_m,
        "depth": g.depth_m,
        "spacing_x": g.spacing_x_m,
        "spacing_y": g.spacing_y_m,
        "origin_u": g.origin_u_px,
        "origin_v": g.origin_v_px,
        "frequency": g.frequency_hz,
        "marker_side": int(g.marker_side),
    }


def frame_message(frame: Frame) -> Message:
    """echopilot_msgs/UltrasoundFrame."""
    height, width = frame.image.shape
    head = header(frame.stamp_ns, "us_image")
    s, i = frame.sector, frame.imaging
    image = {"header": head, "height": height, "width": width, "encoding": "mono8", "is_bigendian": 0, "step": width}
    return {
        "header": head,
        "sequence": frame.sequence,
        "steady_stamp": frame.steady_ns,
        "image": image | {"data": bytes_of(frame.image)},
        "geometry": geometry_message(frame.geometry),
        "sector": {"left": s.left_px, "top": s.top_px, "right": s.right_px, "bottom": s.bottom_px},
        "mode": int(i.mode),
        "gain": i.gain_db,
        "dynamic_range": i.dynamic_range_db,
        "focus": i.focus_m,
        "mechanical_index": i.mechanical_index,
        "thermal_index": i.thermal_index,
        "frozen": i.frozen,
        "probe_id": i.probe_id,
        "preset": i.preset,
    }


def result_message(seen: Seen) -> Message:
    """echopilot_msgs/PerceptionResult."""
    e, g, p, b, labels = seen.extents, seen.guidance, seen.landmarks, seen.boxes, seen.label_map
    height, width = labels.labels.shape
    return {
        "header": header(seen.stamp_ns, "us_image"),
        "sequence": seen.sequence,
        "geometry": geometry_message(seen.geometry),
        "label_map": {
            "height": height,
            "width": width,
            "origin_x": labels.origin_x_m,
            "origin_y": labels.origin_y_m,
            "spacing": labels.spacing_m,
            "labels": bytes_of(labels.labels),
        },
        "class_ids": bytes(int(x.tissue) for x in e),
        "class_areas": [float(x.area_m2) for x in e],
        "class_sigmas": [float(x.sigma_m2) for x in e],
        "class_centroids_x": [float(x.centroid_x_m) for x in e],
        "class_centroids_y": [float(x.centroid_y_m) for x in e],
        "view_probabilities": doubles_of(seen.view_probability),
        "quality": float(seen.quality),
        "coupling": doubles_of(seen.coupling),
        "ood_score": float(seen.ood_score),
        "guidance_views": bytes(int(x.view) for x in g),
        "guidance_motions": doubles_of([x.motion for x in g]),
        "guidance_sigmas": doubles_of([x.sigma for x in g]),
        "landmark_names": [x.name for x in p],
        "landmark_positions": doubles_of([x.position_m for x in p]),
        "landmark_covariances": doubles_of([x.covariance_m2 for x in p]),
        "box_kinds": [x.kind for x in b],
        "box_scores": [float(x.score) for x in b],
        "box_corners": doubles_of([[x.left_m, x.top_m, x.right_m, x.bottom_m] for x in b]),
        "findings": [finding_message(x, seen.stamp_ns) for x in seen.findings],
        "measurements": [measurement_message(x, seen.stamp_ns) for x in seen.measurements],
        "model_id": seen.model_id,
        "model_sha256": seen.model_sha256,
        "latency": float(seen.latency_s),
    }


def measurement_message(m: Measurement, stamp_ns: int) -> Message:
    """echopilot_msgs/Measurement, stamped with the tick [ns] that made it."""
    return {
        "header": header(stamp_ns, "us_image"),
        "name": m.name,
        "value": float(m.value),
        "unit": m.unit,
        "sigma": float(m.sigma),
        "view": int(m.view),
        "convention": int(m.convention),
        "phase": int(m.phase),
        "obliquity": float(m.obliquity_rad),
        "gate": int(m.gate),
        "gate_reason": m.gate_reason,
        "end_points_x": [float(p.x_m) for p in m.end_points],
        "end_points_y": [float(p.y_m) for p in m.end_points],
        "frame_sequences": list(m.frame_sequences),
        "station": float(m.station_m),
    }


def finding_message(f: Finding, stamp_ns: int) -> Message:
    """echopilot_msgs/Finding, stamped with the tick [ns] that raised it."""
    return {
        "header": header(stamp_ns, "us_image"),
        "kind": int(f.kind),
        "probability": float(f.probability),
        "view": int(f.view),
        "frame_sequences": list(f.frame_sequences),
        "text": f.text,
        "borderline": bool(f.borderline),
    }


def doubles_of(values: ArrayLike) -> "array[float]":
    """float64 array of any shape, flat."""
    return array("d", np.ascontiguousarray(values, dtype=np.float64).tobytes())


def bytes_of(values: NDArray[np.uint8]) -> bytes:
    """uint8 array of any shape, flat."""
    return np.ascontiguousarray(values, dtype=np.uint8).tobytes()

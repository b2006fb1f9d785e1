"""Frames, results and the body as the standard messages that RViz, rqt, Foxglove and other people's nodes read."""

from echopilot_wire.display.clouds import to_plane_cloud, to_skin_cloud
from echopilot_wire.display.images import to_compressed, to_image
from echopilot_wire.display.markers import to_body_markers, to_plane, to_tube
from echopilot_wire.display.vision import to_class_names, to_classification, to_detections

__all__ = [
    "to_body_markers",
    "to_class_names",
    "to_classification",
    "to_compressed",
    "to_detections",
    "to_image",
    "to_plane",
    "to_plane_cloud",
    "to_skin_cloud",
    "to_tube",
]

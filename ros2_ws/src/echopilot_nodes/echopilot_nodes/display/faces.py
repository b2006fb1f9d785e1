"""The table of image topics in standard messages: what each is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sensor_msgs.msg import CompressedImage, Image, PointCloud2
from visualization_msgs.msg import MarkerArray

from echopilot_nodes.display.display_frame import DisplayFrame
from echopilot_nodes.graph import topics
from echopilot_wire import Message, display
from vision_msgs.msg import Classification, Detection2DArray


class Source(Enum):
    """An input of the node, subscribed to while somebody wants what is made of it."""

    FRAMES = "frames"
    RESULTS = "results"
    ROBOT = "robot"
    EXAM = "exam"
    SURFACE = "surface"


@dataclass(frozen=True)
class Face:
    """A topic made of a frame, or of a frame and its result.

    Attributes:
        kind: the message's class of rclpy.
        topic: relative name.
        make: from the shown frame, or from the result where `needs` has no frames.
        needs: inputs; it is sent with each result where RESULTS is among them, else with each frame.
    """

    kind: Any
    topic: str
    make: Callable[[Any], Message]
    needs: frozenset[Source]


def _face(kind: Any, topic: str, make: Callable[[Any], Message], *needs: Source) -> Face:
    return Face(kind, topic, make, frozenset(needs))


def _image(shown: DisplayFrame) -> Message:
    return display.to_image(shown.frame.stamp_ns, shown.frame.image)


def _jpeg(shown: DisplayFrame) -> Message:
    return display.to_compressed(shown.frame.stamp_ns, shown.jpeg)


def _plane(shown: DisplayFrame) -> Message:
    return display.to_plane(shown.frame, shown.jpeg, shown.T_base_probe)


def _points(shown: DisplayFrame) -> Message:
    return display.to_plane_cloud(shown.frame, shown.T_base_probe)


def _overlay(shown: DisplayFrame) -> Message:
    return display.to_image(shown.frame.stamp_ns, shown.overlay)


def _overlay_jpeg(shown: DisplayFrame) -> Message:
    return display.to_compressed(shown.frame.stamp_ns, shown.overlay_jpeg)


def _labels(shown: DisplayFrame) -> Message:
    return display.to_image(shown.frame.stamp_ns, shown.labels)


_F, _R, _P = Source.FRAMES, Source.RESULTS, Source.ROBOT
FACES: tuple[Face, ...] = (
    _face(Image, topics.PROBE_IMAGE, _image, _F),
    _face(CompressedImage, topics.PROBE_IMAGE_COMPRESSED, _jpeg, _F),
    _face(MarkerArray, topics.PROBE_PLANE, _plane, _F, _P),
    _face(PointCloud2, topics.PROBE_POINTS, _points, _F, _P),
    _face(Image, topics.OVERLAY, _overlay, _F, _R),
    _face(CompressedImage, topics.OVERLAY_COMPRESSED, _overlay_jpeg, _F, _R),
    _face(Image, topics.LABELS, _labels, _F, _R),
    _face(Detection2DArray, topics.DETECTIONS, display.to_detections, _R),
    _face(Classification, topics.VIEW, display.to_classification, _R),
)

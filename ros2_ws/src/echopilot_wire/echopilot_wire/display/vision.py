"""Perception results as `vision_msgs`: detections, view classification, and the names behind class numbers."""

from enum import IntEnum

import numpy as np

from echopilot_core import ClassExtent, HeadName, LabelMap, PerceptionResult, View, se3
from echopilot_wire.basic import to_header, to_pose
from echopilot_wire.display.images import FRAME_ID
from echopilot_wire.store import Message, geometry_msgs, vision_msgs

FINDING = "finding/"
"""Before the class of a detection that is a suspicion for review, not a structure."""

_UNKNOWN = np.zeros(36)  # covariance


def to_detections(result: PerceptionResult) -> Message:
    """Detection2DArray: a box per segmented class and per suspicious area, in pixels of the frame's image.

    The class of a structure is the name of its `SegmentationClass`, its score one minus the relative standard deviation
    of its area; a suspicious area is `finding/` and its kind, with the network's score. The pose is the center in
    `us_image` [m].
    """
    detections = [
        _detection(result, extent.tissue.name, _certainty(extent), *box)
        for extent in result.extents
        if (box := _box_m(result.label_map, extent.tissue)) is not None
    ]
    detections += [
        _detection(result, FINDING + b.kind, b.score, b.left_m, b.top_m, b.right_m, b.bottom_m) for b in result.boxes
    ]
    return vision_msgs.Detection2DArray(to_header(result.stamp_ns, FRAME_ID), detections)


def to_classification(result: PerceptionResult) -> Message:
    """Classification: standard views by probability, most probable first; empty for a model without that head."""
    order = np.argsort(-result.view_probability, kind="stable") if HeadName.VIEW in result.heads else ()
    hypotheses = [vision_msgs.ObjectHypothesis(View(int(v)).name, float(result.view_probability[v])) for v in order]
    return vision_msgs.Classification(to_header(result.stamp_ns, FRAME_ID), hypotheses)


def to_class_names(names: type[IntEnum]) -> Message:
    """LabelInfo: names of the numbers of an enumeration, as of `SegmentationClass` for a label image."""
    classes = [vision_msgs.VisionClass(int(item), item.name) for item in names]
    return vision_msgs.LabelInfo(to_header(0, FRAME_ID), classes, 0.0)


def _certainty(extent: ClassExtent) -> float:
    return float(np.clip(1.0 - extent.sigma_m2 / max(extent.area_m2, 1e-12), 0.0, 1.0))


def _box_m(labels: LabelMap, tissue: int) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom [m] of a class in `us_image`; None where it has no cell."""
    rows, columns = np.nonzero(labels.labels == tissue)
    if not len(rows):
        return None
    half_m = 0.5 * labels.spacing_m
    x_m, y_m = labels.origin_x_m + columns * labels.spacing_m, labels.origin_y_m + rows * labels.spacing_m
    return x_m.min() - half_m, y_m.min() - half_m, x_m.max() + half_m, y_m.max() + half_m


def _detection(
    result: PerceptionResult, class_id: str, score: float, left: float, top: float, right: float, bottom: float
) -> Message:
    g = result.geometry
    center_m = np.array([[0.5 * (left + right), 0.5 * (top + bottom)]])
    pose = se3.transform(np.eye(3), np.append(center_m[0], 0.0))
    hypothesis = vision_msgs.ObjectHypothesisWithPose(
        vision_msgs.ObjectHypothesis(class_id, score), geometry_msgs.PoseWithCovariance(to_pose(pose), _UNKNOWN)
    )
    middle = vision_msgs.Pose2D(vision_msgs.Point2D(*g.pixels(center_m)[0].tolist()), 0.0)
    box = vision_msgs.BoundingBox2D(middle, (right - left) / g.spacing_x_m, (bottom - top) / g.spacing_y_m)
    return vision_msgs.Detection2D(to_header(result.stamp_ns, FRAME_ID), [hypothesis], box, "")

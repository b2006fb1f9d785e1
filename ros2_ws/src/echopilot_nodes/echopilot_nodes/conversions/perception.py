"""PerceptionResult and LabelMap."""

import numpy as np
from echopilot_msgs.msg import LabelMap as LabelMapMsg
from echopilot_msgs.msg import PerceptionResult

from echopilot_core import LabelMap, Seen
from echopilot_exam.record import wire_read
from echopilot_nodes.conversions.basic import to_bytes, to_doubles, to_header, to_uint8s
from echopilot_nodes.conversions.clinical import to_finding, to_measurement
from echopilot_nodes.conversions.frames import to_geometry


def to_label_map(label_map: LabelMap) -> LabelMapMsg:
    """Label map to its message."""
    height, width = label_map.labels.shape
    return LabelMapMsg(
        height=height,
        width=width,
        origin_x=float(label_map.origin_x_m),
        origin_y=float(label_map.origin_y_m),
        spacing=float(label_map.spacing_m),
        labels=to_bytes(label_map.labels),
    )


def to_result(seen: Seen) -> PerceptionResult:
    """What was seen to its message; header and sequence are those of the frame."""
    e, g, p, b = seen.extents, seen.guidance, seen.landmarks, seen.boxes
    return PerceptionResult(
        header=to_header(seen.stamp_ns, "us_image"),
        sequence=seen.sequence,
        geometry=to_geometry(seen.geometry),
        label_map=to_label_map(seen.label_map),
        class_ids=to_uint8s(tuple(int(x.tissue) for x in e)),
        class_areas=to_doubles([x.area_m2 for x in e]),
        class_sigmas=to_doubles([x.sigma_m2 for x in e]),
        class_centroids_x=to_doubles([x.centroid_x_m for x in e]),
        class_centroids_y=to_doubles([x.centroid_y_m for x in e]),
        view_probabilities=to_doubles(seen.view_probability),
        quality=float(seen.quality),
        coupling=to_doubles(seen.coupling),
        ood_score=float(seen.ood_score),
        guidance_views=to_uint8s(tuple(int(x.view) for x in g)),
        guidance_motions=to_doubles([x.motion for x in g]),
        guidance_sigmas=to_doubles([x.sigma for x in g]),
        landmark_names=[x.name for x in p],
        landmark_positions=to_doubles([x.position_m for x in p]),
        landmark_covariances=to_doubles([x.covariance_m2 for x in p]),
        box_kinds=[x.kind for x in b],
        box_scores=to_doubles([x.score for x in b]),
        box_corners=to_doubles([[x.left_m, x.top_m, x.right_m, x.bottom_m] for x in b]),
        findings=[to_finding(x, seen.stamp_ns) for x in seen.findings],
        measurements=[to_measurement(x, seen.stamp_ns) for x in seen.measurements],
        model_id=seen.model_id,
        model_sha256=seen.model_sha256,
        latency=float(seen.latency_s),
    )


def empty_label_map() -> LabelMapMsg:
    """A label map without cells, for messages that may leave it out."""
    return to_label_map(LabelMap(np.zeros((0, 0), np.uint8), float("nan"), float("nan"), float("nan")))


# Reading needs no ROS: recordings are read by the same functions.
from_label_map = wire_read.read_label_map
from_result = wire_read.read_result

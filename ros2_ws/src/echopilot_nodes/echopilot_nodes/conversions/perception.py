"""PerceptionResult and LabelMap."""

import numpy as np
from echopilot_msgs.msg import LabelMap as LabelMapMsg
from echopilot_msgs.msg import PerceptionResult

from echopilot_core import Box, ClassExtent, Guidance, LabelMap, Landmark, Seen, Tissue, View
from echopilot_nodes.conversions.basic import (
    from_bytes,
    from_doubles,
    from_time,
    to_bytes,
    to_doubles,
    to_header,
    to_uint8s,
)
from echopilot_nodes.conversions.clinical import from_finding, from_measurement, to_finding, to_measurement
from echopilot_nodes.conversions.frames import from_geometry, to_geometry


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


def from_label_map(m: LabelMapMsg) -> LabelMap:
    """Message to label map; ValueError when cells are missing."""
    return LabelMap(from_bytes(m.labels, m.height, m.width), m.origin_x, m.origin_y, m.spacing)


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


def from_result(m: PerceptionResult) -> Seen:
    """Message to what was seen; ValueError when group lengths differ or an enum is unknown."""
    if len(m.view_probabilities) != len(View):
        raise ValueError(f"result {m.sequence} has {len(m.view_probabilities)} view probabilities, needs {len(View)}")
    motions = from_doubles(m.guidance_motions, len(m.guidance_views), 6)
    sigmas = from_doubles(m.guidance_sigmas, len(m.guidance_views), 6)
    positions = from_doubles(m.landmark_positions, len(m.landmark_names), 2)
    covariances = from_doubles(m.landmark_covariances, len(m.landmark_names), 2, 2)
    corners = from_doubles(m.box_corners, len(m.box_kinds), 4).tolist()
    extents = zip(m.class_ids, m.class_areas, m.class_sigmas, m.class_centroids_x, m.class_centroids_y, strict=True)
    return Seen(
        stamp_ns=from_time(m.header.stamp),
        sequence=m.sequence,
        geometry=from_geometry(m.geometry),
        label_map=from_label_map(m.label_map),
        extents=tuple(ClassExtent(Tissue(c), area, sigma, x, y) for c, area, sigma, x, y in extents),
        view_probability=from_doubles(m.view_probabilities),
        quality=m.quality,
        coupling=from_doubles(m.coupling),
        ood_score=m.ood_score,
        guidance=tuple(
            Guidance(View(v), motion, sigma) for v, motion, sigma in zip(m.guidance_views, motions, sigmas, strict=True)
        ),
        landmarks=tuple(
            Landmark(n, xy, cov) for n, xy, cov in zip(m.landmark_names, positions, covariances, strict=True)
        ),
        boxes=tuple(Box(k, s, *c) for k, s, c in zip(m.box_kinds, m.box_scores, corners, strict=True)),
        findings=tuple(from_finding(f) for f in m.findings),
        measurements=tuple(from_measurement(x) for x in m.measurements),
        model_id=m.model_id,
        model_sha256=m.model_sha256,
        latency_s=m.latency,
    )


def empty_label_map() -> LabelMapMsg:
    """A label map without cells, for messages that may leave it out."""
    return to_label_map(LabelMap(np.zeros((0, 0), np.uint8), float("nan"), float("nan"), float("nan")))

"""PerceptionResult and LabelMap."""

import numpy as np

from echopilot_core import (
    Box,
    ClassExtent,
    Guidance,
    HeadName,
    LabelMap,
    Landmark,
    PerceptionResult,
    SegmentationClass,
    View,
)
from echopilot_wire.basic import (
    from_doubles,
    octets_view,
    stamp_of,
    to_doubles,
    to_header,
    to_octets,
    to_small,
)
from echopilot_wire.clinical import from_finding, from_measurement, to_finding, to_measurement
from echopilot_wire.frame import from_geometry, to_geometry
from echopilot_wire.store import Message, echopilot_msgs, ultrasound_msgs

HAS_FIELDS = {head: f"has_{head.name.lower()}" for head in HeadName}
"""Field of the message that says whether the model has a head."""

_NOTHING = np.zeros(0, np.uint8)


def to_label_map(label_map: LabelMap) -> Message:
    """Label map to its message."""
    height, width = label_map.labels.shape
    return echopilot_msgs.LabelMap(
        height=height,
        width=width,
        origin_x=label_map.origin_x_m,
        origin_y=label_map.origin_y_m,
        spacing=label_map.spacing_m,
        labels=to_octets(label_map.labels),
    )


def from_label_map(m: Message) -> LabelMap:
    """Message to label map; ValueError when cells are missing."""
    return LabelMap(octets_view(m.labels, m.height, m.width).copy(), m.origin_x, m.origin_y, m.spacing)


def empty_label_map() -> Message:
    """A label map without cells, for messages that may leave it out."""
    nan = float("nan")
    return to_label_map(LabelMap(np.zeros((0, 0), np.uint8), nan, nan, nan))


def to_result(result: PerceptionResult) -> Message:
    """What was seen to its message; header and sequence are those of the frame."""
    e, g, p, b = result.extents, result.guidance, result.landmarks, result.boxes
    half_m = 0.5 * result.geometry.aperture_m
    return echopilot_msgs.PerceptionResult(
        header=to_header(result.stamp_ns, "us_image"),
        sequence=result.sequence,
        geometry=to_geometry(result.geometry),
        **{field: head in result.heads for head, field in HAS_FIELDS.items()},
        label_map=to_label_map(result.label_map),
        enhanced=_NOTHING if result.enhanced is None else to_octets(result.enhanced),
        class_ids=to_small([x.tissue for x in e]),
        class_areas=to_doubles([x.area_m2 for x in e]),
        class_sigmas=to_doubles([x.sigma_m2 for x in e]),
        class_centroids_x=to_doubles([x.centroid_x_m for x in e]),
        class_centroids_y=to_doubles([x.centroid_y_m for x in e]),
        view_probabilities=to_doubles(result.view_probability),
        quality=result.quality,
        coupling=ultrasound_msgs.Coupling(-half_m, half_m, to_doubles(result.coupling)),
        ood_score=result.ood_score,
        guidance_views=to_small([x.view for x in g]),
        guidance_motions=to_doubles([x.relative_pose_twist for x in g]),
        guidance_sigmas=to_doubles([x.sigma for x in g]),
        landmark_names=[x.name for x in p],
        landmark_positions=to_doubles([x.position_m for x in p]),
        landmark_covariances=to_doubles([x.covariance_m2 for x in p]),
        box_kinds=[x.kind for x in b],
        box_scores=to_doubles([x.score for x in b]),
        box_corners=to_doubles([(x.left_m, x.top_m, x.right_m, x.bottom_m) for x in b]),
        findings=[to_finding(x, result.stamp_ns) for x in result.findings],
        measurements=[to_measurement(x, result.stamp_ns) for x in result.measurements],
        model_id=result.model_id,
        model_sha256=result.model_sha256,
        latency=result.latency_s,
    )


def from_result(m: Message) -> PerceptionResult:
    """Message to what was seen; ValueError when group lengths differ or an enum is unknown."""
    if len(m.view_probabilities) != len(View):
        raise ValueError(f"result {m.sequence} has {len(m.view_probabilities)} view probabilities, needs {len(View)}")
    label_map = from_label_map(m.label_map)
    motions = from_doubles(m.guidance_motions, len(m.guidance_views), 6)
    sigmas = from_doubles(m.guidance_sigmas, len(m.guidance_views), 6)
    positions = from_doubles(m.landmark_positions, len(m.landmark_names), 2)
    covariances = from_doubles(m.landmark_covariances, len(m.landmark_names), 2, 2)
    boxes = zip(
        m.box_kinds, _plain(m.box_scores), from_doubles(m.box_corners, len(m.box_kinds), 4).tolist(), strict=True
    )
    areas = (m.class_areas, m.class_sigmas, m.class_centroids_x, m.class_centroids_y)
    extents = zip(m.class_ids, *map(_plain, areas), strict=True)
    shape = label_map.labels.shape
    return PerceptionResult(
        stamp_ns=stamp_of(m),
        sequence=m.sequence,
        geometry=from_geometry(m.geometry),
        label_map=label_map,
        extents=tuple(ClassExtent(SegmentationClass(c), area, sigma, x, y) for c, area, sigma, x, y in extents),
        view_probability=from_doubles(m.view_probabilities),
        quality=m.quality,
        coupling=from_doubles(m.coupling.values),
        ood_score=m.ood_score,
        guidance=tuple(
            Guidance(View(v), motion, sigma) for v, motion, sigma in zip(m.guidance_views, motions, sigmas, strict=True)
        ),
        landmarks=tuple(
            Landmark(n, xy, cov) for n, xy, cov in zip(m.landmark_names, positions, covariances, strict=True)
        ),
        boxes=tuple(Box(k, s, *c) for k, s, c in boxes),
        findings=tuple(from_finding(f) for f in m.findings),
        measurements=tuple(from_measurement(x) for x in m.measurements),
        model_id=m.model_id,
        model_sha256=m.model_sha256,
        latency_s=m.latency,
        enhanced=octets_view(m.enhanced, *shape).copy() if len(m.enhanced) else None,
        heads=frozenset(head for head, field in HAS_FIELDS.items() if getattr(m, field)),
    )


def _plain(values: Message) -> list[float]:
    return np.asarray(values, np.float64).tolist()  # type: ignore[no-any-return]

"""Messages back to core dataclasses: of any object with the message's fields, decoded from a file or made by rclpy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import (
    Box,
    ClassExtent,
    Convention,
    EndPoint,
    Finding,
    FindingKind,
    Frame,
    GateStatus,
    Guidance,
    Imaging,
    LabelMap,
    Landmark,
    MarkerSide,
    Measurement,
    Mode,
    Phase,
    ProbeGeometry,
    ProbeKind,
    SectorBox,
    Seen,
    Tissue,
    View,
)

NS_PER_S = 1_000_000_000


def stamp_ns(message: Any) -> int:
    """Stamp [ns] of a message with a header, exact."""
    return int(message.header.stamp.sec) * NS_PER_S + int(message.header.stamp.nanosec)


def doubles(values: Any, *shape: int) -> NDArray[np.float64]:
    """A float64[] field as an array of `shape`; ValueError when the length does not fit."""
    flat = np.array(values, dtype=np.float64)
    return flat.reshape(shape) if shape else flat


def octets(values: Any, *shape: int) -> NDArray[np.uint8]:
    """A uint8[] field as an array of `shape` of its own; ValueError when the length does not fit."""
    return np.frombuffer(bytes(values), dtype=np.uint8).reshape(shape).copy()


def read_geometry(m: Any) -> ProbeGeometry:
    """Message to geometry; ValueError for an unknown kind or marker side."""
    return ProbeGeometry(
        kind=ProbeKind(m.kind),
        radius_m=m.radius,
        opening_angle_rad=m.opening_angle,
        aperture_m=m.aperture,
        depth_m=m.depth,
        spacing_x_m=m.spacing_x,
        spacing_y_m=m.spacing_y,
        origin_u_px=m.origin_u,
        origin_v_px=m.origin_v,
        frequency_hz=m.frequency,
        marker_side=MarkerSide(m.marker_side),
    )


def read_frame(m: Any) -> Frame:
    """Message to frame; ValueError unless the image is mono8 and complete."""
    if m.image.encoding != "mono8":
        raise ValueError(f"frame {m.sequence} has encoding {m.image.encoding!r}; valid: mono8")
    rows = octets(m.image.data, m.image.height, m.image.step)
    return Frame(
        stamp_ns=stamp_ns(m),
        sequence=m.sequence,
        image=rows[:, : m.image.width],
        geometry=read_geometry(m.geometry),
        sector=SectorBox(m.sector.left, m.sector.top, m.sector.right, m.sector.bottom),
        imaging=Imaging(
            mode=Mode(m.mode),
            gain_db=m.gain,
            dynamic_range_db=m.dynamic_range,
            focus_m=m.focus,
            mechanical_index=m.mechanical_index,
            thermal_index=m.thermal_index,
            frozen=m.frozen,
            probe_id=m.probe_id,
            preset=m.preset,
        ),
        steady_ns=m.steady_stamp,
    )


def read_label_map(m: Any) -> LabelMap:
    """Message to label map; ValueError when cells are missing."""
    return LabelMap(octets(m.labels, m.height, m.width), m.origin_x, m.origin_y, m.spacing)


def read_measurement(m: Any) -> Measurement:
    """Message to measurement; ValueError for an unknown enum or unpaired end points."""
    return Measurement(
        name=m.name,
        value=m.value,
        unit=m.unit,
        sigma=m.sigma,
        view=View(m.view),
        convention=Convention(m.convention),
        phase=Phase(m.phase),
        obliquity_rad=m.obliquity,
        gate=GateStatus(m.gate),
        gate_reason=m.gate_reason,
        end_points=tuple(EndPoint(x, y) for x, y in zip(m.end_points_x, m.end_points_y, strict=True)),
        frame_sequences=tuple(m.frame_sequences),
        station_m=m.station,
    )


def read_finding(m: Any) -> Finding:
    """Message to finding; ValueError for an unknown enum."""
    return Finding(
        kind=FindingKind(m.kind),
        probability=m.probability,
        view=View(m.view),
        frame_sequences=tuple(m.frame_sequences),
        text=m.text,
        borderline=m.borderline,
    )


def read_result(m: Any) -> Seen:
    """Message to what was seen; ValueError when group lengths differ or an enum is unknown."""
    if len(m.view_probabilities) != len(View):
        raise ValueError(f"result {m.sequence} has {len(m.view_probabilities)} view probabilities, needs {len(View)}")
    motions = doubles(m.guidance_motions, len(m.guidance_views), 6)
    sigmas = doubles(m.guidance_sigmas, len(m.guidance_views), 6)
    positions = doubles(m.landmark_positions, len(m.landmark_names), 2)
    covariances = doubles(m.landmark_covariances, len(m.landmark_names), 2, 2)
    corners = doubles(m.box_corners, len(m.box_kinds), 4).tolist()
    extents = zip(m.class_ids, m.class_areas, m.class_sigmas, m.class_centroids_x, m.class_centroids_y, strict=True)
    return Seen(
        stamp_ns=stamp_ns(m),
        sequence=m.sequence,
        geometry=read_geometry(m.geometry),
        label_map=read_label_map(m.label_map),
        extents=tuple(ClassExtent(Tissue(c), area, sigma, x, y) for c, area, sigma, x, y in extents),
        view_probability=doubles(m.view_probabilities),
        quality=m.quality,
        coupling=doubles(m.coupling),
        ood_score=m.ood_score,
        guidance=tuple(
            Guidance(View(v), motion, sigma) for v, motion, sigma in zip(m.guidance_views, motions, sigmas, strict=True)
        ),
        landmarks=tuple(
            Landmark(n, xy, cov) for n, xy, cov in zip(m.landmark_names, positions, covariances, strict=True)
        ),
        boxes=tuple(Box(k, s, *c) for k, s, c in zip(m.box_kinds, m.box_scores, corners, strict=True)),
        findings=tuple(read_finding(f) for f in m.findings),
        measurements=tuple(read_measurement(x) for x in m.measurements),
        model_id=m.model_id,
        model_sha256=m.model_sha256,
        latency_s=m.latency,
    )

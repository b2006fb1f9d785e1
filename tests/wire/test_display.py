"""Standard messages say where things are: pixels, boxes, points and markers lie where our own types put them."""

from dataclasses import replace

import numpy as np
import pytest

from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    Box,
    ClassExtent,
    Frame,
    HeadName,
    LabelMap,
    PerceptionResult,
    ProbeGeometry,
    ProbeKind,
    SectorBox,
    SegmentationClass,
    View,
    se3,
)
from echopilot_wire import body, decode, display, encode, from_cloud
from echopilot_wire.basic import from_pose

STAMP_NS = 7_000_000_123
GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.16, 4e-4, 5e-4, 160.0, 8.0, 2.5e6)
POSE = se3.transform(se3.so3_exp(np.array([0.3, -2.8, 0.4])), np.array([0.5, -0.1, 0.2]))


def frame() -> Frame:
    image = np.zeros((340, 320), np.uint8)
    image[100, 200], image[300, 40] = 250, 90
    return Frame(STAMP_NS, 3, image, GEOMETRY, SectorBox(0, 0, 320, 340))


def result() -> PerceptionResult:
    labels = np.zeros((64, 64), np.uint8)
    labels[20:30, 10:40] = SegmentationClass.LV
    probability = np.full(len(View), 0.02)
    probability[View.A4C] = 0.76
    return PerceptionResult(
        STAMP_NS,
        3,
        GEOMETRY,
        LabelMap(labels, -0.064, 0.0, 0.002),
        (ClassExtent(SegmentationClass.LV, 0.0012, 0.0003, -0.015, 0.049),),
        probability,
        0.8,
        np.ones(16),
        0.1,
        boxes=(Box("EFFUSION", 0.6, 0.01, 0.02, 0.03, 0.05),),
    )


def through(message: object) -> object:
    return decode(encode(message), message.__msgtype__)  # type: ignore[attr-defined]


def test_an_image_has_the_pixels_encoding_and_stamp_of_its_frame() -> None:
    gray = through(display.to_image(STAMP_NS, frame().image))
    assert (gray.encoding, gray.height, gray.width, gray.step) == ("mono8", 340, 320, 320)
    assert np.array_equal(gray.data.reshape(340, 320), frame().image)
    assert gray.header.frame_id == "us_image" and gray.header.stamp.nanosec == 123
    color = through(display.to_image(STAMP_NS, np.ones((2, 3, 3), np.uint8)))
    assert (color.encoding, color.step, len(color.data)) == ("rgb8", 9, 18)
    with pytest.raises(ValueError, match=r"valid: \(H, W\) and \(H, W, 3\)"):
        display.to_image(STAMP_NS, np.ones((2, 3, 4), np.uint8))


def test_boxes_of_detections_enclose_the_pixels_of_their_class() -> None:
    structure, suspicion = through(display.to_detections(result())).detections
    assert structure.results[0].hypothesis.class_id == "LV"
    assert structure.results[0].hypothesis.score == pytest.approx(0.75)
    left = (-0.064 + 10 * 0.002 - 0.001) / 4e-4 + 160.0
    top = (20 * 0.002 - 0.001) / 5e-4 + 8.0
    box = structure.bbox
    assert box.center.position.x - 0.5 * box.size_x == pytest.approx(left)
    assert box.center.position.y - 0.5 * box.size_y == pytest.approx(top)
    assert (box.size_x, box.size_y) == pytest.approx((30 * 0.002 / 4e-4, 10 * 0.002 / 5e-4))
    assert suspicion.results[0].hypothesis.class_id == "finding/EFFUSION"
    assert suspicion.results[0].pose.pose.position.x == pytest.approx(0.02)
    assert suspicion.bbox.center.position.x == pytest.approx(0.02 / 4e-4 + 160.0)


def test_a_classification_is_sorted_and_empty_without_the_head() -> None:
    hypotheses = through(display.to_classification(result())).results
    assert hypotheses[0].class_id == "A4C" and hypotheses[0].score == pytest.approx(0.76)
    assert sorted(h.class_id for h in hypotheses) == sorted(v.name for v in View)
    without = replace(result(), heads=frozenset(HeadName) - {HeadName.VIEW})
    assert display.to_classification(without).results == []


def test_names_belong_to_the_numbers_of_the_label_image() -> None:
    classes = through(display.to_class_names(SegmentationClass)).class_map
    assert {c.class_id: c.class_name for c in classes} == {int(c): c.name for c in SegmentationClass}


@pytest.mark.parametrize("pose", [POSE, None])
def test_points_of_the_plane_lie_where_the_pixels_are_in_space(pose: np.ndarray | None) -> None:
    cloud = through(display.to_plane_cloud(frame(), pose))
    assert [f.name for f in cloud.fields] == ["x", "y", "z", "intensity"]
    assert cloud.header.frame_id == ("us_image" if pose is None else "base")
    rows = cloud.data.view("<f4").reshape(-1, 4)
    wanted = np.array([[40 * 4e-4, 92 * 5e-4, 0.0], [-120 * 4e-4, 292 * 5e-4, 0.0]])
    if pose is not None:
        wanted = se3.apply(pose @ se3.T_PROBE_US_IMAGE, wanted)
    assert rows[:, :3] == pytest.approx(wanted, abs=1e-6)
    assert rows[:, 3].tolist() == [250.0, 90.0]


def test_the_textured_plane_covers_the_sector_at_the_pose_of_the_probe() -> None:
    (marker,) = through(display.to_plane(frame(), b"\xff\xd8jpeg", POSE)).markers
    assert marker.type == 11 and len(marker.points) == len(marker.uv_coordinates) and len(marker.points) % 3 == 0
    assert from_pose(marker.pose) == pytest.approx(POSE @ se3.T_PROBE_US_IMAGE)
    assert bytes(marker.texture.data) == b"\xff\xd8jpeg" and marker.texture_resource.startswith("embedded://")
    points = np.array([[p.x, p.y, p.z] for p in marker.points]).reshape(-1, 3, 3)
    area = 0.5 * np.linalg.norm(np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]), axis=1).sum()
    assert area == pytest.approx(0.5 * 1.5 * 0.16**2, rel=1e-3)
    for p, at in zip(marker.points[:6], marker.uv_coordinates[:6], strict=True):
        u, v = GEOMETRY.pixels(np.array([[p.x, p.y]]))[0]
        assert (at.u, at.v) == pytest.approx((np.clip((u + 0.5) / 320, 0, 1), np.clip((v + 0.5) / 340, 0, 1)), abs=1e-6)


def test_the_skin_travels_as_float32_without_holes() -> None:
    points = np.array([[0.1, 0.2, 0.3], [np.nan, 0.0, 0.0], [0.4, 0.5, 0.6]])
    cloud = through(display.to_skin_cloud(BodySurface(STAMP_NS, points)))
    assert {f.datatype for f in cloud.fields} == {7} and cloud.point_step == 12
    assert from_cloud(cloud).points_m == pytest.approx(points[[0, 2]], abs=1e-7)
    assert body.to_cloud(BodySurface(STAMP_NS, points)).point_step == 24


def test_landmarks_and_zones_are_balls_with_names_where_they_are() -> None:
    marks = BodyLandmarks(STAMP_NS, *(np.array([0.1 * k, 0.0, 0.2]) for k in (3, 2, 1)))
    markers = through(display.to_body_markers(marks, [("wound", np.array([0.2, 0.1, 0.2]), 0.03)])).markers
    balls = {m.ns: m for m in markers if m.type == 2}
    assert balls["forbidden zones"].scale.x == pytest.approx(0.06)
    assert balls["forbidden zones"].pose.position.y == pytest.approx(0.1)
    assert [m.text for m in markers if m.type == 9] == ["notch", "xiphoid", "navel", "wound"]
    assert len({(m.ns, m.id) for m in markers}) == len(markers)


def test_a_tube_joins_neighboring_rings_all_around() -> None:
    angle = np.linspace(0.0, 2 * np.pi, 12, endpoint=False)
    rings = np.stack([np.column_stack([0.01 * np.cos(angle), 0.01 * np.sin(angle), 0 * angle + z]) for z in (0, 0.1)])
    (marker,) = through(display.to_tube(STAMP_NS, rings)).markers
    points = np.array([[p.x, p.y, p.z] for p in marker.points]).reshape(-1, 3, 3)
    area = 0.5 * np.linalg.norm(np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]), axis=1).sum()
    assert area == pytest.approx(12 * 2 * 0.01 * np.sin(np.pi / 12) * 0.1)

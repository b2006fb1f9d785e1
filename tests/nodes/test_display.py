"""Parts of standard_topics: overlays, the swept aorta, the patient's frame, frames found by their stamp."""

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs rclpy")

from display_items import exam, frame, moved, result

from echopilot_core import BodyLandmarks, ExamPhase, SegmentationClass, se3
from echopilot_nodes.display.display_frame import DisplayFrame
from echopilot_nodes.display.patient_frame import static_transforms
from echopilot_nodes.display.recent_frames import KEPT, RecentFrames
from echopilot_nodes.display.swept_aorta import SIDES, SweptAorta
from echopilot_wire import encode, to_frame


def test_an_overlay_differs_from_the_image_at_the_border_of_a_class_alone() -> None:
    shown = DisplayFrame(frame(), result())
    changed = (shown.overlay != frame().image[:, :, None]).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((50, 70, 40, 60), abs=1)
    assert not changed[53:68, 43:58].any()
    assert not (DisplayFrame(frame()).overlay != 60).any()


def test_labels_of_an_image_are_those_of_the_label_map_at_its_pixels() -> None:
    labels = DisplayFrame(frame(), result()).labels
    assert labels.shape == (130, 128) and labels[60, 50] == SegmentationClass.AO_LUMEN and labels[60, 70] == 0


def test_files_hold_the_image_and_the_overlay_with_red_as_red() -> None:
    shown = DisplayFrame(frame(), result())
    gray = cv2.imdecode(np.frombuffer(shown.jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    assert gray.shape == (130, 128) and abs(int(gray[5, 5]) - 60) < 3
    color = cv2.imdecode(np.frombuffer(shown.overlay_jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert color[50, 41:60, 2].mean() > color[50, 41:60, 0].mean() + 20  # arterial red; OpenCV reads BGR


def test_rings_have_the_area_of_the_lumen_and_lie_where_it_was_seen() -> None:
    aorta = SweptAorta()
    aorta.note_exam(exam(ExamPhase.SWEEP))
    assert aorta.add(result(), moved(0.0)) and not aorta.add(result(), moved(0.001)) and aorta.rings_m is None
    assert aorta.add(result(), moved(0.004))
    rings = aorta.rings_m
    assert rings is not None and rings.shape == (2, SIDES, 3)
    assert rings[1].mean(axis=0) == pytest.approx([0.49, 0.004, 0.24])
    assert np.linalg.norm(rings[0] - rings[0].mean(axis=0), axis=1) == pytest.approx(np.full(SIDES, 0.01))


def test_rings_are_taken_in_a_sweep_alone_and_the_next_sweep_begins_anew() -> None:
    aorta = SweptAorta()
    aorta.note_exam(exam(ExamPhase.SEARCH))
    assert not aorta.add(result(), moved(0.0))
    aorta.note_exam(exam(ExamPhase.SWEEP))
    assert not aorta.add(result(), None)
    assert aorta.add(result(), moved(0.0)) and aorta.add(result(), moved(0.01))
    aorta.note_exam(exam(ExamPhase.IMAGE_STALE))
    aorta.note_exam(exam(ExamPhase.SWEEP))
    assert aorta.rings_m is not None
    aorta.note_exam(exam(ExamPhase.SWEEP, attempt=2))
    assert aorta.rings_m is None


def test_the_patient_stands_in_tf_with_lps_axes_and_only_with_landmarks_of_a_body() -> None:
    marks = [np.array([x, 0.0, 0.2]) for x in (0.7, 0.5, 0.3)]
    at_probe, (parent, child, T) = static_transforms(BodyLandmarks(0, *marks))
    assert at_probe[:2] == ("probe", "us_image") and np.array_equal(at_probe[2], se3.T_PROBE_US_IMAGE)
    assert (parent, child) == ("base", "patient")
    assert T[:3, 3] == pytest.approx(marks[1]) and T[:3, 2] == pytest.approx([1.0, 0.0, 0.0])
    assert T[:3, 1] == pytest.approx([0.0, 0.0, -1.0]) and np.linalg.det(T[:3, :3]) == pytest.approx(1.0)
    assert len(static_transforms(None)) == len(static_transforms(BodyLandmarks(0, marks[0], marks[2], marks[1]))) == 1


def test_a_frame_is_found_by_its_stamp_until_newer_ones_push_it_out() -> None:
    frames = RecentFrames()
    sent = {stamp_ns: encode(to_frame(frame(stamp_ns))) for stamp_ns in range(1, KEPT + 2)}
    for data in sent.values():
        frames.add(data)
    assert frames.at(1) is None and frames.at(KEPT + 2) is None
    assert all(frames.at(stamp_ns) == sent[stamp_ns] for stamp_ns in range(2, KEPT + 2))
    with pytest.raises(ValueError, match="no message with a header"):
        frames.add(b"")

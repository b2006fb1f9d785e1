"""The node standard_topics beside a listener to standard messages alone: what it hears, and what is not made."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("vision_msgs.msg", reason="needs the built messages")

from display_items import UPRIGHT, exam, frame, result  # noqa: E402
from echopilot_msgs.msg import BodyLandmarks, ExamState, PerceptionResult, RobotState  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from sensor_msgs.msg import CompressedImage, Image, PointCloud2  # noqa: E402
from ultrasound_msgs.msg import UltrasoundFrame  # noqa: E402
from visualization_msgs.msg import MarkerArray  # noqa: E402

import echopilot_core as core  # noqa: E402
import echopilot_wire as wire  # noqa: E402
from echopilot_nodes.graph import qos, topics  # noqa: E402
from echopilot_nodes.graph.outlet import Outlet  # noqa: E402
from echopilot_nodes.standard_topics import StandardTopics  # noqa: E402
from tf2_msgs.msg import TFMessage  # noqa: E402
from vision_msgs.msg import Classification, Detection2DArray, LabelInfo  # noqa: E402

WAIT_S = 10.0
OF_FRAMES = {
    topics.PROBE_IMAGE: Image,
    topics.PROBE_IMAGE_COMPRESSED: CompressedImage,
    topics.PROBE_PLANE: MarkerArray,
    topics.PROBE_POINTS: PointCloud2,
    topics.OVERLAY: Image,
    topics.OVERLAY_COMPRESSED: CompressedImage,
    topics.LABELS: Image,
    topics.DETECTIONS: Detection2DArray,
    topics.VIEW: Classification,
}


class Bench:
    """The node, a listener to standard messages, and a talker that says what the graph would say."""

    def __init__(self) -> None:
        self.node = StandardTopics()
        self.listener = Node("listener")
        self.talker = Node("safety")
        self.talker.declare_parameter("zones", "wound 0.05 0.0 0.03")
        self.executor = SingleThreadedExecutor()
        for node in (self.node, self.listener, self.talker):
            self.executor.add_node(node)
        self.heard: dict[str, list[Any]] = defaultdict(list)
        self.subscriptions: dict[str, Any] = {}
        talk = self.talker
        self.frames = Outlet(talk, UltrasoundFrame, topics.PROBE_FRAME, wire.to_frame, qos.FRAMES_OFFERED)
        self.results = Outlet(talk, PerceptionResult, topics.PERCEPTION_RESULT, wire.to_result, qos.ANSWER_OFFERED)
        self.robots = Outlet(talk, RobotState, topics.ROBOT_STATE, wire.to_robot_state, qos.STATE_OFFERED)
        self.exams = Outlet(talk, ExamState, topics.EXAM_STATE, wire.to_exam_state, qos.ANSWER_OFFERED)
        self.landmarks = Outlet(talk, BodyLandmarks, topics.BODY_LANDMARKS, wire.to_landmarks, qos.LATCHED)
        self.surfaces = Outlet(talk, PointCloud2, topics.BODY_SURFACE, wire.to_cloud, qos.ANSWER_OFFERED)

    def listen(self, kind: Any, topic: str, profile: Any = 10) -> None:
        heard = self.heard[topic]
        self.subscriptions[topic] = self.listener.create_subscription(kind, topic, heard.append, profile)

    def until(self, done: Callable[[], bool], what: str, say: Callable[[], object] = lambda: None) -> None:
        """Spin until `done`, saying something in between; fails when it takes longer."""
        end_s = time.monotonic() + WAIT_S
        while not done():
            assert time.monotonic() < end_s, f"waited {WAIT_S} s for {what}; heard {dict(self.heard)}"
            say()
            self.executor.spin_once(timeout_sec=0.02)

    def subscribers(self) -> dict[str, int]:
        return {
            topic: self.talker.count_subscribers(topic)
            for topic in (topics.PROBE_FRAME, topics.PERCEPTION_RESULT, topics.ROBOT_STATE, topics.EXAM_STATE)
        }

    def close(self) -> None:
        self.executor.shutdown()
        self.node.close()
        for node in (self.node, self.listener, self.talker):
            node.destroy_node()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    rclpy.init(domain_id=random.SystemRandom().randint(1, 100))
    bench = Bench()
    yield bench
    bench.close()
    rclpy.shutdown()


def robot(stamp_ns: int) -> core.RobotState:
    zero = np.zeros(6)
    return core.RobotState(stamp_ns, stamp_ns, UPRIGHT, zero, zero, np.zeros(7), np.zeros(7), core.RobotMode.SERVO, -1)


def test_a_frame_and_its_result_become_every_standard_message_with_their_stamp_and_pose(bench: Bench) -> None:
    for topic, kind in OF_FRAMES.items():
        bench.listen(kind, topic)
    bench.until(lambda: all(bench.subscribers()[t] for t in list(bench.subscribers())[:3]), "subscriptions of the node")

    def say() -> None:
        bench.robots.send(robot(1))
        bench.frames.send(frame())
        bench.results.send(result())

    def is_placed() -> bool:
        return any(message.markers[0].header.frame_id == "base" for message in bench.heard[topics.PROBE_PLANE])

    bench.until(lambda: all(bench.heard[topic] for topic in OF_FRAMES) and is_placed(), "all topics", say)
    for topic in OF_FRAMES:
        message = bench.heard[topic][-1]
        header = message.markers[0].header if hasattr(message, "markers") else message.header
        assert header.stamp.nanosec == 5, topic
    plane = bench.heard[topics.PROBE_PLANE][-1].markers[0]
    assert wire.basic.from_pose(plane.pose) == pytest.approx(UPRIGHT @ core.se3.T_PROBE_US_IMAGE)
    assert bytes(bench.heard[topics.PROBE_IMAGE][-1].data) == frame().image.tobytes()


def test_nothing_is_subscribed_to_unless_somebody_listens(bench: Bench) -> None:
    bench.listen(TFMessage, topics.TF_STATIC, qos.LATCHED)
    bench.until(lambda: bool(bench.heard[topics.TF_STATIC]), "tf_static")
    assert set(bench.subscribers().values()) == {0}
    bench.listen(Detection2DArray, topics.DETECTIONS)
    bench.until(lambda: bench.subscribers()[topics.PERCEPTION_RESULT] == 1, "the subscription to results")
    assert bench.subscribers()[topics.PROBE_FRAME] == bench.subscribers()[topics.ROBOT_STATE] == 0
    bench.listener.destroy_subscription(bench.subscriptions[topics.DETECTIONS])
    bench.until(lambda: set(bench.subscribers().values()) == {0}, "the end of the subscription")


def test_the_body_stands_in_tf_and_markers_with_the_zones_that_safety_keeps_out_of(bench: Bench) -> None:
    x, y = np.meshgrid(np.arange(0.2, 0.9, 0.02), np.arange(-0.2, 0.2, 0.02))
    skin = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, 0.2)])
    bench.listen(TFMessage, topics.TF_STATIC, qos.LATCHED)
    bench.listen(MarkerArray, topics.BODY_MARKERS, qos.LATCHED)
    bench.listen(PointCloud2, topics.BODY_POINTS)
    bench.landmarks.send(core.BodyLandmarks(9, *(np.array([x, 0.0, 0.2]) for x in (0.7, 0.5, 0.3))))

    def shown() -> set[str]:
        return {m.text for message in bench.heard[topics.BODY_MARKERS][-1:] for m in message.markers if m.text}

    def say() -> None:
        bench.surfaces.send(core.BodySurface(9, skin))

    bench.until(lambda: shown() == {"notch", "xiphoid", "navel", "wound"}, "landmarks and zone", say)
    bench.until(lambda: bool(bench.heard[topics.BODY_POINTS]), "the skin", say)
    assert {f.datatype for f in bench.heard[topics.BODY_POINTS][-1].fields} == {7}
    frames = [t.child_frame_id for t in bench.heard[topics.TF_STATIC][-1].transforms]
    assert frames == ["us_image", "patient"]


def test_the_aorta_grows_while_it_is_swept(bench: Bench) -> None:
    bench.listen(MarkerArray, topics.AORTA_MARKERS, qos.LATCHED)
    bench.until(lambda: all(bench.subscribers()[t] for t in (topics.EXAM_STATE, topics.ROBOT_STATE)), "subscriptions")
    step = 0

    def say() -> None:
        nonlocal step
        step += 1
        pose = core.se3.transform(np.eye(3), np.array([0.0, 0.002 * step, 0.0])) @ UPRIGHT
        stamp_ns = step * 10_000_000
        state = core.RobotState(
            stamp_ns, step, pose, np.zeros(6), np.zeros(6), np.zeros(7), np.zeros(7), core.RobotMode.SERVO, -1
        )
        bench.exams.send(exam(core.ExamPhase.SWEEP))
        bench.robots.send(state)
        bench.results.send(replace(result(), stamp_ns=stamp_ns))

    bench.until(lambda: len(bench.heard[topics.AORTA_MARKERS]) >= 2, "a growing tube", say)
    first, last = (len(bench.heard[topics.AORTA_MARKERS][k].markers[0].points) for k in (0, -1))
    assert 0 < first < last


def test_names_of_classes_and_views_are_there_for_who_comes_late(bench: Bench) -> None:
    bench.listen(LabelInfo, topics.LABEL_INFO, qos.LATCHED)
    bench.listen(LabelInfo, topics.VIEW_INFO, qos.LATCHED)
    bench.until(lambda: all(bench.heard[t] for t in (topics.LABEL_INFO, topics.VIEW_INFO)), "names")
    names = {c.class_id: c.class_name for c in bench.heard[topics.LABEL_INFO][0].class_map}
    assert names == {int(c): c.name for c in core.SegmentationClass}

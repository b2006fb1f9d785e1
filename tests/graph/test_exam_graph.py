"""A whole exam in a namespace: it ends, stamps pass unchanged, truth stays with the scorer, files are written."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import ControlStatus, PerceptionResult, RobotState
from std_msgs.msg import String
from ultrasound_msgs.msg import UltrasoundFrame

import echopilot_wire as wire
from echopilot_nodes.graph import qos, topics

PROTOCOL = """
title: One short look
steps:
  - {view: AORTA_TRANS, kind: acquire, preset: abdomen, force_n: 8.0, timeout_s: 14, beats: 1, gate: AORTA_TRANS}
"""


@pytest.mark.timeout(400)
def test_a_short_exam_in_a_namespace(make_graph: Callable[..., Any], model: Path | None, tmp_path: Path) -> None:
    graph = make_graph("/lab")
    protocol = tmp_path / "short.yaml"
    protocol.write_text(PROTOCOL)
    out = tmp_path / "out"
    graph.start("recorder", out=out)
    graph.start("report")
    graph.start("scorer")
    graph.start_exam_graph(model)
    key = lambda m: (m.sequence, wire.stamp_of(m))  # noqa: E731
    frames = graph.listen(UltrasoundFrame, topics.PROBE_FRAME, qos.FRAMES_RECORDED, key)
    results = graph.listen(PerceptionResult, topics.PERCEPTION_RESULT, qos.ANSWER_RECORDED, key)
    robot = graph.listen(RobotState, topics.ROBOT_STATE, qos.STATE_RECORDED, lambda m: (m.sequence, wire.stamp_of(m)))
    status = graph.listen(
        ControlStatus, topics.CONTROL_STATUS, qos.ANSWER_RECORDED,
        lambda m: (m.tick, wire.stamp_of(m), m.frame_sequence, m.frame_age),
    )  # fmt: skip
    summaries = graph.listen(String, topics.EXAM_SUMMARY, qos.LATCHED, lambda m: m.data)
    reports = graph.listen(String, topics.EXAM_REPORT, qos.LATCHED, lambda m: m.data)

    handle = graph.action(
        RunExam, topics.EXAM_RUN,
        RunExam.Goal(protocol=str(protocol), patient_pseudonym="test", out_folder=str(out / "record")),
    )  # fmt: skip
    assert handle.accepted
    ended = handle.get_result_async()
    graph.wait(lambda: len(frames) > 10, 60.0, "frames")

    # Truth: the live graph has exactly one reader of any topic below sim/truth.
    truth_topics = [t for t, _ in graph.node.get_topic_names_and_types() if "truth" in t]
    assert truth_topics == [f"/lab/{topics.SIM_TRUTH_FRAME}"]
    readers = graph.node.get_subscriptions_info_by_topic(truth_topics[0])
    assert [(r.node_name, r.node_namespace) for r in readers] == [("scorer", "/lab")]
    # Namespace: no topic of ours outside it.
    outside = [t for t, _ in graph.node.get_topic_names_and_types() if not t.startswith("/lab/")]
    assert set(outside) <= {"/clock", "/diagnostics", "/parameter_events", "/rosout"}

    graph.wait(ended.done, 300.0, "the end of the exam")
    result = ended.result().result
    assert Path(result.record_folder, "exam.json").is_file(), result.message
    graph.wait(lambda: bool(summaries) and bool(reports), 60.0, "report and scores")
    assert Path(reports[-1]).stat().st_size > 1000
    scores = json.loads(Path(summaries[-1]).read_text())
    assert scores["patient"] == 600_000
    assert scores["safety"]["limit_crossings"] == 0
    assert scores["lockstep"] == {"breaks": 0, "by_node": {}}

    # Stamps: a result carries the stamp of its frame, a status the stamp of its tick, and ages follow from both.
    stamp_of = dict(frames)
    assert all(stamp_of[n] == stamp for n, stamp in results if n in stamp_of)
    assert len(results) > 100
    tick_stamp = dict(robot)
    checked = 0
    for tick, stamp, sequence, age_s in status:
        assert tick_stamp.get(tick, stamp) == stamp == tick * 10_000_000
        if sequence in stamp_of:
            assert age_s == pytest.approx((stamp - stamp_of[sequence]) * 1e-9, abs=1e-9)
            assert 0.060 <= age_s <= 0.060 + 0.045
            checked += 1
    assert checked > 100

    assert graph.stop(signal.SIGINT) == dict.fromkeys(graph.processes, 0)
    check_recording(Path(result.record_folder) / "exam.mcap")


def check_recording(path: Path) -> None:
    """A reader that users have takes the file."""
    rosbags = pytest.importorskip("rosbags.highlevel")
    counts: dict[str, int] = {}
    with rosbags.AnyReader([path]) as bag:
        for connection, _, _ in bag.messages():
            counts[connection.topic] = counts.get(connection.topic, 0) + 1
    assert counts[f"/lab/{topics.ROBOT_STATE}"] > 500
    assert counts[f"/lab/{topics.PROBE_FRAME}"] > 20
    assert counts[f"/lab/{topics.EXAM_STATE}"] > 100
    with rosbags.AnyReader([path]) as bag:
        recorded = {c.topic for c in bag.connections}
        assert f"/lab/{topics.PERCEPTION_RESULT}" in recorded
        connection = [c for c in bag.connections if c.topic == f"/lab/{topics.ROBOT_STATE}"]
        for c, _, raw in bag.messages(connections=connection):
            assert bag.deserialize(raw, c.msgtype).sequence >= 1
            break

"""Recordings keep the quality of service of every topic, as readers of rosbag2's format find it."""

from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs rclpy")
pytest.importorskip("echopilot_msgs.msg", reason="needs the built messages")

from rclpy.qos import DurabilityPolicy, QoSProfile
from rosbags.interfaces import QosDurability, QosHistory, QosReliability
from rosbags.rosbag2 import Reader

from echopilot_exam.record.recording import Recording
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.recorder import STANDING, TOPICS, offered

DEFINITION = "string data"


def test_another_reader_finds_the_profile_of_every_topic(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "exam.mcap", {}, {})
    wanted: dict[str, QoSProfile] = {}
    for _, topic, profile in TOPICS:
        number = recording.channel(f"/{topic}", "std_msgs/msg/String", DEFINITION, offered(profile))
        recording.write(number, 1, b"\0\1\0\0\1\0\0\0\0")
        wanted[f"/{topic}"] = profile
    recording.close()
    with Reader(tmp_path / "exam.mcap") as reader:
        found = {c.topic: c.ext.offered_qos_profiles for c in reader.connections}
    assert found.keys() == wanted.keys()
    for topic, profile in wanted.items():
        (kept,) = found[topic]
        assert (kept.depth, kept.history) == (profile.depth, QosHistory.KEEP_LAST), topic
        assert kept.reliability is QosReliability(int(profile.reliability)) is QosReliability.RELIABLE
        assert kept.durability is QosDurability(int(profile.durability)), topic


def test_what_is_latched_is_recorded_as_such() -> None:
    latched = {topic for _, topic, profile in TOPICS if profile.durability == DurabilityPolicy.TRANSIENT_LOCAL}
    assert {topics.TF_STATIC, topics.ROBOT_DESCRIPTION, topics.BODY_LANDMARKS} <= latched & set(STANDING)
    assert "transient_local" in offered(qos.LATCHED) and "volatile" in offered(qos.STATE_RECORDED)

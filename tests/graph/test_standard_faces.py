"""A subscriber that knows no message of ours sees the images, detections, plane and state of a running graph."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sensor_msgs.msg import CompressedImage, Image
from visualization_msgs.msg import MarkerArray

from echopilot_lab.replay.clip import find_clip
from vision_msgs.msg import Classification, Detection2DArray

RATE_HZ = 15.0
SECONDS = 2.0
TOPICS = {
    "probe/image": Image,
    "probe/image/compressed": CompressedImage,
    "perception/overlay": Image,
    "perception/detections": Detection2DArray,
    "perception/view": Classification,
    "probe/plane": MarkerArray,
}


@pytest.mark.timeout(120)
def test_standard_messages_come_at_fifteen_hertz(make_graph: Callable[..., Any], model: Path | None) -> None:
    graph = make_graph()
    heard = {topic: graph.listen(kind, topic, 10, lambda _: time.monotonic()) for topic, kind in TOPICS.items()}
    graph.start("standard_topics", "replay.yaml")
    graph.start("perception", "replay.yaml", lockstep=False, **({"model": model} if model else {}))
    graph.start("probe_source", "replay.yaml", clip=find_clip("default"), lossless=False, loop=True)
    graph.start("lifecycle_manager", "replay.yaml")
    graph.wait(lambda: all(heard.values()), 60.0, "every topic")
    began_s = time.monotonic()
    graph.wait(lambda: time.monotonic() - began_s > SECONDS, SECONDS + 5.0, "the time of the measurement")
    rates_hz = {topic: sum(at > began_s for at in times) / SECONDS for topic, times in heard.items()}
    assert {topic: hz for topic, hz in rates_hz.items() if hz < RATE_HZ} == {}, rates_hz

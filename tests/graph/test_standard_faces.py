"""A subscriber that knows no message of ours sees the images, detections, plane and state of a running graph."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from echopilot_lab.replay.clip import find_clip
from vision_msgs.msg import Classification, Detection2DArray

RATE_HZ = 15.0
SECONDS = 2.0
PATIENCE_S = 20.0
BUSY = 2.0  # processes per core that want to run, of which the graph is one or two
MEASURED = {
    "probe/image": Image,
    "perception/detections": Detection2DArray,
    "perception/view": Classification,
    "probe/plane": MarkerArray,
}


@pytest.mark.timeout(120)
def test_standard_messages_come_at_fifteen_hertz(make_graph: Callable[..., Any], model: Path | None) -> None:
    graph = make_graph()
    heard = {topic: graph.listen(kind, topic, 10, lambda _: time.monotonic()) for topic, kind in MEASURED.items()}
    told: dict[str, dict[str, str]] = {}

    def note(array: DiagnosticArray) -> None:
        told.update({status.name: {v.key: v.value for v in status.values} for status in array.status})

    graph.listen(DiagnosticArray, "/diagnostics", 10, note)
    graph.start("standard_topics", "replay.yaml")
    graph.start("perception", "replay.yaml", lockstep=False, **({"model": model} if model else {}))
    graph.start("probe_source", "replay.yaml", clip=find_clip("default"), lossless=False, loop=True)
    graph.start("lifecycle_manager", "replay.yaml")

    def rates_hz() -> list[float]:
        since_s = time.monotonic() - SECONDS
        return [sum(at > since_s for at in times) / SECONDS for times in heard.values()]

    began_s = time.monotonic()

    def is_too_busy() -> bool:
        return time.monotonic() - began_s > PATIENCE_S and os.getloadavg()[0] > BUSY * (os.cpu_count() or 1)

    graph.wait(lambda: min(rates_hz()) >= RATE_HZ or is_too_busy(), 60.0, f"{RATE_HZ} Hz on {', '.join(MEASURED)}")
    if min(rates_hz()) < RATE_HZ:
        pytest.skip(
            f"other programs use this machine (load {os.getloadavg()[0]:.0f}): rates say nothing about the node"
        )
    names = {f"{node}: {part}" for node in graph.processes for part in ("state", "topics")}
    rate = "probe/frame heard [Hz]"
    graph.wait(lambda: float(told.get("perception: topics", {}).get(rate, "0")) >= RATE_HZ, 20.0, "diagnostics")
    assert told.keys() == names
    assert told["perception: state"].keys() >= {"engine", "skipped frames", "network p95 [ms]"}

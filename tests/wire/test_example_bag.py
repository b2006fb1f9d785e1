"""The example bag of docs/ultrasound_msgs.md: small, of today's definitions, complete, read by the page's own lines."""

import random
import re
import select
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader

import echopilot_wire as wire
from echopilot_core import Frame, ProbeKind
from echopilot_core.se3 import R_PROBE_US_IMAGE

ROOT = Path(__file__).resolve().parents[2]
BAG = ROOT / "examples" / "ultrasound_msgs.mcap"
LARGEST_BYTES = 300_000
PAGE = (ROOT / "docs" / "ultrasound_msgs.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def fields(definition: str) -> list[str]:
    """Lines of a definition without comments and blanks."""
    lines = (" ".join(line.split("#")[0].split()) for line in definition.splitlines())
    return [line for line in lines if line]


def messages() -> list[tuple[str, str, bytes]]:
    """Topic, type and data, in order."""
    with BAG.open("rb") as file:
        return [(channel.topic, schema.name, m.data) for schema, channel, m in make_reader(file).iter_messages()]


def frames() -> list[Frame]:
    return [wire.from_frame(wire.decode(data, kind)) for topic, kind, data in messages() if topic == "/probe/frame"]


def test_it_is_small_and_of_the_definitions_of_today() -> None:
    assert BAG.stat().st_size <= LARGEST_BYTES
    with BAG.open("rb") as file:
        summary = make_reader(file).get_summary()
    for schema in summary.schemas.values():
        now = fields(wire.definition(schema.name))
        assert fields(schema.data.decode()) == now, f"{schema.name}: write the bag anew"
    offered = {c.topic: c.metadata["offered_qos_profiles"] for c in summary.channels.values()}
    latched = {topic: "durability: transient_local" in profile for topic, profile in offered.items()}
    assert latched == {"/probe/frame": False, "/tf": False, "/tf_static": True}


def test_it_holds_a_beat_with_scale_place_and_settings() -> None:
    shown = frames()
    assert [f.sequence for f in shown] == list(range(len(shown))) and len(shown) >= 10
    assert 0.6 < 1e-9 * (shown[-1].stamp_ns - shown[0].stamp_ns) < 1.2
    for frame in shown:
        g = frame.geometry
        assert g.kind is ProbeKind.PHASED and frame.imaging.calibrated and frame.image.mean() > 5.0
        deepest_m = (frame.sector.bottom_px - g.origin_v_px) * g.spacing_y_m
        assert deepest_m == pytest.approx(g.depth_m, abs=2.0 * g.spacing_y_m)
        assert frame.imaging.preset == "cardiac" and len(frame.imaging.tgc_db) == 8
    moved = np.abs(shown[0].image.astype(int) - shown[-1].image).mean()
    assert moved > 0.5, "the heart beats"


def test_the_probe_has_a_pose_at_every_frame() -> None:
    told = [wire.decode(data, kind) for topic, kind, data in messages() if topic == "/tf"]
    stamps = [t.transforms[0].header.stamp for t in told]
    assert [s.sec * 10**9 + s.nanosec for s in stamps] == [f.stamp_ns for f in frames()]
    fixed = next(wire.decode(data, kind) for topic, kind, data in messages() if topic == "/tf_static").transforms[0]
    assert (fixed.header.frame_id, fixed.child_frame_id) == ("probe", "us_image")
    q = fixed.transform.rotation
    assert (q.x, q.w) == pytest.approx((2**-0.5, 2**-0.5)) and R_PROBE_US_IMAGE[2, 1] == 1.0


def test_ten_lines_read_it_without_ros() -> None:
    lines = next(s for s in SNIPPETS if "rosbags" in s)
    done = subprocess.run([sys.executable, "-c", lines], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == len(frames()) and all(re.search(r"lowest row 16\d mm deep", line) for line in said), said


@pytest.mark.alone
@pytest.mark.timeout(60)
def test_ten_lines_hear_it_with_ros(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(random.SystemRandom().randint(1, 100)))
    rclpy = pytest.importorskip("rclpy", reason="needs rclpy")
    messages_of_ros = pytest.importorskip("ultrasound_msgs.msg", reason="needs the built messages")
    lines = next(s for s in SNIPPETS if "rclpy" in s)
    listener = subprocess.Popen([sys.executable, "-u", "-c", lines], stdout=subprocess.PIPE, text=True)
    rclpy.init()
    node = rclpy.create_node("player")
    try:
        publisher = node.create_publisher(messages_of_ros.UltrasoundFrame, "/probe/frame", 5)
        data = [data for topic, _, data in messages() if topic == "/probe/frame"]
        assert listener.stdout is not None
        while not select.select([listener.stdout], [], [], 0.1)[0]:
            publisher.publish(data[0])  # until they have found each other
            assert listener.poll() is None, "it ended by itself"
        assert listener.stdout.readline() == "0: 288 x 207 px of 0.81 mm\n"
    finally:
        listener.kill()
        listener.wait()
        node.destroy_node()
        rclpy.shutdown()


@pytest.mark.parametrize("message", ["UltrasoundFrame", "ProbeGeometry", "SectorBox", "ImagingParameters", "Coupling"])
def test_the_page_argues_every_field(message: str) -> None:
    section = re.search(rf"^## {message}\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)[1]
    text = (ROOT / "ros2_ws/src/ultrasound_msgs/msg" / f"{message}.msg").read_text()
    names = [line.split()[1] for line in fields(text) if "=" not in line]
    assert names and [name for name in names if f"`{name}`" not in section] == []

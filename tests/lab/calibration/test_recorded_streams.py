"""`echopilot calibrate time` on recordings of a live scanner and a robot: the delay within 2 ms, or one line."""

import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from typer.testing import CliRunner

from echopilot_control.calibration import read_record
from echopilot_core import Frame, ProbeGeometry, ProbeKind, RobotMode, RobotState, SectorBox, se3
from echopilot_lab.cli.app import app
from echopilot_wire import definition, encode, to_frame, to_robot_state

sys.path.insert(0, str(Path(__file__).parents[2] / "scanner"))
from phantom import LATE_S, Phantom, depth_px

TYPES = get_typestore(Stores.ROS2_JAZZY)
FRAME, STATE, POSE = (
    "ultrasound_msgs/msg/UltrasoundFrame",
    "echopilot_msgs/msg/RobotState",
    "geometry_msgs/msg/PoseStamped",
)
START_NS = 1_764_567_890_000_000_000
GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.4, 0.0, 0.1, 0.5e-3, 0.5e-3, 160.0, 20.0, 0.0)


def pose(at_s: float) -> np.ndarray:
    return se3.transform(np.eye(3), np.array([0.4, 0.1, 0.2 - 0.5e-3 * float(depth_px(np.array(at_s)))]))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images at 20 Hz, robot states and poses at 100 Hz, for 6 s."""
    path, phantom, zero = tmp_path_factory.mktemp("bag") / "bag", Phantom(61), np.zeros(6)
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        frames = writer.add_connection("/probe/frame", FRAME, msgdef=definition(FRAME), rihs01="RIHS01_")
        states = writer.add_connection("/robot/state", STATE, msgdef=definition(STATE), rihs01="RIHS01_")
        poses = writer.add_connection("/tool", POSE, typestore=TYPES)
        for k in range(600):
            stamp_ns = START_NS + k * 10_000_000
            T, seven = pose(0.01 * k), np.zeros(7)
            state = RobotState(stamp_ns, k, T, zero, zero, seven, seven, RobotMode.SERVO)
            writer.write(states, stamp_ns, encode(to_robot_state(state)))
            own = TYPES.types
            time = own["builtin_interfaces/msg/Time"](*divmod(stamp_ns, 10**9))
            header = own["std_msgs/msg/Header"](time, "base")
            at = own["geometry_msgs/msg/Point"](*T[:3, 3])
            turn = own["geometry_msgs/msg/Quaternion"](0.0, 0.0, 0.0, 1.0)
            sent = own[POSE](header, own["geometry_msgs/msg/Pose"](at, turn))
            writer.write(poses, stamp_ns, TYPES.serialize_cdr(sent, POSE))
            if k % 5 == 0:
                image = phantom.image(0.01 * k - LATE_S)
                writer.write(
                    frames, stamp_ns, encode(to_frame(Frame(stamp_ns, k, image, GEOMETRY, SectorBox(0, 0, 320, 240))))
                )
    return path


@pytest.mark.parametrize("topic", ["/robot/state", "/tool"])
def test_the_delay_of_a_recording_is_found_within_2_ms(recording: Path, topic: str, tmp_path: Path) -> None:
    out = tmp_path / "time.json"
    command = ["calibrate", "time", f"{recording}::/probe/frame", f"{recording}::{topic}", "--out", str(out)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    record = read_record(out, "time", datetime.now(timezone.utc), timedelta(days=1))
    print(record.values, record.residuals)
    assert record.values["image_delay_s"] == pytest.approx(LATE_S, abs=2e-3)


def test_topics_that_are_none_are_one_line_with_those_to_choose_from(recording: Path, tmp_path: Path) -> None:
    for images, poses, reason in (
        (f"{recording}::/other", f"{recording}::/tool", "no images on /other; choose one of: /probe/frame"),
        (f"{recording}", f"{recording}", "poses on 2 topics; choose one with"),
        (f"{recording}::/probe/frame", f"{tmp_path}/none::/tool", "does not exist"),
    ):
        result = CliRunner().invoke(app, ["calibrate", "time", images, poses, "--out", str(tmp_path / "x.json")])
        text = " ".join(result.output.split())
        assert result.exit_code == 2 and reason in text, result.output
        assert not (tmp_path / "x.json").exists()

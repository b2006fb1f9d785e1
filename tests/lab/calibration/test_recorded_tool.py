"""`echopilot calibrate tool` on a recording of an arm that rests in several poses: the tool, or one line."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from typer.testing import CliRunner

from echopilot_control.calibration.tool import read_tool
from echopilot_control.force.tare import Tool
from echopilot_control.kinematics.arm_model import read_arm
from echopilot_control.kinematics.chain import arm_kinematics
from echopilot_control.kinematics.joint_limits import joint_names
from echopilot_lab.cli.app import app

ROOT = Path(__file__).resolve().parents[3]
URDF = ROOT / "ros2_ws/src/echopilot_description/urdf/echopilot_arm.urdf"
TYPES = get_typestore(Stores.ROS2_JAZZY)
JOINTS, WRENCH = "sensor_msgs/msg/JointState", "geometry_msgs/msg/WrenchStamped"
TOOL = Tool(0.62, np.array([0.004, -0.002, -0.055]), np.array([1.5, -0.8, 3.0, 0.05, -0.02, 0.01]), np.zeros(2))
REST = np.array([0.0, 0.6, 0.0, 1.9, 0.0, 1.6, 0.0])
TILTS = ((0.0, 0.0), (0.6, 0.0), (-0.6, 0.4), (0.0, 0.8))  # of the last joints but one and two


def record(path: Path, tilts: "tuple[tuple[float, float], ...]", sign: int = 1) -> Path:
    """2 s in each pose and 1 s on the way to the next, at 100 Hz, with a sensor noise of 0.1 N and 5 mN m."""
    arm, names, rng, own = (
        read_arm(URDF.read_text()),
        joint_names(URDF.read_text()),
        np.random.default_rng(3),
        TYPES.types,
    )
    vector = own["geometry_msgs/msg/Vector3"]
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        joints = writer.add_connection("/joint_states", JOINTS, typestore=TYPES)
        wrenches = writer.add_connection("/ft", WRENCH, typestore=TYPES)
        for k in range(300 * len(tilts)):
            pose, at = divmod(k, 300)
            share = max(0.0, (at - 200) / 100.0)
            start, end = (np.array(tilts[min(p, len(tilts) - 1)]) for p in (pose, pose + 1))
            q = REST.copy()
            q[[5, 4]] += start + share * (end - start)
            stamp_ns = k * 10_000_000
            header = own["std_msgs/msg/Header"](own["builtin_interfaces/msg/Time"](*divmod(stamp_ns, 10**9)), "probe")
            sent = own[JOINTS](header, list(reversed(names)), q[::-1].copy(), np.zeros(7), np.zeros(0))
            writer.write(joints, stamp_ns, TYPES.serialize_cdr(sent, JOINTS))
            read = TOOL.unloaded(arm_kinematics(arm, q).T_base_probe[:3, :3])
            read = sign * (read + rng.normal(size=6) * np.repeat([0.1, 0.005], 3))
            wrench = own["geometry_msgs/msg/Wrench"](vector(*read[:3]), vector(*read[3:]))
            writer.write(wrenches, stamp_ns, TYPES.serialize_cdr(own[WRENCH](header, wrench), WRENCH))
    return path


@pytest.mark.parametrize("sign", [1, -1])
def test_weight_and_bias_are_found_within_a_fifth_of_a_newton(tmp_path: Path, sign: int) -> None:
    bag, out = record(tmp_path / "bag", TILTS, sign), tmp_path / "tool.json"
    arguments = [
        "calibrate",
        "tool",
        str(bag),
        "--description",
        str(URDF),
        "--sensor-sign",
        str(sign),
        "--out",
        str(out),
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    tool = read_tool(tmp_path, datetime.now(timezone.utc) + timedelta(seconds=1))
    assert abs(tool.mass_kg - TOOL.mass_kg) * 9.81 < 0.2
    assert tool.com_m == pytest.approx(TOOL.com_m, abs=0.003)
    assert tool.bias == pytest.approx(TOOL.bias, abs=0.2)


@pytest.mark.parametrize(
    ("tilts", "options", "said"),
    [
        (TILTS[:2], [], "2 still poses; 3 or more"),
        (((0.0, 0.0), (0.02, 0.0), (0.0, 0.02)), [], "too much alike"),
        (TILTS, ["--sensor-link", "link3"], "link3"),
        (TILTS, ["--sensor-sign", "2"], "valid: 1"),
        (TILTS, ["--wrench", "/none"], "/ft"),
    ],
)
def test_what_cannot_be_told_is_one_line(
    tmp_path: Path, tilts: "tuple[tuple[float, float], ...]", options: "list[str]", said: str
) -> None:
    bag, out = record(tmp_path / "bag", tilts), tmp_path / "tool.json"
    arguments = ["calibrate", "tool", str(bag), "--description", str(URDF), "--out", str(out), *options]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code != 0 and said in " ".join(result.output.split()), result.output
    assert "Traceback" not in result.output and not out.exists()

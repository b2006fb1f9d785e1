"""The one description of each arm: what MuJoCo, RViz, ros2_control and Gazebo read in it."""

from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest

from echopilot_control.kinematics.arm_model import read_arm
from echopilot_control.kinematics.chain import arm_kinematics
from echopilot_control.kinematics.urdf import rotation_rpy
from echopilot_core.paths import share_file
from echopilot_core.robot import FRAME_KG
from echopilot_sim.arm.arm_models import FR3_LIKE, UR5E_LIKE, ArmModel
from echopilot_sim.arm.link_poses import LinkPoses
from echopilot_sim.arm.mujoco_arm import arm_spec
from echopilot_sim.simulation import START_POSE

KINDS = pytest.mark.parametrize("kind", [FR3_LIKE, UR5E_LIKE], ids=lambda kind: kind.name)
FRAMES = {"base", "flange", "force_torque_sensor"}
FIXED = ("base_mount", "flange_joint", "force_torque_sensor_mount", "probe_mount")


def robot(kind: ArmModel) -> Element:
    return fromstring(share_file("echopilot_description", kind.urdf).read_text(encoding="utf-8"))


def moving(root: Element) -> list[Element]:
    return [joint for joint in root.findall("joint") if joint.get("type") == "revolute"]


@KINDS
def test_the_tree_runs_from_the_world_by_base_flange_and_sensor_to_the_probe(kind: ArmModel) -> None:
    parent = {j.find("child").get("link"): j.find("parent").get("link") for j in robot(kind).findall("joint")}  # type: ignore[union-attr]
    way = ["probe"]
    while way[-1] in parent:
        way.append(parent[way[-1]])  # type: ignore[arg-type]
    assert way[:3] == ["probe", "force_torque_sensor", "flange"] and way[-3:] == ["link0", "base", "world"]


@KINDS
def test_inertias_are_those_of_the_drawn_cylinders_and_frames_weigh_nothing(kind: ArmModel) -> None:
    links = {str(link.get("name")): link for link in robot(kind).findall("link")}
    for name in set(links) - {"world"}:
        mass_kg, inertia = _inertial(links[name])
        assert np.linalg.eigvalsh(inertia).min() > 0.0
        i, j, k = np.linalg.eigvalsh(inertia)
        assert i + j >= k
        if name in FRAMES:
            assert mass_kg < FRAME_KG
            continue
        cylinder = links[name].find("collision/geometry/cylinder")
        origin = links[name].find("collision/origin")
        assert cylinder is not None and origin is not None
        r, length = float(cylinder.get("radius", "")), float(cylinder.get("length", ""))
        across = mass_kg * (3.0 * r * r + length * length) / 12.0
        R = rotation_rpy(origin.get("rpy", "0 0 0"))
        drawn = R @ np.diag([across, across, 0.5 * mass_kg * r * r]) @ R.T
        assert inertia == pytest.approx(drawn, rel=0.01, abs=6e-6), name


def _inertial(link: Element) -> tuple[float, np.ndarray]:
    mass, tensor = link.find("inertial/mass"), link.find("inertial/inertia")
    assert mass is not None and tensor is not None, link.get("name")
    xx, yy, zz, xy, xz, yz = (float(tensor.get(f"i{key}", "")) for key in ("xx", "yy", "zz", "xy", "xz", "yz"))
    return float(mass.get("value", "")), np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


@KINDS
def test_ros2_control_takes_velocities_within_the_limits_and_tells_position_velocity_and_effort(kind: ArmModel) -> None:
    root = robot(kind)
    control = root.find("ros2_control")
    assert control is not None and control.findtext("hardware/plugin") == "gz_ros2_control/GazeboSimSystem"
    described = {str(joint.get("name")): joint for joint in control.findall("joint")}
    assert list(described) == [joint.get("name") for joint in moving(root)]
    starts: list[float] = []
    for joint in moving(root):
        limit, one = joint.find("limit"), described[str(joint.get("name"))]
        assert limit is not None
        commands = one.findall("command_interface")
        assert [command.get("name") for command in commands] == ["velocity"]
        largest = float(limit.get("velocity", ""))
        assert {p.get("name"): float(p.text or "") for p in commands[0]} == {"min": -largest, "max": largest}
        states = one.findall("state_interface")
        assert [state.get("name") for state in states] == ["position", "velocity", "effort"]
        start = float(states[0].findtext("param", ""))
        assert float(limit.get("lower", "")) < start < float(limit.get("upper", ""))
        starts.append(start)
    arm = read_arm(share_file("echopilot_description", kind.urdf).read_text(encoding="utf-8"))
    assert arm_kinematics(arm, np.array(starts)).T_base_probe == pytest.approx(START_POSE, abs=3e-4)
    assert control.find("sensor") is None  # gz_ros2_control of Jazzy knows no force sensor


@KINDS
def test_gazebo_keeps_every_fixed_joint_and_senses_at_the_probe(kind: ArmModel) -> None:
    blocks = {block.get("reference"): block for block in robot(kind).findall("gazebo")}
    assert set(blocks) == {*FIXED, *(joint.get("name") for joint in moving(robot(kind)))}
    assert all(blocks[name].findtext("preserveFixedJoint") == "true" for name in FIXED)
    sensor = blocks["probe_mount"].find("sensor")
    assert sensor is not None and sensor.get("type") == "force_torque"
    assert sensor.findtext("force_torque/frame") == "child"
    assert sensor.findtext("force_torque/measure_direction") == "child_to_parent"
    for joint in moving(robot(kind)):
        (torque,) = blocks[joint.get("name")]
        assert torque.get("type") == "force_torque" and torque.findtext("topic") == f"robot/{joint.get('name')}_torque"
        assert torque.findtext("force_torque/frame") == "child"
        assert torque.findtext("force_torque/measure_direction") == "parent_to_child"


@KINDS
def test_mujoco_keeps_the_frames_and_gives_them_no_mass(kind: ArmModel) -> None:
    model = arm_spec(kind).compile()
    for frame in FRAMES:
        body = model.body(frame).id
        assert model.body_mass[body] == 0.0 and not model.body_inertia[body].any()
    assert model.body("probe").mass[0] == 0.45


@KINDS
def test_tf_holds_every_link_of_the_description(kind: ArmModel) -> None:
    links = {str(link.get("name")) for link in robot(kind).findall("link")}
    transforms = LinkPoses(kind).transforms(kind.rest_rad)
    assert {child for _, child, _ in transforms} == links - {"world"}
    assert transforms[0][:2] == ("world", "base") and np.array_equal(transforms[0][2], np.eye(4))

"""Joint velocities follow a twist, stop at joint limits, and are refused where the arm would touch itself."""

import numpy as np
import pytest
from made_arm import urdf_of

from echopilot_core import EchoPilotError
from echopilot_robot.bridge.faults import ArmFaultKind
from echopilot_robot.bridge.motion import ArmMotion
from echopilot_robot.bridge.self_collision import SelfCollision
from echopilot_robot.bridge.settings import BridgeSettings
from echopilot_sim.arm.arm_models import FR3_LIKE

NAMES = tuple(f"joint{i}" for i in range(1, 8))
URDF = urdf_of()
FOLDED = np.array([0.0, 0.0, 0.0, 1.9, 0.0, 2.5, 0.0])  # the probe in the forearm


def motion(**changes: object) -> ArmMotion:
    made = ArmMotion(URDF, NAMES, BridgeSettings(**changes))  # type: ignore[arg-type]
    made.begin(FR3_LIKE.posture_rad)
    return made


def test_a_twist_is_followed() -> None:
    arm = motion()
    at, twist = arm.at(FR3_LIKE.posture_rad), np.array([0.02, -0.01, 0.005, 0.1, 0.0, -0.1])
    command = arm.follow(twist, at, at.position_rad, 0)
    assert command.fault is None
    assert at.J @ command.velocity_rad_s == pytest.approx(twist, abs=1e-3)


def test_no_joint_runs_past_its_limit_however_fast_the_twist() -> None:
    arm, rng = motion(self_collision=False), np.random.default_rng(2)
    q = FR3_LIKE.posture_rad.copy()
    twists = np.repeat(rng.standard_normal((10, 6)) * [0.3, 0.3, 0.3, 2.0, 2.0, 2.0], 300, axis=0)
    for twist in twists:
        q = q + 0.002 * arm.follow(twist, arm.at(q), q, 0).velocity_rad_s
        assert (arm.lower_rad <= q).all() and (q <= arm.upper_rad).all()


def test_a_joint_past_its_limit_is_named_and_led_back() -> None:
    arm, q = motion(self_collision=False), FR3_LIKE.posture_rad.copy()
    q[3] = arm.upper_rad[3] + 0.05
    command = arm.follow(np.zeros(6), arm.at(q), q, 0)
    assert command.fault is not None and command.fault.kind is ArmFaultKind.JOINT_LIMIT
    assert "joint 4 at 3.100 rad; expected: 0.100 to 3.050" in command.fault.text
    assert command.velocity_rad_s[3] < 0.0


def test_a_motion_into_the_arm_itself_is_refused_and_one_out_of_it_is_not() -> None:
    check = SelfCollision(URDF, FR3_LIKE.posture_rad)
    way = FOLDED - FR3_LIKE.posture_rad
    places = [FR3_LIKE.posture_rad + share * way for share in np.linspace(0.0, 1.0, 400)]
    meets = [bool(check.leads_into(q, 0.5 * way)) for q in places]
    assert not meets[0] and any(meets)
    close = places[meets.index(True)]
    assert check.leads_into(close, 0.5 * way).count(" and ") == 1
    assert check.leads_into(close, -0.5 * way) == ""
    assert check.leads_into(close, 0.0 * way) == ""


def test_joints_of_another_arm_are_refused_with_both() -> None:
    with pytest.raises(EchoPilotError, match="joints are a, b; expected those of the robot's description: joint1"):
        ArmMotion(URDF, ("a", "b"), BridgeSettings())
    with pytest.raises(EchoPilotError, match="rest_rad has 2 numbers; expected one for each of 7 joints"):
        ArmMotion(URDF, NAMES, BridgeSettings(rest_rad=(0.0, 1.0)))


def test_a_description_without_bodies_that_could_touch_is_refused_with_the_choices() -> None:
    bare = URDF
    while "<collision>" in bare:
        bare = bare[: bare.index("<collision>")] + bare[bare.index("</collision>") + len("</collision>") :]
    arm = ArmMotion(bare, NAMES, BridgeSettings())
    with pytest.raises(EchoPilotError, match="no collision bodies; add some, or set self_collision: false"):
        arm.begin(FR3_LIKE.posture_rad)

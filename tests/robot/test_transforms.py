"""Transforms of the links are those of the physics, and give the joints back."""

from types import SimpleNamespace

import numpy as np
import pytest
from made_arm import urdf_of

from echopilot_core.timing import NS_PER_S
from echopilot_robot.bridge.joints_of_transforms import JointsOfTransforms
from echopilot_robot.bridge.transforms import LinkTransforms
from echopilot_sim.arm.arm_models import ARM_NAMES, ArmName, arm_model
from echopilot_sim.arm.link_poses import LinkPoses
from echopilot_wire import to_transforms


@pytest.mark.parametrize("arm", ARM_NAMES)
def test_links_stand_where_the_physics_has_them(arm: ArmName) -> None:
    kind = arm_model(arm)
    ours = {child: (parent, T) for parent, child, T in LinkTransforms(urdf_of(arm)).at(kind.posture_rad)}
    theirs = LinkPoses(kind).transforms(kind.posture_rad)
    assert set(ours) == {child for _, child, _ in theirs}
    for parent, child, T in theirs:
        assert ours[child][0] == parent and ours[child][1] == pytest.approx(T, abs=1e-9)


@pytest.mark.parametrize("arm", ARM_NAMES)
def test_joints_come_back_with_their_velocities_and_turn_on_past_half_a_turn(arm: ArmName) -> None:
    kind, links, joints = arm_model(arm), LinkTransforms(urdf_of(arm)), JointsOfTransforms(urdf_of(arm))
    speed, found = np.linspace(0.5, 1.0, len(kind.posture_rad)), []
    for k in range(400):
        message = to_transforms(k * 10_000_000, links.at(kind.posture_rad + 0.01 * k * speed))
        halves = message.transforms[:4], message.transforms[4:]  # as drivers split them
        found += [at for half in halves for at in joints.take(half)]
    assert [at.stamp_ns for at in found] == [k * 10_000_000 for k in range(400)]
    assert found[-1].position_rad == pytest.approx(kind.posture_rad + 3.99 * speed, abs=1e-6)
    assert found[-1].velocity_rad_s == pytest.approx(speed, abs=1e-5)


def test_transforms_of_other_robots_and_of_another_time_complete_nothing() -> None:
    joints = JointsOfTransforms(urdf_of())
    message = to_transforms(NS_PER_S, LinkTransforms(urdf_of()).at(np.zeros(7)))
    later = to_transforms(2 * NS_PER_S, LinkTransforms(urdf_of()).at(np.zeros(7)))
    assert joints.take([SimpleNamespace(child_frame_id="camera")]) == []
    assert joints.take(message.transforms[:5]) == [] and joints.take(later.transforms[6:]) == []
    assert len(joints.take(later.transforms)) == 1

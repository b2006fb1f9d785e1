"""Poses at a frame's stamp."""

import numpy as np
import pytest
from exam_world import make_robot

from echopilot_core import se3
from echopilot_exam.poses import PoseHistory


def test_pose_lies_between_its_neighbours_and_turns_the_image() -> None:
    history = PoseHistory()
    history.add(make_robot(0, along_m=0.0))
    history.add(make_robot(50_000_000, along_m=0.004))
    pose = history.image_pose(25_000_000)
    assert pose is not None
    assert pose[:3, 3] == pytest.approx([0.5, -0.002, 0.2], abs=1e-12)
    assert pose[:3, 1] == pytest.approx([0.0, 0.0, -1.0], abs=1e-12), "depth of a probe that looks down"
    assert se3.is_rigid(pose)


def test_no_pose_outside_the_history_or_across_a_gap() -> None:
    history = PoseHistory()
    history.add(make_robot(100_000_000))
    assert history.image_pose(50_000_000) is None
    assert history.image_pose(150_000_000) is None
    history.add(make_robot(900_000_000))
    assert history.image_pose(500_000_000) is None


def test_broken_and_old_poses_are_left_out() -> None:
    history = PoseHistory()
    robot = make_robot(100_000_000)
    history.add(robot)
    broken = make_robot(150_000_000)
    broken.T_base_probe[0, 0] = np.nan
    history.add(broken)
    history.add(make_robot(50_000_000))
    history.add(make_robot(200_000_000, along_m=0.01))
    pose = history.image_pose(150_000_000)
    assert pose is not None and np.isfinite(pose).all()

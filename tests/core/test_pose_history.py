"""The pose at a stamp: between its neighbors on SE(3), never across a gap or outside what is remembered."""

import numpy as np
import pytest

from echopilot_core import se3
from echopilot_core.timing.pose_history import PoseHistory

TICK_NS = 10_000_000


def sliding_pose(t_s: float) -> np.ndarray:
    """Face at 15 mm/s along x, turning about z by 0.1 rad/s."""
    return se3.transform(se3.so3_exp(np.array([0.0, 0.0, 0.1 * t_s])), np.array([0.015 * t_s, 0.0, 0.0]))


def filled(history: PoseHistory, ticks: int) -> PoseHistory:
    for k in range(ticks):
        history.add(k * TICK_NS, sliding_pose(k * 0.01))
    return history


def test_a_pose_lies_between_its_neighbors() -> None:
    history = filled(PoseHistory(1.0), 10)
    between = history.at(44_000_000)
    assert between is not None and np.allclose(between, sliding_pose(0.044), atol=1e-6) and se3.is_rigid(between)
    assert np.array_equal(history.at(40_000_000), sliding_pose(0.04)), "a pose that is known is not interpolated"


def test_there_is_no_pose_outside_the_history() -> None:
    history = filled(PoseHistory(0.5), 100)
    assert history.at(980_000_000) is not None and history.at(490_000_000) is not None
    assert history.at(489_999_999) is None and history.at(990_000_001) is None
    assert PoseHistory(1.0).at(0) is None


def test_the_newest_pose_stands_for_as_long_as_asked() -> None:
    history = filled(PoseHistory(0.5, hold_s=0.02), 10)
    assert np.array_equal(history.at(110_000_000), sliding_pose(0.09)) and history.at(110_000_001) is None


@pytest.mark.parametrize(("gap_ns", "known"), [(250_000_000, True), (250_000_001, False)])
def test_nothing_is_interpolated_across_a_gap(gap_ns: int, known: bool) -> None:
    history = PoseHistory(2.0, max_gap_s=0.25)
    history.add(0, sliding_pose(0.0))
    history.add(gap_ns, sliding_pose(0.25))
    assert (history.at(100_000_000) is not None) == known
    assert history.at(0) is not None and history.at(gap_ns) is not None


def test_broken_and_old_poses_are_left_out() -> None:
    history = PoseHistory(2.0)
    history.add(100_000_000, sliding_pose(0.1))
    broken = sliding_pose(0.15)
    broken[0, 0] = np.nan
    history.add(150_000_000, broken)
    history.add(50_000_000, sliding_pose(0.05))
    history.add(200_000_000, sliding_pose(0.2))
    pose = history.at(150_000_000)
    assert pose is not None and np.allclose(pose, sliding_pose(0.15), atol=1e-5)
    assert history.at(50_000_000) is None

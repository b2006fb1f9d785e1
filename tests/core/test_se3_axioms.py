"""Rigid motions form a group; exp and log are inverse to each other, near 0 and near pi too; a message keeps them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echopilot_core import se3
from echopilot_wire.basic import from_pose, to_pose

coordinate = st.floats(-2.0, 2.0)
vectors = st.tuples(coordinate, coordinate, coordinate).map(np.array)
directions = vectors.filter(lambda v: np.linalg.norm(v) > 1e-3).map(lambda v: v / np.linalg.norm(v))
# Angles on purpose close to both ends, where formulas divide by zero.
angles_rad = st.one_of(
    st.floats(0.0, np.pi - 1e-3),
    st.floats(-12.0, -3.0).map(lambda e: 10.0**e),
    st.floats(-7.0, -3.0).map(lambda e: np.pi - 10.0**e),
)
twists = st.builds(lambda v, n, a: np.concatenate([v, n * a]), vectors, directions, angles_rad)
motions = twists.map(se3.exp)


@given(motions, motions)
def test_closure(T_a_b, T_b_c):
    assert se3.is_rigid(T_a_b @ T_b_c)


@given(motions)
def test_inverse_undoes_on_both_sides(T):
    assert np.allclose(T @ se3.inverse(T), np.eye(4), atol=1e-12)
    assert np.allclose(se3.inverse(T) @ T, np.eye(4), atol=1e-12)


@given(motions, motions, motions)
def test_associativity(A, B, C):
    assert np.allclose((A @ B) @ C, A @ (B @ C), atol=1e-12)


@given(twists)
def test_log_undoes_exp(twist):
    assert np.allclose(se3.log(se3.exp(twist)), twist, atol=1e-6)


@given(motions)
def test_exp_undoes_log(T):
    assert np.allclose(se3.exp(se3.log(T)), T, atol=1e-6)


@given(directions)
def test_half_turn_keeps_angle_and_axis_up_to_sign(axis):
    w = se3.so3_log(se3.so3_exp(np.pi * axis))
    assert np.isclose(np.linalg.norm(w), np.pi, atol=1e-7)
    assert np.isclose(abs(w @ axis), np.pi, atol=1e-6)


@given(motions)
def test_quaternion_round_trip(T):
    q = se3.quaternion(T[:3, :3])
    assert q[3] >= 0.0
    assert np.isclose(np.linalg.norm(q), 1.0)
    assert np.allclose(se3.from_quaternion(q), T[:3, :3], atol=1e-12)


@given(motions)
def test_a_motion_as_transmitted_is_rigid_and_the_same_but_for_rounding(T):
    sent = se3.as_transmitted(T)
    assert se3.is_rigid(sent, tolerance=1e-14)
    assert np.abs(sent[:3, :3] - T[:3, :3]).max() < 4e-15
    assert np.array_equal(sent[:3, 3], T[:3, 3]) and np.array_equal(sent[3], [0.0, 0.0, 0.0, 1.0])


@given(motions, st.integers(0, 2), st.integers(0, 3), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_a_motion_with_a_number_that_is_none_is_transmitted_as_nothing_but_nan(T, row, column, bad):
    T[row, column] = bad
    assert np.isnan(se3.as_transmitted(T)).all()


@given(motions)
def test_as_transmitted_is_what_a_receiver_of_the_message_computes(T):
    for sent in (T, np.where(np.arange(16).reshape(4, 4) == 3, np.nan, T)):
        assert np.array_equal(se3.as_transmitted(sent), from_pose(to_pose(sent)), equal_nan=True)


@given(motions, vectors)
def test_apply_is_the_homogeneous_product(T, point):
    assert np.allclose(se3.apply(T, point), (T @ np.append(point, 1.0))[:3])


@pytest.mark.parametrize("bad", [np.zeros(4), np.array([1.0, 1.0, 0.0, 0.0]), np.full(4, np.nan)])
def test_a_quaternion_that_is_not_unit_is_refused(bad):
    with pytest.raises(ValueError, match="norm"):
        se3.from_quaternion(bad)


@pytest.mark.parametrize(
    "bad", [np.full((4, 4), np.nan), np.diag([1.0, 1.0, -1.0, 1.0]), np.diag([2.0, 1.0, 1.0, 1.0]), np.eye(3)]
)
def test_what_is_not_a_rigid_motion_is_seen(bad):
    assert not se3.is_rigid(bad)


@given(motions)
def test_a_transmitted_pose_is_the_same_motion_within_rounding(T):
    received = se3.as_transmitted(T)
    assert se3.is_rigid(received)
    assert np.abs(received - T).max() < 1e-14


def test_a_pose_that_is_not_finite_is_transmitted_as_nan():
    T = np.eye(4)
    T[1, 3] = np.inf
    assert np.isnan(se3.as_transmitted(T)).all()

"""Rigid motions form a group, and exp and log are inverse to each other, near 0 and near pi too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echopilot_core import se3

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


@given(motions, twists)
def test_adjoint_moves_a_twist_as_conjugation_moves_its_matrix(T, twist):
    def matrix(t):
        X = np.zeros((4, 4))
        X[:3, :3], X[:3, 3] = se3.hat(t[3:]), t[:3]
        return X

    assert np.allclose(matrix(se3.adjoint(T) @ twist), T @ matrix(twist) @ se3.inverse(T), atol=1e-9)


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

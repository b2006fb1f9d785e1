"""The signs that all packages rely on: probe, image and twist axes."""

import numpy as np
import pytest

from echopilot_core import RobotMode, RobotState, se3

X, Y, Z = np.eye(3)


def test_image_right_is_probe_x_and_depth_is_probe_z():
    assert np.array_equal(se3.R_PROBE_US_IMAGE @ X, X)
    assert np.array_equal(se3.R_PROBE_US_IMAGE @ Y, Z)


def test_image_axes_are_right_handed():
    assert np.array_equal(np.cross(se3.R_PROBE_US_IMAGE @ X, se3.R_PROBE_US_IMAGE @ Y), se3.R_PROBE_US_IMAGE @ Z)
    assert se3.is_rigid(se3.T_PROBE_US_IMAGE)


def test_positive_rotation_is_counter_clockwise_about_the_axis():
    assert np.allclose(se3.so3_exp(0.5 * np.pi * Z) @ X, Y)


def test_look_along_points_z_and_keeps_x_near_its_hint():
    R = se3.look_along(np.array([0.0, 0.0, -2.0]), np.array([1.0, 0.0, 0.3]))
    assert np.allclose(R, np.column_stack([X, -Y, -Z]))
    with pytest.raises(ValueError, match="parallel"):
        se3.look_along(Z, Z)


def test_pressing_reads_as_positive_contact_force():
    state = RobotState(
        0, 0, np.eye(4), np.zeros(6), np.array([0, 0, -5.0, 0, 0, 0]), np.zeros(7), np.zeros(7), RobotMode.SERVO
    )
    assert state.contact_force_n == 5.0

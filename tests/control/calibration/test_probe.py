"""Image to marker: the truth is found, wrong frames are left out, residuals tell, poor input is refused."""

import numpy as np
import pytest
from toy_phantom import PHANTOM, SPACING_M, scans

from echopilot_control.calibration import NWirePhantom, calibrate_probe
from echopilot_control.calibration.linear import solve_linear
from echopilot_control.calibration.probe import plane_distance_m
from echopilot_control.calibration.refine import nearest_plane, phantom_in_marker, refine_plane
from echopilot_core import EchoPilotError, se3


def angle_deg(a, b):
    return np.degrees(se3.angle_between(a.T_marker_image[:3, :3], b.T_marker_image[:3, :3]))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_clean_scans_give_the_true_plane_to_the_micrometer(seed):
    s = scans(seed)
    found = calibrate_probe(PHANTOM, s.points_px, s.T_phantom_marker)
    assert plane_distance_m(found.plane, s.truth, s.points_px) < 1e-6
    assert np.allclose(found.plane.spacing_m, SPACING_M, rtol=1e-5)
    assert found.kept.all()
    assert max(found.residuals.in_plane_m, found.residuals.out_of_plane_m, found.residuals.moved_m) < 1e-6


@pytest.mark.parametrize("seed", range(10, 16))
def test_noise_of_two_pixels_leaves_a_quarter_of_a_millimeter(seed):
    s = scans(seed, frames=120, noise_px=2.0)
    found = calibrate_probe(PHANTOM, s.points_px, s.T_phantom_marker)
    assert plane_distance_m(found.plane, s.truth, s.points_px) < 0.25e-3
    assert angle_deg(found.plane, s.truth) < 0.4
    noise_m = 2.0 * np.linalg.norm(SPACING_M)
    assert found.residuals.in_plane_m == pytest.approx(noise_m, rel=0.25)
    assert found.residuals.unseen_m >= 0.98 * found.residuals.in_plane_m


@pytest.mark.parametrize("seed", [20, 21, 22])
def test_wrong_frames_are_left_out(seed):
    s = scans(seed, frames=60, noise_px=0.5)
    points, poses = s.points_px.copy(), s.T_phantom_marker.copy()
    points[0:6, 0, 1, 0] += 60.0  # a reflection taken for the middle wire
    poses[6:12] = poses[6:12] @ se3.transform(np.eye(3), np.array([0.01, 0.0, 0.01]))  # the reference was pushed
    found = calibrate_probe(PHANTOM, points, poses)
    assert not found.kept[:12].any()
    assert found.kept[12:].mean() > 0.9
    assert plane_distance_m(found.plane, s.truth, s.points_px) < 0.3e-3


@pytest.mark.parametrize("seed", [26, 27, 28])
def test_two_fifths_of_wrong_frames_do_no_harm(seed):
    s = scans(seed, frames=60, noise_px=0.5)
    poses = s.T_phantom_marker.copy()
    poses[:24] = poses[:24] @ se3.transform(np.eye(3), np.array([0.02, -0.01, 0.01]))
    found = calibrate_probe(PHANTOM, s.points_px, poses)
    assert not found.kept[:24].any()
    assert plane_distance_m(found.plane, s.truth, s.points_px) < 0.3e-3


def test_frames_with_a_wrong_outer_wire_are_left_out():
    s = scans(25, frames=60, noise_px=0.5)
    s.points_px[:6, 1, 2, 1] += 40.0  # hardly changes where the middle wire seems to be cut
    found = calibrate_probe(PHANTOM, s.points_px, s.T_phantom_marker)
    assert not found.kept[:6].any()
    assert found.kept[6:].mean() > 0.9


def test_outer_wires_sharpen_the_pixel_size():
    refined, linear = [], []
    for seed in range(70, 80):
        s = scans(seed, noise_px=2.0)
        ends = phantom_in_marker(PHANTOM.ends_m, s.T_phantom_marker)
        cut = zip(s.T_phantom_marker, PHANTOM.middle_points_m(s.points_px), strict=True)
        middles = np.array([se3.apply(se3.inverse(T), points_m) for T, points_m in cut])
        start = nearest_plane(solve_linear(s.points_px[:, :, 1], middles))
        linear.append(start.spacing_m / SPACING_M - 1.0)
        refined.append(refine_plane(start, s.points_px, ends).spacing_m / SPACING_M - 1.0)
    assert np.std(refined) < 0.5 * np.std(linear)


def test_a_wire_that_is_elsewhere_than_told_has_the_largest_residual():
    s = scans(30, frames=60, noise_px=0.3)
    ends = PHANTOM.ends_m.copy()
    ends[2, 2, :, 2] += 2e-3
    found = calibrate_probe(NWirePhantom(PHANTOM.names, ends), s.points_px, s.T_phantom_marker)
    assert np.unravel_index(np.argmax(found.residuals.wires_m), (3, 3)) == (2, 2)
    assert found.residuals.in_plane_m > 0.3e-3


def test_the_probe_frame_stands_on_the_face_and_looks_into_the_patient():
    plane = scans(3).truth
    T_image_probe = se3.inverse(plane.T_marker_image) @ plane.probe_pose(np.array([410.0, -5.0]))
    assert np.allclose(T_image_probe[:3, 3], [410 * SPACING_M[0], -5 * SPACING_M[1], 0.0])
    x, y, z = T_image_probe[:3, :3].T
    assert np.allclose(x, [1, 0, 0]) and np.allclose(z, [0, 1, 0]) and np.allclose(y, np.cross(z, x))


def refused(s, match, phantom=PHANTOM):
    with pytest.raises(EchoPilotError, match=match) as told:
        calibrate_probe(phantom, s.points_px, s.T_phantom_marker)
    assert "\n" not in str(told.value)


def test_poor_recordings_are_refused_in_one_line():
    refused(scans(0, frames=9), "at least 10")
    refused(scans(0, turn_deg=0.2), "hardly turned")
    refused(scans(0, travel_m=0.0, turn_deg=2.0), "moved by")
    s = scans(0)
    s.points_px[3, 1, 1, 0] = np.nan
    refused(s, "finite")
    s = scans(0)
    s.T_phantom_marker[5, :3, :3] *= 1.1
    refused(s, "rigid")
    s = scans(0)
    refused(type(s)(s.points_px[:, :2], s.T_phantom_marker, s.truth), "wire points")


def test_phantoms_that_cannot_tell_the_plane_are_refused():
    for change, match in (
        (lambda e: e.__setitem__((0, 2, 1, 0), 0.05), "parallel"),
        (lambda e: e.__setitem__((1, 1), e[1, 0] + [0.01, 0, 0]), "lean"),
        (lambda e: e.__setitem__((0, 0, 1), e[0, 0, 0]), "length"),
        (lambda e: e.__setitem__((0, 0, 0, 0), np.inf), "finite"),
    ):
        ends = PHANTOM.ends_m.copy()
        change(ends)
        with pytest.raises(EchoPilotError, match=match):
            NWirePhantom(PHANTOM.names, ends)
    with pytest.raises(EchoPilotError, match="2 or more rows"):
        NWirePhantom(PHANTOM.names[:1], PHANTOM.ends_m[:1])

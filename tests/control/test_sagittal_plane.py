"""Midline from the symmetry of the trunk: closer than the landmarks, robust to one of them, and to half a trunk."""

from dataclasses import replace

import numpy as np
import pytest

from echopilot_control.body_axes import BodyAxes, body_axes
from echopilot_control.sagittal_plane import aligned_to_sagittal_plane
from echopilot_control.surface import SkinSurface
from echopilot_core import BodyLandmarks, BodySurface, se3
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.depth_camera import Body
from echopilot_sim.frame_state import Phases

BESIDE_STERNUM_M = 0.064  # above the xiphoid, where parasternal views enter
SEEDS = range(500300, 500312)


def seen_from_outside(seed: int) -> tuple[SkinSurface, BodyLandmarks, np.ndarray]:
    patient = sample_patient(seed)
    body = Body(patient)
    surface = body.surface(0, patient.T_base_patient, Phases().breathing)
    return SkinSurface(surface), body.landmarks(0, Phases().breathing), patient.T_base_patient


def off_m(axes: BodyAxes, T_base_patient: np.ndarray) -> float:
    point = axes.xiphoid_m + BESIDE_STERNUM_M * axes.superior
    return float(se3.apply(se3.inverse(T_base_patient), point[None])[0, 0])


def test_symmetry_finds_the_midline_within_millimeters_of_patients_whose_landmarks_are_a_centimeter_off():
    found, pointed = [], []
    for seed in SEEDS:
        skin, landmarks, T_base_patient = seen_from_outside(seed)
        axes = body_axes(landmarks)
        pointed.append(off_m(axes, T_base_patient))
        found.append(off_m(aligned_to_sagittal_plane(axes, landmarks, skin), T_base_patient))
    print(f"seeds {SEEDS}: pointed {1e3 * np.std(pointed):.1f} mm, found {1e3 * np.std(found):.1f} mm")
    assert np.sqrt(np.mean(np.square(found))) < 0.0035
    assert np.sqrt(np.mean(np.square(pointed))) > 0.006


def test_one_landmark_that_is_far_off_hardly_moves_it():
    skin, landmarks, T_base_patient = seen_from_outside(SEEDS[0])
    right = aligned_to_sagittal_plane(body_axes(landmarks), landmarks, skin)
    far = replace(landmarks, xiphoid_m=landmarks.xiphoid_m + 0.025 * T_base_patient[:3, 0])
    moved = aligned_to_sagittal_plane(body_axes(far), far, skin)
    assert abs(off_m(moved, T_base_patient) - off_m(right, T_base_patient)) < 0.005


def test_axes_stay_orthonormal_and_keep_gravity():
    skin, landmarks, _ = seen_from_outside(SEEDS[1])
    axes = aligned_to_sagittal_plane(body_axes(landmarks), landmarks, skin)
    assert np.allclose(axes.R_base_patient.T @ axes.R_base_patient, np.eye(3), atol=1e-9)
    assert np.allclose(axes.posterior, [0.0, 0.0, -1.0])


def test_with_one_side_unseen_the_landmarks_decide_together():
    skin, landmarks, T_base_patient = seen_from_outside(SEEDS[2])
    left = se3.apply(se3.inverse(T_base_patient), skin.points_m)[:, 0] > 0.005
    axes = aligned_to_sagittal_plane(body_axes(landmarks), landmarks, SkinSurface(BodySurface(0, skin.points_m[left])))
    points = np.stack([landmarks.notch_m, landmarks.xiphoid_m, landmarks.navel_m]) - axes.xiphoid_m
    assert np.mean(points @ axes.left) == pytest.approx(0.0, abs=1e-3)

"""True places of the landmarks of heart and aorta in the image plane."""

import math

import numpy as np

from echopilot_core import Array, LandmarkName
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.anatomy.heart import aortic_root
from echopilot_sim.anatomy.heart import motion as heart_motion
from echopilot_sim.anatomy.heart.valves import mitral_ring
from echopilot_sim.anatomy.parameters import Heart
from echopilot_sim.anatomy.torso.compression import pressed_depth
from echopilot_sim.bmode.sound.contact import indentation_of
from echopilot_sim.frame_state import FrameState
from echopilot_sim.truth.aorta import AortaTruth

APEX_OFF_PLANE_M = 0.006  # an apex farther from the image plane is not in the image
RING_POINTS = 128


def landmarks(anatomy: Anatomy, frame_state: FrameState, aorta: AortaTruth | None) -> Array:
    """Points (len(LandmarkName), 2) [m] in us_image as pictured; NaN where the image plane does not hold the point."""
    found = np.full((len(LandmarkName), 2), np.nan)
    heart = anatomy.patient.heart
    if heart is not None:
        _heart(found, heart, anatomy.patient.torso.organ_shift_m, frame_state)
    if aorta is not None:
        half = np.array([0.0, 0.5 * aorta.outer_ap_m])
        found[LandmarkName.AORTA_NEAR] = aorta.centre_m - half
        found[LandmarkName.AORTA_FAR] = aorta.centre_m + half
    return found


def root_diameter_m(heart: Heart) -> float:
    """Largest leading-edge diameter [m] of sinuses and tubular ascending aorta: the inner one and one wall."""
    return 2.0 * max(heart.sinus_radius_m, heart.ascending_radius_m) + aortic_root.WALL_M


def _heart(found: Array, heart: Heart, organ_shift_m: float, frame_state: FrameState) -> None:
    phase = frame_state.phases.heart
    lv = heart_motion.lv_profile(heart, phase)
    annulus = float(lv.height_m[-1])
    drop = float(lv.rest_height_m[-1]) - annulus
    angle = np.linspace(0.0, 2.0 * math.pi, RING_POINTS + 1)
    p, w = mitral_ring(angle, math.sqrt(float(lv.inner2_m2[-1])))
    out = aortic_root.outflow_axis()
    ring = p[:, None] * out + w[:, None] * np.array([out[1], -out[0], 0.0]) + np.array([0.0, 0.0, annulus])
    center, u, v, _ = aortic_root.base(heart)
    center = center - np.array([0.0, 0.0, drop])
    root = center + heart.root_radius_m * (np.cos(angle)[:, None] * u + np.sin(angle)[:, None] * v)
    tip = np.array([0.0, 0.0, aortic_root.APEX_WALL * heart.wall_m])
    origin = heart.apex_m - np.array([0.0, 0.0, organ_shift_m * (frame_state.phases.breathing - 0.5)])

    def in_probe(points: Array) -> Array:
        T = frame_state.T_patient_probe
        return np.asarray((origin + points @ heart.rotation.T - T[:3, 3]) @ T[:3, :3])

    for points, rank, first in (
        (ring, ring @ out, LandmarkName.MITRAL_ANTERIOR),
        (root, root @ u, LandmarkName.AORTIC_VALVE_ANTERIOR),
    ):
        crossings = _crossings(in_probe(points), rank)
        if crossings is not None:
            found[first], found[first + 1] = (_pictured(c, frame_state) for c in crossings)
    apex = in_probe(tip[None])[0]
    if abs(apex[1]) < APEX_OFF_PLANE_M and apex[2] > 0.0:
        found[LandmarkName.APEX] = _pictured(apex, frame_state)


def _crossings(points: Array, rank: Array) -> tuple[Array, Array] | None:
    """Where a closed curve (N, 3) in probe crosses the image plane twice, the one of higher `rank` (N,) first."""
    y = points[:, 1]
    at = np.flatnonzero(np.sign(y[:-1]) != np.sign(y[1:]))
    if at.size != 2:
        return None
    share = (y[at] / (y[at] - y[at + 1]))[:, None]
    ends = points[at] + share * (points[at + 1] - points[at])
    if (ends[:, 2] <= 0.0).any():
        return None
    first, second = np.argsort(-rank[at])
    return ends[first], ends[second]


def _pictured(point: Array, frame_state: FrameState) -> Array:
    indentation = indentation_of(frame_state.gap_m)
    return np.array([point[0], pressed_depth(float(point[2]) + indentation, indentation)])

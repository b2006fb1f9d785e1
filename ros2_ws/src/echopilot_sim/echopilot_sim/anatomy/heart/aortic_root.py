"""Aortic root and ascending aorta of the heart: center line, radii, and the end where the aortic tube goes on.

Heart axes (a, b, c) as in heart.py. The root leaves the LV base at 45 degrees, then bends towards the head.
"""

import math

import numpy as np

from echopilot_core import Array
from echopilot_sim.anatomy.parameters import Heart

APEX_WALL = 0.65  # muscle at the tip of the apex, in units of the wall at the equator
OUTFLOW_RAD = math.radians(57.0)  # from the a axis to the outflow tract, around the LV axis
WALL_M = 0.0018
_SINUS_M, _JUNCTION_M, _TUBULAR_M = 0.011, 0.021, 0.032  # distance of sinuses, junction and tubular part from the base
_STRAIGHT_M, _UPWARD_M = 0.038, 0.026
_UP = np.array([-0.24, -0.05, 0.97])  # course of the ascending aorta in patient: up, a little to the right


def annulus_rest_m(heart: Heart) -> float:
    """Height c [m] of the mitral annulus at end-diastole."""
    return heart.length_m + APEX_WALL * heart.wall_m


def outflow_axis() -> Array:
    """Unit vector (3,) in heart axes from the LV axis to the outflow tract: the parasternal long-axis direction."""
    return np.array([math.cos(OUTFLOW_RAD), math.sin(OUTFLOW_RAD), 0.0])


def base(heart: Heart) -> tuple[Array, Array, Array, Array]:
    """Center of the aortic annulus at end-diastole, and unit vectors u, v, n (n downstream), all (3,) in heart axes.

    u points forward, away from the left atrium; the frame is right-handed.
    """
    p = outflow_axis()
    n = math.sqrt(0.5) * np.array([p[0], p[1], 1.0])
    u = math.sqrt(0.5) * np.array([p[0], p[1], -1.0])
    center = 0.0158 * p + np.array([0.0, 0.0, annulus_rest_m(heart) - 0.003])
    return center, u, np.cross(n, u), n


def center_line(heart: Heart, n_points: int = 65) -> Array:
    """Points (n, 3) [m] of the root at end-diastole from the annulus on, in heart axes: a cubic Bezier curve, or the
    heart's own course where it has one (as many points as that has)."""
    if heart.root_course_m is not None:
        return heart.root_course_m
    start, _, _, n = base(heart)
    up = heart.rotation.T @ (_UP / np.linalg.norm(_UP))
    end = start + _STRAIGHT_M * n + _UPWARD_M * up
    t = np.linspace(0.0, 1.0, n_points)[:, None]
    a, b = start + 0.026 * n, end - 0.020 * up
    return np.asarray((1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * a + 3 * (1 - t) * t**2 * b + t**3 * end)


def inner_radius(heart: Heart, distance_m: Array) -> Array:
    """Inner radius [m] at distances along the root: annulus, sinuses, sinotubular junction, tubular part."""
    r_annulus, r_sinus, r_ascending = heart.root_radius_m, heart.sinus_radius_m, heart.ascending_radius_m
    junction = min(0.96 * r_ascending, 0.5 * (r_sinus + max(r_annulus, 0.9 * r_ascending)))
    knots = np.array([0.0, 0.25 * _SINUS_M, _SINUS_M, _JUNCTION_M, _TUBULAR_M])
    radii = np.array([r_annulus, 0.75 * r_annulus + 0.25 * r_sinus, r_sinus, junction, r_ascending])
    s = np.clip(distance_m, 0.0, _TUBULAR_M)
    k = np.clip(np.searchsorted(knots, s, side="right") - 1, 0, 3)
    f = (s - knots[k]) / (knots[k + 1] - knots[k])
    f = np.where(k == 0, f, f * f * (3.0 - 2.0 * f))
    return np.asarray(radii[k] + f * (radii[k + 1] - radii[k]))


def ascending_end(heart: Heart) -> tuple[Array, Array, float]:
    """Where the modeled ascending aorta ends: point (3,) and downstream unit vector (3,) in patient, inner radius.

    At mid breathing; it does not move with the beat. The aortic tube starts here.
    """
    line = center_line(heart)
    direction = heart.rotation @ (line[-1] - line[-2])
    point = heart.apex_m + heart.rotation @ line[-1]
    return point, direction / np.linalg.norm(direction), heart.ascending_radius_m

"""Inputs of the heart's classification: a label grid at end-diastole, made once, and flat numbers per instant."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_sim.anatomy.heart import aortic_root
from echopilot_sim.anatomy.heart import columns as col
from echopilot_sim.anatomy.heart import motion as heart_motion
from echopilot_sim.anatomy.heart import shape as heart_shape
from echopilot_sim.anatomy.heart.aortic_root import APEX_WALL
from echopilot_sim.anatomy.heart.chambers import modulation
from echopilot_sim.anatomy.heart.valves import mitral_tip
from echopilot_sim.anatomy.parameters import Heart

State = tuple[Array, Array, NDArray[np.uint8]]
"""Flat numbers (80,), LV table (192, 9), labels at end-diastole (nc, nb, na): what `classify` takes."""

_RV_SHORTENING = 0.30  # of the RV between septum and free wall, at an ejection fraction of 0.6


@dataclass(frozen=True)
class BuiltHeart:
    """A heart with its baked anatomy at end-diastole."""

    heart: Heart
    grid: heart_shape.HeartGrid


def build(heart: Heart | None) -> BuiltHeart | None:
    """Bake a heart (about half a second); None for a patient without one."""
    return None if heart is None else BuiltHeart(heart, heart_shape.voxelize_heart(heart))


def no_heart() -> State:
    """State of a patient without a modeled heart: nothing lies in it."""
    flat = np.zeros(col.N_STATE)
    flat[:3] = 1e3
    return flat, np.zeros((heart_motion.N_ROWS, 9)), np.zeros((1, 1, 1), np.uint8)


def state(built: BuiltHeart | None, phase: float, breathing: float, organ_shift_m: float) -> State:
    """State at one instant of a heart that follows the breathing by `organ_shift_m` peak to peak."""
    if built is None:
        return no_heart()
    heart = built.heart
    lv, k = heart_motion.lv_profile(heart, phase), heart_motion.contraction(phase)
    table = np.empty((heart_motion.N_ROWS, 9))
    table[:, col.REST_HEIGHT], table[:, col.INNER_2], table[:, col.OUTER_2] = (
        lv.rest_height_m,
        lv.inner2_m2,
        lv.outer2_m2,
    )
    table[:, col.REST_INNER_2], table[:, col.REST_OUTER_2] = lv.rest_inner2_m2, lv.rest_outer2_m2
    table[:, col.TURN_COS], table[:, col.TURN_SIN] = np.cos(lv.turn_rad), -np.sin(lv.turn_rad)
    table[:, col.BOW], table[:, 8] = lv.bow_m, 0.0
    annulus, rest_annulus = float(lv.height_m[-1]), float(lv.rest_height_m[-1])
    out = np.zeros(col.N_STATE)
    out[col.APEX : col.APEX + 3] = heart.apex_m - np.array([0.0, 0.0, organ_shift_m * (breathing - 0.5)])
    out[col.ROTATION : col.ROTATION + 9] = heart.rotation.T.ravel()
    out[col.ANNULUS], out[col.ROWS_PER_M] = annulus, (heart_motion.N_ROWS - 1) / annulus
    out[col.ANNULUS_DESCENT] = rest_annulus - annulus
    out[col.ROOF] = heart_shape.roof_m(heart)
    out[col.RV_SHORTENING] = _RV_SHORTENING * k * heart.ejection_fraction / 0.6
    out[col.MITRAL_OPENING], out[col.AORTIC_OPENING] = (
        heart_motion.mitral_opening(phase),
        heart_motion.aortic_opening(phase),
    )
    base, u, v, n = aortic_root.base(heart)
    out[col.ROOT_BASE : col.ROOT_BASE + 3] = base - np.array([0.0, 0.0, out[col.ANNULUS_DESCENT]])
    out[col.ROOT_U : col.ROOT_U + 3], out[col.ROOT_V : col.ROOT_V + 3], out[col.ROOT_AXIS : col.ROOT_AXIS + 3] = u, v, n
    out[col.ROOT_RADIUS] = heart.root_radius_m
    out[col.SINUS_RADIUS] = heart.sinus_radius_m
    out[col.MITRAL_RADIUS] = math.sqrt(lv.inner2_m2[-1])
    out[col.RV_SCALE] = heart.rv_scale
    out[col.TRICUSPID_HEIGHT] = annulus - heart_shape.TRICUSPID_DROP_M * (annulus / rest_annulus)
    out[col.LV_RADIUS] = math.sqrt(lv.outer2_m2[-1])
    grid = built.grid
    out[col.BOX_LOW : col.BOX_LOW + 3], out[col.BOX_HIGH : col.BOX_HIGH + 3] = grid.origin_m, grid.end_m
    out[col.SPHERE : col.SPHERE + 3], out[col.SPHERE_RADIUS_2] = 0.5 * (grid.origin_m + grid.end_m), grid.radius_m**2
    out[col.LABELS_ORIGIN : col.LABELS_ORIGIN + 3] = grid.origin_m - 0.5 * heart_shape.SPACING_M
    out[col.TRICUSPID_RADIUS] = 0.030 * heart.rv_scale / (1.0 + out[col.RV_SHORTENING])
    chordae = _chordae(heart, lv, out[col.MITRAL_RADIUS], out[col.MITRAL_OPENING])
    out[col.CHORDAE_LOW] = min(c[2] for c in chordae)
    out[col.CHORDAE : col.CHORDAE + 24] = np.concatenate(chordae)
    return out, table, grid.labels


def _chordae(heart: Heart, lv: heart_motion.LvProfile, ring_m: float, opening: float) -> list[Array]:
    """Start at a papillary head and end at a leaflet tip, (6,) each in heart axes."""
    rest = APEX_WALL * heart.wall_m + heart_shape.PAPILLARY_HEAD * heart.length_m
    i = int(np.searchsorted(lv.rest_height_m, rest))
    edge, rest_edge = math.sqrt(lv.inner2_m2[i]), math.sqrt(lv.rest_inner2_m2[i])
    depth_rest = (1.0 - heart_shape.PAPILLARY_HANG) * rest_edge
    pinch = (rest_edge - edge) / edge**2
    depth = 2.0 * depth_rest / (1.0 + math.sqrt(1.0 + 4.0 * pinch * depth_rest))
    cosine, sine = math.cos(lv.turn_rad[i]), math.sin(lv.turn_rad[i])
    lines = []
    for side, axis in zip((-1.0, 1.0), heart_shape.PAPILLARY_AXES, strict=True):
        head = (edge - depth) * np.array([cosine * axis[0] - sine * axis[1], sine * axis[0] + cosine * axis[1]])
        for anterior in (True, False):
            p, w, c = mitral_tip(anterior, 0.42 * side, ring_m, opening)
            tip = p * aortic_root.outflow_axis()[:2] + w * np.array([0.8387, -0.5446])
            lines.append(np.array([*head, lv.height_m[i], *tip, lv.height_m[-1] - c]))
    return lines


def in_cavity(heart: Heart, phase: float, points_m: Array) -> NDArray[np.bool_]:
    """Which points (N, 3) in heart axes lie in the LV cavity of the closed form, papillary muscles included."""
    lv = heart_motion.lv_profile(heart, phase)
    c = points_m[:, 2]
    x, y = points_m[:, 0] - np.interp(c, lv.height_m, lv.bow_m), points_m[:, 1]
    inner2 = np.interp(c, lv.height_m, lv.inner2_m2, left=0.0, right=0.0)
    return np.asarray(x * x + y * y < inner2 * modulation.py_func(x, y)[0])

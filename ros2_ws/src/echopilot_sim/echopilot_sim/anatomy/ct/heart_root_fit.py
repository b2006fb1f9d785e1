"""The beating heart placed by the aortic root: annulus, sinotubular junction and the measured aorta that follows."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from echopilot_core import Array, se3
from echopilot_sim.anatomy.ct.heart_fit import AVERAGE, ROTATION
from echopilot_sim.anatomy.ct.sections import Sections
from echopilot_sim.anatomy.heart import aortic_root
from echopilot_sim.anatomy.parameters import Heart
from echopilot_sim.anatomy.torso.skin import Skin
from echopilot_sim.anatomy.vessels.tube import course as smooth_course

APEX_DEPTH_M = (0.018, 0.032)
"""Range of the depth of the epicardial apex under the skin: chest wall and a little lung or fat."""
_DEPTH_RAD_M, _TILT, _SIZE_RAD = 20.0, 0.5, 1.0  # prices: apex out of range, root off its direction, unusual size
_PAST_JUNCTION_M = 0.012
_AT_HEART_M = 0.020  # of the annulus: where an aorta begins that leaves this heart
_ASCENDING_M = 0.060  # of the measured aorta that beats as the heart's root
_MEASURED_FROM_M = 0.018  # above the annulus: nearer to it the label ends, and with it its center line
_TURNS = np.radians(np.arange(-180.0, 180.0, 6.0))
_TILTS = np.radians([0.0, 12.0, 24.0, 36.0])
_SIDES = np.radians(np.arange(0.0, 360.0, 45.0))
_SIZES = np.linspace(0.90, 1.20, 5)


def from_root(annulus_m: Array, junction_m: Array, annulus_radius_m: float, at: Sections, skin: Skin) -> Heart:
    """Heart whose aortic root runs from the annulus (3,) to the junction (3,) in patient, with the measured calibres.

    The turn about the root, a tilt against it (up to 36 degrees) and the size (10 % less to 20 % more in length) are
    those that bring the heart nearest to its usual attitude with the apex behind the chest wall; root and
    ascending aorta keep the measured course. Ejection fraction, wall, right heart and atria are average.
    """
    course = (junction_m - annulus_m) / np.linalg.norm(junction_m - annulus_m)
    along = (at.centre_m - annulus_m) @ course
    beside = np.linalg.norm(at.centre_m - annulus_m - along[:, None] * course, axis=1)
    length = float(np.linalg.norm(junction_m - annulus_m))
    root = (along > 0.25 * length) & (along < 0.9 * length) & (beside < 0.02)
    past = (along > length) & (along < length + _PAST_JUNCTION_M) & (beside < 0.02)
    sized = replace(
        AVERAGE,
        root_radius_m=annulus_radius_m,
        sinus_radius_m=max(float(at.radius_m[root].max()), annulus_radius_m) if root.any() else 1.3 * annulus_radius_m,
        ascending_radius_m=float(np.median(at.radius_m[past])) if past.any() else 1.15 * annulus_radius_m,
    )
    best, least = sized, np.inf
    for size in _SIZES:
        heart = replace(sized, edv_m3=AVERAGE.edv_m3 * float(size) ** 3, length_m=AVERAGE.length_m * float(size))
        for direction, tilt in _directions(course):
            for angle in _TURNS:
                placed = _placed(heart, annulus_m, direction, float(angle))
                off = _angle(placed.rotation)
                cost = off + _TILT * tilt + _SIZE_RAD * abs(float(np.log(size)))
                if cost >= least:
                    continue
                depth = -float(skin.signed_distance(placed.apex_m[None], 0.5)[0])
                cost += _DEPTH_RAD_M * (max(APEX_DEPTH_M[0] - depth, 0.0) + max(depth - APEX_DEPTH_M[1], 0.0))
                if cost < least:
                    best, least = placed, cost
    return with_course(best, at)


def _angle(rotation: Array) -> float:
    """Angle [rad] between a rotation and the usual one of a heart."""
    return float(np.arccos(np.clip(0.5 * (np.sum(rotation * ROTATION) - 1.0), -1.0, 1.0)))


def _directions(direction: Array) -> Iterator[tuple[Array, float]]:
    """A unit vector and others tilted from it, with the tilt [rad]."""
    across = np.linalg.svd(direction[None])[2][1:]
    for tilt in _TILTS:
        for side in _SIDES if tilt > 0.0 else _SIDES[:1]:
            axis = np.cos(side) * across[0] + np.sin(side) * across[1]
            yield se3.so3_exp(float(tilt) * axis) @ direction, float(tilt)


def with_course(heart: Heart, at: Sections) -> Heart:
    """The heart with 60 mm of root and ascending aorta along the measured center line, from its own annulus on.

    Unchanged where the measured aorta does not begin at the heart.
    """
    annulus = heart.apex_m + heart.rotation @ aortic_root.base(heart)[0]
    direction = heart.rotation @ aortic_root.base(heart)[3]
    top = int(np.argmax(at.centre_m[:, 2]))
    away = at.centre_m[:top] - annulus
    if top < 15 or np.linalg.norm(away, axis=1).min() > _AT_HEART_M:
        return heart
    behind = np.flatnonzero((away @ direction < _MEASURED_FROM_M) & (np.linalg.norm(away, axis=1) < 0.04))
    first = int(behind[-1]) + 1 if behind.size else 0
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(at.centre_m[first:], axis=0), axis=1))])
    last = first + int(np.searchsorted(arc, _ASCENDING_M - _MEASURED_FROM_M))
    knots = np.vstack([annulus, at.centre_m[first : last + 1 : 3]])
    if len(knots) < 4:
        return heart
    return replace(heart, root_course_m=(smooth_course(knots, 0.001) - heart.apex_m) @ heart.rotation)


def _placed(heart: Heart, annulus_m: Array, direction: Array, angle_rad: float) -> Heart:
    """The heart with the center of its aortic annulus and its root's direction as given, turned about the root."""
    center, _, _, n = aortic_root.base(heart)
    local = _frame(n, np.array([0.0, 0.0, 1.0]))
    left = np.array([1.0, 0.0, 0.0])
    side = np.cos(angle_rad) * left + np.sin(angle_rad) * _across(direction, left)
    rotation = _frame(direction, side) @ local.T
    return replace(heart, apex_m=annulus_m - rotation @ center, rotation=rotation)


def _across(course: Array, hint: Array) -> Array:
    out = np.cross(course, hint)
    return np.asarray(out / np.linalg.norm(out))


def _frame(first: Array, hint: Array) -> Array:
    """Rotation (3, 3) whose first column is `first` and whose second lies towards the hint."""
    second = hint - (hint @ first) * first
    second /= np.linalg.norm(second)
    return np.column_stack([first, second, np.cross(first, second)])

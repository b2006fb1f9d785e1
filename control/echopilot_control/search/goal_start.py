"""Start of a goal at a place that the goal names, with the checks that such a place must pass."""

from math import degrees, radians

import numpy as np

from echopilot_control.safety.zones import above_notch_m, outside_box
from echopilot_control.search.priors import SearchStart
from echopilot_control.surface import SkinSurface
from echopilot_core import Array, BodyLandmarks, ControlGoal, EchoPilotError, View, se3

OFF_SKIN_M = 0.040
"""Farthest that a place may lie from the skin at rest: a probe in contact lies up to 20 mm below it."""

OFF_NORMAL_RAD = radians(60.0)
"""Largest angle between the beam of a place and the inward skin normal."""


def start_at_place(goal: ControlGoal, landmarks: BodyLandmarks, skin: SkinSurface) -> SearchStart:
    """Start of a goal with a place of its own, on this patient; the place is taken down to the skin.

    Safety's limits and marked zones hold during the motion; here a place is refused before anything moves.

    Args:
        goal: whose `T_base_start` (4, 4) is given.
        landmarks: of the patient, for the box around the body and the zone above the notch.
        skin: of the patient.

    Raises:
        EchoPilotError: the place is no pose, out of reach, above the notch, off the skin, or its beam points away.
    """
    T = goal.T_base_start
    if T is None or np.shape(T) != (4, 4) or not np.isfinite(T).all() or not _is_rotation(T[:3, :3]):
        raise EchoPilotError("start refused: it is no pose of the probe; give a rigid motion of finite numbers")
    position_m = T[:3, 3]
    if outside_box(position_m, landmarks, 0.0):
        raise EchoPilotError("start refused: it lies outside the workspace around the patient")
    if above_notch_m(position_m, landmarks) > 0.0:
        raise EchoPilotError("start refused: it lies in the zone above the suprasternal notch")
    away_m = float(np.linalg.norm(skin.points_m - position_m, axis=1).min())
    if away_m > OFF_SKIN_M:
        raise EchoPilotError(
            f"start refused: it lies {1e3 * away_m:.0f} mm from the patient's skin, at most {1e3 * OFF_SKIN_M:.0f} mm"
        )
    patch = skin.patch(position_m)
    angle_rad = float(np.arccos(np.clip(-float(T[:3, 2] @ patch.normal), -1.0, 1.0)))
    if angle_rad > OFF_NORMAL_RAD:
        raise EchoPilotError(
            f"start refused: its beam is {degrees(angle_rad):.0f} degrees off the skin normal, "
            f"at most {degrees(OFF_NORMAL_RAD):.0f}"
        )
    return SearchStart(se3.transform(T[:3, :3], patch.point_m), patch)


def level_with_start(goal: ControlGoal, T_base_view: Array) -> Array:
    """Pose (4, 4) of a view moved along its image to the level of the goal's start.

    Guidance to the long axis of the aorta leads to its standard level as well. A goal that names a place asks for the
    long axis there: what guidance says about the level is left out, sideways motion and rotation stay. Other views and
    goals without a start are returned as they are.
    """
    T = goal.T_base_start
    if T is None or goal.view is not View.AORTA_LONG:
        return T_base_view
    along = T[:3, 0]
    shift_m = float((T[:3, 3] - T_base_view[:3, 3]) @ along) * along
    return se3.transform(T_base_view[:3, :3], T_base_view[:3, 3] + shift_m)


def _is_rotation(R: Array) -> bool:
    return bool(np.allclose(R.T @ R, np.eye(3), atol=1e-6) and np.linalg.det(R) > 0.0)

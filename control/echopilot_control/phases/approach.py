"""Approach through free air: above the skin to the start of the view, then down to contact."""

from math import inf, radians

import numpy as np

from echopilot_control.estimates import Estimates
from echopilot_control.observation import Observation
from echopilot_control.phases.phase import GoalEnd, Phase, Transition
from echopilot_control.servo.motion import Motion
from echopilot_control.surface import height_m
from echopilot_control.vectors import clamp_norm, rotation_rate
from echopilot_core import ControlPhase, Outcome
from echopilot_core.robot import CONTACT_N
from echopilot_core.se3 import nearest_tilt

CLEAR_M = 0.050  # height of transit above the skin
LIFT_M_S = 0.050
_MIN_CLEAR_M = 0.040
_TRANSIT_M_S = 0.080
_TILT_BEFORE_TOUCH_RAD = radians(20.0)
_TURN_RAD_S = radians(25.0)
_TOO_DEEP_M = 0.040
_TAKEN_OFF_M = 0.030  # so far above its lowest point again: safety backed it out
_TOUCH_TICKS = 2


class Approach(Phase):
    """Transit above the skin to the start of the view, turn, descend along the normal until 1 N is measured twice."""

    phase = ControlPhase.APPROACH

    def __init__(self) -> None:
        super().__init__()
        self._touch_ticks = 0
        self._descending = False
        self._lowest_m = inf

    def enter(self, obs: Observation, estimates: Estimates, transition: Transition) -> None:
        """Begin in transit."""
        super().enter(obs, estimates, transition)
        self._touch_ticks = 0
        self._descending = False
        self._lowest_m = inf

    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """Transit, descend, or go over to TOUCH; aborts the goal where no skin is found."""
        if estimates.body.skin is None or estimates.body.axes is None:
            return Motion(ControlPhase.APPROACH, detail="waiting for body surface and landmarks", rest=True)
        start = estimates.start or estimates.find_start(obs.goal)
        assert start is not None
        patch = start.patch
        R_wanted = nearest_tilt(start.T_base_probe[:3, :3], -patch.normal, _TILT_BEFORE_TOUCH_RAD)
        turn = rotation_rate(obs.rotation, R_wanted, 1.5, _TURN_RAD_S)
        offset = obs.position_m - patch.point_m
        height = float(offset @ patch.normal)
        lateral = offset - height * patch.normal
        lateral_m = float(np.linalg.norm(lateral))
        clear_m = height_m(obs.position_m, obs.local_skin) if obs.local_skin is not None else height

        self._touch_ticks = self._touch_ticks + 1 if obs.force_n > CONTACT_N else 0
        if self._touch_ticks >= _TOUCH_TICKS:
            return Transition(ControlPhase.TOUCH)
        turned = float(np.linalg.norm(turn)) < 1.5 * radians(6.0)
        above = lateral_m < 0.010 and turned and height < CLEAR_M + 0.03
        if self._descending or above:
            self._descending = estimates.body.descending = lateral_m < 0.025
            self._lowest_m = min(self._lowest_m, height) if self._descending else inf
            taken_off = self._lowest_m < 0.0 and height > self._lowest_m + _TAKEN_OFF_M
            if height < -_TOO_DEEP_M or taken_off:
                detail = "no contact where the skin should be"
                motion = Motion(ControlPhase.APPROACH, outcome=Outcome.ABORTED, detail=detail)
                return Transition(ControlPhase.RETREAT, motion, end=GoalEnd(Outcome.ABORTED, detail))
            velocity = -obs.limits.approach_m_s * patch.normal - clamp_norm(1.0 * lateral, 0.010)
            return Motion(ControlPhase.APPROACH, linear_m_s=velocity, angular_rad_s=turn, detail="going down")
        sideways = clamp_norm(-1.5 * lateral, _TRANSIT_M_S)
        vertical = min(max(1.5 * (CLEAR_M + 0.005 - height), -LIFT_M_S), LIFT_M_S)
        if clear_m < _MIN_CLEAR_M + 0.01:
            share = min(max((clear_m - 0.02) / 0.03, 0.0), 1.0)
            sideways = share * sideways
            vertical = max(vertical, 0.0)
            velocity = sideways + vertical * patch.normal + 2.5 * max(CLEAR_M - clear_m, 0.0) * obs.outward
        else:
            velocity = sideways + vertical * patch.normal
        return Motion(
            ControlPhase.APPROACH,
            linear_m_s=clamp_norm(velocity, _TRANSIT_M_S),
            angular_rad_s=turn,
            detail="flying to start",
        )

"""Guided mode: the operator moves the probe; the robot keeps force, contact of the whole array, and centering."""

from math import radians

import numpy as np

from echopilot_control.estimates import Estimates, follows_aorta
from echopilot_control.hand_guiding import limit_slew
from echopilot_control.observation import Observation
from echopilot_control.phases.phase import Phase, Transition
from echopilot_control.servo.centering import balance_rate_rad_s, centering_velocity_m_s
from echopilot_control.servo.motion import MAX_TILT_RAD, Motion
from echopilot_control.tracking import uncertainty_speed_scale
from echopilot_core import Array, ControlPhase

_BRAKE_RAD = radians(13.0)  # before the limit, so that the arm's lag does not carry the probe past it
_STILL_NS = 1_000_000_000  # the robot helps only after the operator has been still this long
_CENTERING_M_S = 0.006


class BeginGuided(Phase):
    """Takes the place of SEARCH in guided mode: over to HOLD at once."""

    phase = ControlPhase.SEARCH

    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """Over to HOLD."""
        return Transition(ControlPhase.HOLD)


class Guided(Phase):
    """Takes the place of HOLD in guided mode: the operator's twist across the probe axis, within 60 degrees of tilt.

    Once the operator is still, the robot centers the aorta and balances the contact.
    """

    phase = ControlPhase.HOLD

    def __init__(self) -> None:
        super().__init__()
        self._twist = np.zeros(6)  # of the operator, with limited slew

    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """The operator's motion, or help from the image."""
        if obs.guiding_twist.any() or self._twist.any():
            self._twist = limit_slew(self._twist, obs.guiding_twist, obs.dt_s)
            self._good_since_ns = obs.now_ns
            return _motion(
                estimates, self._twist[:3], _within_tilt(obs, self._twist[3:]), "the operator moves the probe"
            )
        still = self._good_since_ns < 0 or obs.now_ns - self._good_since_ns > _STILL_NS
        if not still or obs.result is None:
            return _motion(estimates, np.zeros(3), np.zeros(3), "waits for the operator")
        linear = np.zeros(3)
        if follows_aorta(obs.goal) and estimates.is_target_tracked(obs):
            estimate = estimates.lumen.now(obs.now_ns, obs.T_base_probe)
            if estimate is not None:
                speed = centering_velocity_m_s(estimate.x_m, 0.0, _CENTERING_M_S)
                linear = speed * uncertainty_speed_scale(estimate.sigma_x_m, 0.01) * obs.rotation[:, 0]
        turn = balance_rate_rad_s(obs.result.coupling) * obs.rotation[:, 1]
        detail = "waits for the operator, keeps force and centering"
        return _motion(estimates, linear, _within_tilt(obs, turn), detail)


def _motion(estimates: Estimates, linear_m_s: Array, angular_rad_s: Array, detail: str) -> Motion:
    return Motion(
        ControlPhase.HOLD,
        linear_m_s=linear_m_s,
        angular_rad_s=angular_rad_s,
        setpoint_n=estimates.setpoint_n,
        detail=detail,
        progress=0.5,
    )


def _within_tilt(obs: Observation, angular_rad_s: Array) -> Array:
    """The turn (3,) without what would tilt the probe more than 60 degrees from the skin normal."""
    inward = -obs.outward
    tilt = float(np.arccos(np.clip(obs.z @ inward, -1.0, 1.0)))
    closing = float(np.cross(angular_rad_s, obs.z) @ inward)
    if closing >= 0.0:
        return angular_rad_s
    share = min(max((MAX_TILT_RAD - tilt) / _BRAKE_RAD, 0.0), 1.0)
    spin = float(angular_rad_s @ obs.z) * obs.z
    return np.asarray(spin + share * (angular_rad_s - spin))

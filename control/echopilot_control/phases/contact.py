"""Onset of contact: light touch, then the force of the goal."""

from echopilot_control.estimates import Estimates
from echopilot_control.observation import Observation
from echopilot_control.phases.phase import Phase, Transition
from echopilot_control.servo.motion import Motion
from echopilot_core import ControlPhase, GoalKind
from echopilot_core.robot import CONTACT_N, SETTLED_N

_TOUCH_S = 0.3
_SETTLED_NS = 300_000_000
_COUPLE_S = 3.0  # at most


class Touch(Phase):
    """Regulates 2 N until the contact has lasted 0.3 s."""

    phase = ControlPhase.TOUCH

    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """Light force, then over to COUPLE."""
        if self._in_phase_s(obs.now_ns) > _TOUCH_S and obs.force_n > CONTACT_N:
            return Transition(ControlPhase.COUPLE)
        return Motion(ControlPhase.TOUCH, setpoint_n=obs.limits.touch_force_n)


class Couple(Phase):
    """Raises the force to the set-point (the regulator ramps it) until it has settled for 0.3 s, at most for 3 s."""

    phase = ControlPhase.COUPLE

    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """The goal's force, then over to SEARCH or SWEEP."""
        settled = abs(obs.force_n - estimates.setpoint_n) < SETTLED_N
        if not settled:
            self._good_since_ns = -1
        elif self._good_since_ns < 0:
            self._good_since_ns = obs.now_ns
        motion = Motion(ControlPhase.COUPLE, setpoint_n=estimates.setpoint_n)
        long_enough = self._good_since_ns >= 0 and obs.now_ns - self._good_since_ns > _SETTLED_NS
        if long_enough or self._in_phase_s(obs.now_ns) > _COUPLE_S:
            return Transition(ControlPhase.SWEEP if obs.goal.kind is GoalKind.SWEEP else ControlPhase.SEARCH, motion)
        return motion

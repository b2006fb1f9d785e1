"""Retreat off the skin: before a transit to another start, and at the end of a goal."""

import numpy as np

from echopilot_control.estimates import Estimates
from echopilot_control.observation import Observation
from echopilot_control.phases.approach import CLEAR_M, LIFT_M_S
from echopilot_control.phases.phase import GoalEnd, Phase, Transition
from echopilot_control.servo.motion import Motion
from echopilot_control.surface import height_m
from echopilot_core import Array, ControlPhase, GoalKind, Outcome
from echopilot_core.robot import FREE_N

_BACK_OFF_M = 0.010


class Retreat(Phase):
    """Backs off along -z, then along the skin normal, to CLEAR_M above the skin.

    There the goal ends when it has an `end`, as do goals to retreat; other goals go over to APPROACH.
    """

    phase = ControlPhase.RETREAT

    def __init__(self) -> None:
        super().__init__()
        self.end: GoalEnd | None = None
        self._from_m: Array | None = None
        self._lifted = False

    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """Lift off, then rest or go over to APPROACH."""
        end = self.end
        if end is not None and self._lifted:
            return Motion(ControlPhase.IDLE, outcome=end.outcome, detail=end.detail, progress=1.0)
        velocity = self._lifting_m_s(obs)
        if velocity is not None:
            if end is not None:
                return Motion(ControlPhase.RETREAT, velocity, outcome=end.outcome, detail=end.detail)
            return Motion(ControlPhase.RETREAT, linear_m_s=velocity, detail="lifting off")
        if obs.goal.kind is GoalKind.RETREAT and end is None:
            self.end = end = GoalEnd(Outcome.SUCCEEDED, "off the skin")
        if end is not None:
            self._lifted = True
            return Motion(ControlPhase.RETREAT, outcome=end.outcome, detail=end.detail, progress=1.0)
        return Transition(ControlPhase.APPROACH, Motion(ControlPhase.RETREAT))

    def _lifting_m_s(self, obs: Observation) -> Array | None:
        """Velocity (3,) [m/s] away from the skin; None once clear of it."""
        if self._from_m is None:
            self._from_m = obs.position_m.copy()
        traveled_m = float(np.linalg.norm(obs.position_m - self._from_m))
        clear_m = height_m(obs.position_m, obs.local_skin) if obs.local_skin is not None else traveled_m
        if clear_m >= CLEAR_M - 0.002 and obs.force_n < FREE_N:
            self._from_m = None
            return None
        if obs.force_n > FREE_N or traveled_m < _BACK_OFF_M:
            return np.asarray(-obs.limits.retract_m_s * obs.z)
        return np.asarray(LIFT_M_S * obs.outward)

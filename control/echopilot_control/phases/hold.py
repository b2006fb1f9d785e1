"""Phases without lateral motion: idle, and holding an acquired view."""

from echopilot_control.estimates import Estimates
from echopilot_control.observation import Observation
from echopilot_control.phases.phase import Phase, Transition
from echopilot_control.servo.motion import Motion
from echopilot_core import ControlPhase, Outcome
from echopilot_core.robot import RESTING_N


class Idle(Phase):
    """Rests where the probe is; an arm that touches the patient keeps a light contact."""

    phase = ControlPhase.IDLE

    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """No motion, or the touch force."""
        if obs.force_n > RESTING_N:
            return Motion(ControlPhase.IDLE, setpoint_n=obs.limits.touch_force_n, detail="idle in light contact")
        return Motion(ControlPhase.IDLE, detail="idle")


class Hold(Phase):
    """Keeps the force and does not move laterally; reports how it was reached."""

    phase = ControlPhase.HOLD

    def __init__(self) -> None:
        super().__init__()
        self._detail = ""

    def enter(self, obs: Observation, estimates: Estimates, transition: Transition) -> None:
        """Take over the report of the phase before."""
        super().enter(obs, estimates, transition)
        self._detail = transition.detail or self._detail

    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """The force alone; the goal has succeeded."""
        return Motion(
            ControlPhase.HOLD,
            setpoint_n=estimates.setpoint_n,
            outcome=Outcome.SUCCEEDED,
            detail=self._detail or "holding",
            progress=1.0,
        )

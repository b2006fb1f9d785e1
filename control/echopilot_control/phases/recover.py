"""Recovery from a lost image or a lost contact."""

from enum import Enum, auto

import numpy as np

from echopilot_control.estimates import Estimates
from echopilot_control.observation import Observation
from echopilot_control.phases.phase import GoalEnd, Phase, Transition
from echopilot_control.servo.motion import Motion
from echopilot_core import CONTACT_PHASES, IMAGE_DRIVEN_PHASES, Array, ControlPhase, GoalKind, Outcome
from echopilot_core.robot import CONTACT_N, REGAINED_N

_LOST_NS = 200_000_000
_ADVANCE_M = 0.005
_ADVANCE_M_S = 0.005
_ADVANCE_S = 2.5
_ATTEMPTS = 3
_ROUNDING_S = 1e-9  # an age of exactly the limit is not over it


class Loss(Enum):
    """What a phase needs and has lost."""

    IMAGE = auto()
    CONTACT = auto()


def image_is_stale(obs: Observation) -> bool:
    """Older than the limit, from the future, or never received."""
    return not -obs.limits.future_s <= obs.image_age_s <= obs.limits.image_age_s + _ROUNDING_S


class Recover(Phase):
    """Waits for a new image with the force kept, or advances to regain contact; retreats when neither comes.

    `detect` notices the loss, in any phase, before that phase acts.
    """

    phase = ControlPhase.RECOVER

    def __init__(self) -> None:
        super().__init__()
        self._interrupted = ControlPhase.COUPLE
        self._loss = Loss.IMAGE
        self._low_force_since_ns = -1
        self._attempts = 0
        self._from_m: Array | None = None

    def phase_changed(self) -> None:
        """A new phase begins: low force counts from now on."""
        self._low_force_since_ns = -1

    def detect(self, obs: Observation, phase: ControlPhase) -> bool:
        """True when `phase` has just lost an image or a contact that it needs; `update` then recovers it."""
        loss = self._newly_lost(obs, phase)
        if loss is None:
            return False
        if phase is not ControlPhase.RECOVER:
            self._interrupted = phase
        self._loss = loss
        self._from_m = obs.position_m.copy()
        return True

    def _newly_lost(self, obs: Observation, phase: ControlPhase) -> Loss | None:
        waiting = phase is ControlPhase.RECOVER and self._loss is Loss.IMAGE
        if phase in CONTACT_PHASES or waiting:
            if obs.force_n >= CONTACT_N:
                self._low_force_since_ns = -1
            elif self._low_force_since_ns < 0:
                self._low_force_since_ns = obs.now_ns
            elif obs.now_ns - self._low_force_since_ns > _LOST_NS:
                return Loss.CONTACT
        by_hand = obs.goal.kind is GoalKind.HOLD  # the operator moves the probe, the image does not
        return Loss.IMAGE if phase in IMAGE_DRIVEN_PHASES and not by_hand and image_is_stale(obs) else None

    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """Wait or advance; back to the interrupted phase, or to RETREAT."""
        if self._loss is Loss.CONTACT:
            return self._regain_contact(obs, estimates)
        waited_ns = obs.now_ns - self._entered_ns
        setpoint_n = estimates.setpoint_n
        if not image_is_stale(obs):
            return Transition(self._interrupted, Motion(self._interrupted, setpoint_n=setpoint_n), waited_ns=waited_ns)
        age = "never seen" if np.isnan(obs.image_age_s) else f"{1e3 * obs.image_age_s:.0f} ms old"
        motion = Motion(ControlPhase.RECOVER, setpoint_n=setpoint_n, detail=f"image {age}")
        if self._in_phase_s(obs.now_ns) > obs.limits.image_lost_s:
            return Transition(ControlPhase.RETREAT, motion, end=GoalEnd(Outcome.ABORTED, "image stale"))
        return motion

    def _regain_contact(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        if obs.force_n > REGAINED_N:
            return Transition(self._interrupted, Motion(self._interrupted, setpoint_n=estimates.setpoint_n))
        from_m = self._from_m if self._from_m is not None else obs.position_m
        advanced_m = float((obs.position_m - from_m) @ obs.z)
        if advanced_m < _ADVANCE_M and self._in_phase_s(obs.now_ns) < _ADVANCE_S:
            return Motion(ControlPhase.RECOVER, linear_m_s=_ADVANCE_M_S * obs.z, detail="contact lost, feeling for it")
        self._attempts += 1
        end = GoalEnd(Outcome.ABORTED, "contact lost") if self._attempts >= _ATTEMPTS else None
        estimates.start = None
        estimates.body.descending = False
        motion = Motion(ControlPhase.RETREAT, detail="contact lost, backing off")
        return Transition(ControlPhase.RETREAT, motion, end=end)

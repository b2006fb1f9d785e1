"""State machine of one goal: the phase it starts in, supervision, the current phase, and transitions."""

from math import inf

import numpy as np

from echopilot_control.estimates import Estimates
from echopilot_control.observation import Observation
from echopilot_control.phases.approach import Approach
from echopilot_control.phases.contact import Couple, Touch
from echopilot_control.phases.guided import BeginGuided, Guided
from echopilot_control.phases.hold import Hold, Idle
from echopilot_control.phases.phase import GoalEnd, Phase, Transition
from echopilot_control.phases.recover import Recover
from echopilot_control.phases.refine_view import RefineView
from echopilot_control.phases.retreat import Retreat
from echopilot_control.phases.search_view import SearchView
from echopilot_control.phases.sweep_vessel import SweepVessel
from echopilot_control.search.priors import PRIORS
from echopilot_control.servo.motion import Motion
from echopilot_core import ControlPhase, EchoPilotError, GoalKind, Outcome, View
from echopilot_core.robot import RESTING_N

_SAME_PLACE_M = 0.030


class PhaseMachine:
    """Runs one goal from the state that continues the present motion without a jump; a new goal gets a new machine."""

    def __init__(self, obs: Observation, estimates: Estimates) -> None:
        self._started_ns = obs.now_ns
        self._retreat, self._recover, self._sweep = Retreat(), Recover(), SweepVessel()
        by_hand = obs.goal.kind is GoalKind.HOLD
        phases: list[Phase] = [Idle(), Approach(), Touch(), Couple(), RefineView()]
        phases += [self._retreat, self._recover, self._sweep]
        phases += [BeginGuided(), Guided()] if by_hand else [SearchView(), Hold()]
        self._phases = {phase.phase: phase for phase in phases}
        estimates.begin_goal(obs)
        try:
            first = _first_phase(obs, estimates)
        except EchoPilotError as error:
            estimates.reset()
            first = ControlPhase.RETREAT
            self._retreat.end = GoalEnd(Outcome.ABORTED, str(error))
        self._current = self._phases[first]
        self._current.enter(obs, estimates, Transition(first))

    @property
    def phase(self) -> ControlPhase:
        """The current phase."""
        return self._current.phase

    @property
    def end(self) -> GoalEnd | None:
        """How the goal ended, once it has; the probe may still be lifting off."""
        return self._retreat.end

    @property
    def station_m(self) -> float:
        """Way of the sweep so far [m]; NaN before it."""
        return self._sweep.station_m

    def update(self, obs: Observation, estimates: Estimates) -> Motion:
        """One tick: new images, supervision of contact, image and time, then the phase."""
        try:
            estimates.update(obs, self.phase)
            if obs.goal.kind is GoalKind.IDLE or self.phase is ControlPhase.IDLE:
                return self._run(self._phases[ControlPhase.IDLE], obs, estimates)
            if self._recover.detect(obs, self.phase):
                self._change(Transition(ControlPhase.RECOVER), obs, estimates)
            self._time_out(obs, estimates)
            return self._run(self._current, obs, estimates)
        except EchoPilotError as error:
            return Motion(self.phase, outcome=Outcome.ABORTED, detail=str(error))

    def _run(self, phase: Phase, obs: Observation, estimates: Estimates) -> Motion:
        """The motion of a phase, or of the one that it hands over to in this tick."""
        while True:
            step = phase.update(obs, estimates)
            if isinstance(step, Motion):
                return step
            self._change(step, obs, estimates)
            if step.motion is not None:
                return step.motion
            phase = self._current

    def _change(self, transition: Transition, obs: Observation, estimates: Estimates) -> None:
        if transition.end is not None:
            self._retreat.end = transition.end
        if transition.to is self.phase:
            return
        self._current = self._phases[transition.to]
        if transition.waited_ns is None:
            self._current.enter(obs, estimates, transition)
        else:
            self._current.resume(transition.waited_ns)
        self._recover.phase_changed()

    def _time_out(self, obs: Observation, estimates: Estimates) -> None:
        """A goal that has neither succeeded nor ended in time ends off the skin, a view as NOT_FOUND."""
        goal = obs.goal
        late = (obs.now_ns - self._started_ns) * 1e-9 > goal.timeout_s
        if not late or self.end is not None or self.phase is ControlPhase.HOLD:
            return
        if goal.kind is GoalKind.ACQUIRE_VIEW:
            end = GoalEnd(Outcome.NOT_FOUND, f"{goal.view.name} not reached within {goal.timeout_s:.0f} s")
        elif goal.kind is GoalKind.SWEEP:
            end = GoalEnd(Outcome.ABORTED, f"sweep not finished within {goal.timeout_s:.0f} s")
        else:
            return
        self._change(Transition(ControlPhase.RETREAT, end=end), obs, estimates)


def _first_phase(obs: Observation, estimates: Estimates) -> ControlPhase:
    """The phase that a goal starts in; guided mode waits for the operator to bring a view that has no prior."""
    goal, touching = obs.goal, obs.force_n > RESTING_N
    if goal.kind is GoalKind.SWEEP and not 0.0 <= goal.sweep_m < inf:
        raise EchoPilotError(f"sweep refused: its length is {goal.sweep_m} m; give 0 or a length above 0")
    if goal.kind is GoalKind.SWEEP and goal.T_base_start is None:
        return ControlPhase.COUPLE if touching else ControlPhase.APPROACH
    if goal.kind in (GoalKind.ACQUIRE_VIEW, GoalKind.SWEEP):
        if not touching:
            return ControlPhase.APPROACH
        start = estimates.find_start(goal)
        if start is None:
            return ControlPhase.RETREAT
        near = float(np.linalg.norm(start.patch.point_m - obs.position_m)) < _SAME_PLACE_M
        return ControlPhase.COUPLE if near else ControlPhase.RETREAT
    if goal.kind is GoalKind.HOLD:
        if touching:
            return ControlPhase.HOLD
        placed = goal.view is not View.NONE and goal.view in PRIORS
        return ControlPhase.APPROACH if placed else ControlPhase.IDLE
    return ControlPhase.RETREAT if goal.kind is GoalKind.RETREAT else ControlPhase.IDLE

"""Probe controller: one call per tick, from robot state, images and goal to a command and a status."""

from dataclasses import dataclass

import numpy as np

from echopilot_control.estimates import Estimates, admissible_setpoint_n
from echopilot_control.observation import ControlInputs, Observation, Observer
from echopilot_control.phase_machine import PhaseMachine
from echopilot_control.safety.limits import Limits
from echopilot_control.safety.robot_checks import finite
from echopilot_control.search.priors import StartPriors
from echopilot_control.servo.motion import Motion
from echopilot_control.servo.twist_synthesis import TwistSynthesis
from echopilot_control.vectors import all_finite
from echopilot_core import (
    Array,
    ControlGoal,
    ControlPhase,
    ControlStatus,
    GoalKind,
    Outcome,
    ProbeCommand,
    RobotMode,
    to_ns,
)

_VALID_NS = to_ns(0.040)


@dataclass(frozen=True)
class ControlOutput:
    """Command for safety and status for the exam."""

    command: ProbeCommand
    status: ControlStatus


class Controller:
    """Deterministic: equal inputs give equal outputs. One instance per run; `step` never raises on bad data.

    Each tick runs through four parts: observation, estimates, the phase machine of the goal, and twist synthesis.

    Args:
        limits: Limits in force, at most those that safety holds.
        priors: Where searches start; the table of priors when None.
    """

    def __init__(self, limits: Limits, priors: StartPriors | None = None) -> None:
        self._observer = Observer(limits)
        self._estimates = Estimates(priors or StartPriors())
        self._machine: PhaseMachine | None = None
        self._synthesis = TwistSynthesis(limits)
        self._goal: ControlGoal | None = None
        self._sequence = 0

    def retune(self, crossover_rad_s: float) -> None:
        """Change the crossover of the force loop [rad/s] while running; EchoPilotError outside 2 .. 16 rad/s."""
        self._synthesis.regulator.retune(crossover_rad_s)

    def step(self, inputs: ControlInputs) -> ControlOutput:
        """One control tick (100 Hz)."""
        unusable = self._unusable(inputs)
        if unusable is not None:
            self._synthesis.reset_tracking()
            return self._output(inputs, np.zeros(6), unusable, 0)
        self._estimates.observe_body(inputs, self._sequence)
        obs = self._observer.observe(inputs, self._estimates.body.local_skin)
        machine = self._machine_of(obs)
        motion = machine.update(obs, self._estimates)
        self._estimates.end_tick(obs.goal, machine.phase)
        body_error = self._estimates.body.body_error
        if body_error and motion.rest:
            motion = Motion(motion.phase, detail=body_error, rest=True)
        return self._output(inputs, self._synthesis.twist(obs, motion), motion, _VALID_NS)

    def _unusable(self, inputs: ControlInputs) -> Motion | None:
        """What is reported for a robot state that no command can be based on; None for a usable one."""
        phase = self._machine.phase if self._machine is not None else ControlPhase.IDLE
        if not finite(inputs.robot):
            return Motion(phase, detail="robot state is not finite")
        if inputs.robot.mode is RobotMode.FAULT:
            return Motion(phase, outcome=Outcome.ABORTED, detail="robot fault")
        return None

    def _machine_of(self, obs: Observation) -> PhaseMachine:
        """The machine of the goal: a new one for a new goal; a new force within a goal becomes its set-point."""
        machine, goal = self._machine, self._goal
        if machine is None or goal is None or obs.goal.goal_id != goal.goal_id:
            machine = self._machine = PhaseMachine(obs, self._estimates)
            self._goal = obs.goal
        elif obs.goal.force_setpoint_n != goal.force_setpoint_n:
            self._estimates.setpoint_n = admissible_setpoint_n(obs)
            self._goal = obs.goal
        return machine

    def _output(self, inputs: ControlInputs, twist: Array, motion: Motion, valid_ns: int) -> ControlOutput:
        self._sequence += 1
        robot, result, machine = inputs.robot, inputs.result, self._machine
        if not all_finite(twist):
            twist, valid_ns = np.zeros(6), 0
        setpoint_n = motion.setpoint_n if motion.setpoint_n is not None else 0.0
        frame_sequence = result.sequence if result is not None else -1
        outcome, detail, station_m = motion.outcome, motion.detail, float("nan")
        if machine is not None and machine.end is not None:
            outcome, detail = machine.end.outcome, machine.end.detail
        if machine is not None and inputs.goal.kind is GoalKind.SWEEP:
            station_m = machine.station_m
        status = ControlStatus(
            stamp_ns=inputs.now_ns,
            tick=robot.tick,
            goal_id=inputs.goal.goal_id,
            kind=inputs.goal.kind,
            phase=motion.phase,
            outcome=outcome,
            detail=detail,
            progress=motion.progress,
            force_setpoint_n=setpoint_n,
            contact_force_n=robot.contact_force_n,
            station_m=station_m,
            view_score=self._estimates.score,
            frame_sequence=frame_sequence,
            frame_age_s=float("nan") if result is None else (inputs.now_ns - result.stamp_ns) * 1e-9,
        )
        command = ProbeCommand(inputs.now_ns, self._sequence, twist, setpoint_n, frame_sequence, valid_ns)
        return ControlOutput(command, status)

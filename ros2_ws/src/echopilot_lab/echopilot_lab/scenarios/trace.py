"""Trace of a run: control ticks and frames as columns."""

import math
from dataclasses import dataclass, field

from echopilot_core import ControlPhase, SafetyMode, View
from echopilot_lab.scenarios.scenario_loop import ScenarioTick
from echopilot_sim.simulation import Simulation
from echopilot_sim.truth.frame_truth import truth_of


@dataclass
class Trace:
    """Lists of equal length per tick and per frame; NaN where there is nothing."""

    time_s: list[float] = field(default_factory=list)
    contact_s: list[float] = field(default_factory=list)
    force_n: list[float] = field(default_factory=list)
    measured_n: list[float] = field(default_factory=list)
    setpoint_n: list[float] = field(default_factory=list)
    phase: list[ControlPhase] = field(default_factory=list)
    mode: list[SafetyMode] = field(default_factory=list)
    frame_s: list[float] = field(default_factory=list)
    frame_contact_s: list[float] = field(default_factory=list)
    frame_phase: list[ControlPhase] = field(default_factory=list)
    aorta_x_m: list[float] = field(default_factory=list)  # of the true center in the image
    angle_rad: list[float] = field(default_factory=list)  # against the goal's view
    offset_m: list[float] = field(default_factory=list)
    goal_view: list[View] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)
    success_s: float = math.nan  # after contact
    completed: bool = False
    suspicions: tuple[str, ...] = ()

    def add(self, scenario_tick: ScenarioTick, simulation: Simulation, with_truth: bool) -> None:
        """Take one tick; truth of its frames when images are rendered."""
        tick, status = scenario_tick.tick, scenario_tick.tick.control.status
        time_s = tick.robot.stamp_ns * 1e-9
        self.time_s.append(time_s)
        self.contact_s.append(scenario_tick.since_contact_s)
        self.force_n.append(scenario_tick.true_force_n)
        self.measured_n.append(tick.robot.contact_force_n)
        self.setpoint_n.append(tick.control.command.force_setpoint_n)
        self.phase.append(status.phase)
        self.mode.append(tick.safety.mode)
        self.reasons.update(reason.name for reason in tick.safety.memory.latched)
        self.completed = scenario_tick.completed
        self.suspicions = scenario_tick.suspicions
        if scenario_tick.completed and math.isnan(self.success_s):
            self.success_s = scenario_tick.since_contact_s
        for frame_state in tick.acquisitions if with_truth else ():
            truth = truth_of(simulation.anatomy, frame_state)
            error = truth.error(tick.goal.view)
            self.frame_s.append(frame_state.stamp_ns * 1e-9)
            self.frame_contact_s.append(scenario_tick.since_contact_s)
            self.frame_phase.append(status.phase)
            self.aorta_x_m.append(math.nan if truth.aorta is None else float(truth.aorta.centre_m[0]))
            self.angle_rad.append(math.nan if error is None else error.angle_rad)
            self.offset_m.append(math.nan if error is None else error.offset_m)
            self.goal_view.append(tick.goal.view)

"""What is kept of a run: control ticks and frames as columns."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from echopilot_core import SafetyMode, View
from echopilot_lab.scenarios.live import Lived
from echopilot_sim.simulation import Simulation
from echopilot_sim.truth import truth_of

Array = NDArray[np.float64]

IN_PLACE = ("SEARCH", "REFINE", "HOLD", "SWEEP")


@dataclass
class Trace:
    """Lists of equal length per tick and per frame; NaN where there is nothing."""

    time_s: list[float] = field(default_factory=list)
    contact_s: list[float] = field(default_factory=list)
    force_n: list[float] = field(default_factory=list)
    measured_n: list[float] = field(default_factory=list)
    setpoint_n: list[float] = field(default_factory=list)
    phase: list[str] = field(default_factory=list)
    mode: list[SafetyMode] = field(default_factory=list)
    frame_s: list[float] = field(default_factory=list)
    frame_contact_s: list[float] = field(default_factory=list)
    frame_phase: list[str] = field(default_factory=list)
    aorta_x_m: list[float] = field(default_factory=list)  # of the true centre in the image
    angle_rad: list[float] = field(default_factory=list)  # against the goal's view
    offset_m: list[float] = field(default_factory=list)
    goal_view: list[View] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)
    success_s: float = math.nan  # after contact
    completed: bool = False

    def add(self, lived: Lived, simulation: Simulation, with_truth: bool) -> None:
        """Take one tick; truth of its frames when pictures are rendered."""
        status = lived.control.status
        time_s = lived.robot.stamp_ns * 1e-9
        self.time_s.append(time_s)
        self.contact_s.append(lived.since_contact_s)
        self.force_n.append(lived.true_force_n)
        self.measured_n.append(lived.robot.contact_force_n)
        self.setpoint_n.append(lived.control.command.force_setpoint_n)
        self.phase.append(status.phase.name)
        self.mode.append(lived.safety.mode)
        self.reasons.update(reason.name for reason in lived.safety.memory.latched)
        self.completed = lived.completed
        if lived.completed and math.isnan(self.success_s):
            self.success_s = lived.since_contact_s
        for moment in lived.moments if with_truth else ():
            truth = truth_of(simulation.anatomy, moment)
            error = truth.error(lived.goal.view)
            self.frame_s.append(moment.stamp_ns * 1e-9)
            self.frame_contact_s.append(lived.since_contact_s)
            self.frame_phase.append(status.phase.name)
            self.aorta_x_m.append(math.nan if truth.aorta is None else float(truth.aorta.centre_m[0]))
            self.angle_rad.append(math.nan if error is None else error.angle_rad)
            self.offset_m.append(math.nan if error is None else error.offset_m)
            self.goal_view.append(lived.goal.view)

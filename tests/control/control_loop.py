"""The product's closed loop around the small world of control_world.py, driven tick by tick by a test."""

from collections.abc import Callable
from dataclasses import replace

import gantry
import numpy as np
from control_world import AXIS_Z_M, IMAGE_LATENCY_NS, RADIUS_M, XIPHOID, World

from echopilot_control.controller import Controller
from echopilot_control.goal_schedule import IDLE
from echopilot_control.loop import ClosedLoop, Directive, Disturbances, Reports
from echopilot_control.observation import ControlInputs
from echopilot_control.safety import Limits, SafetyDecision, SafetyInputs, SafetyMonitor
from echopilot_core import BodyLandmarks, ControlGoal, ControlStatus, Outcome, ProbeCommand

LIMITS = Limits()


class Script(Disturbances):
    """A test as goal source and disturbances: its goal acts at once, its functions change what is taken at a tick.

    `shown` and `checked` are what the controller and safety took last.
    """

    shown: ControlInputs
    checked: SafetyInputs

    def __init__(
        self,
        change: Callable[[ControlInputs], ControlInputs] = lambda inputs: inputs,
        spoil: Callable[[SafetyInputs], SafetyInputs] = lambda inputs: inputs,
        marks: BodyLandmarks | None = None,
    ) -> None:
        """`marks` stand for the landmarks that the plant would give."""
        self._change, self._spoil, self._marks = change, spoil, marks
        self.wanted = IDLE

    def step(self, reports: Reports) -> Directive:
        return Directive(self.wanted, self.wanted.preset, False)

    def goal(self, tick: int, goal: ControlGoal) -> ControlGoal:
        """Without the delay of the exam's raster."""
        return self.wanted

    def landmarks(self, landmarks: BodyLandmarks) -> BodyLandmarks:
        return landmarks if self._marks is None else self._marks

    def control_inputs(self, tick: int, inputs: ControlInputs) -> ControlInputs:
        self.shown = self._change(inputs)
        return self.shown

    def safety_inputs(self, tick: int, inputs: SafetyInputs) -> SafetyInputs:
        """Safety takes the robot state that the controller takes, and the preset of the goal in force."""
        self.checked = self._spoil(replace(inputs, robot=self.shown.robot, preset=self.wanted.preset))
        return self.checked


class Loop:
    """World, controller and safety; `change` may spoil what both take at a tick, `spoil` what safety takes.

    Item k of every list belongs to tick k: true force [N] and height of the probe over the skin at rest [m].
    """

    def __init__(
        self,
        world: World,
        change: Callable[[ControlInputs], ControlInputs] | None = None,
        spoil: Callable[[SafetyInputs], SafetyInputs] = lambda inputs: inputs,
    ) -> None:
        self.world, self.change = world, change
        self.controller = Controller(LIMITS)
        self._script = Script(lambda inputs: inputs if self.change is None else self.change(inputs), spoil)
        safety = SafetyMonitor(LIMITS, robot_description=gantry.URDF)
        self._loop = ClosedLoop(world, world, self._script, self.controller, safety, IMAGE_LATENCY_NS, self._script)
        self.statuses: list[ControlStatus] = []
        self.commands: list[ProbeCommand] = []
        self.decisions: list[SafetyDecision] = []
        self.forces: list[float] = []
        self.heights: list[float] = []

    @property
    def shown(self) -> ControlInputs:
        """What the controller took last."""
        return self._script.shown

    def tick(self, goal: ControlGoal) -> ControlStatus:
        self._script.wanted = goal
        tick, world = self._loop.step(), self.world
        self.statuses.append(tick.control.status)
        self.commands.append(tick.control.command)
        self.decisions.append(tick.safety)
        self.forces.append(world.force_now_n)
        self.heights.append(float(np.hypot(world.T[0, 3] - XIPHOID[0], world.T[2, 3] - AXIS_Z_M)) - RADIUS_M)
        return tick.control.status

    def until_done(self, goal: ControlGoal, seconds: float = 100.0) -> ControlStatus:
        for _ in range(int(seconds * 100)):
            status = self.tick(goal)
            if status.outcome is not Outcome.RUNNING:
                return status
        return status

    def run(self, goal: ControlGoal, seconds: float) -> ControlStatus:
        for _ in range(int(seconds * 100)):
            status = self.tick(goal)
        return status

"""Faults at work in a force-only run: what they change on the way between robot, controller and safety."""

from collections import deque
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from echopilot_control.observation import ControlInputs
from echopilot_control.safety import SafetyInputs
from echopilot_control.safety.evidence.faults import Carrier, Fault
from echopilot_core import ControlGoal, GoalKind, ProbeCommand, RobotState, SafeTwist
from echopilot_lab.force_runs.fault_kinds import CONTROLLER, DECLARED, EVERYBODY, SAFETY, DrawnFault, Rng
from echopilot_lab.force_runs.run import ForceDisturbances
from echopilot_sim.simulation import Simulation

SHIFT_SOFT_M, SHIFT_M = 0.010, 0.005  # of the patient, along the probe; the smaller one above 1 kN/m
TREMOR_M = 0.0015
Inputs = TypeVar("Inputs", ControlInputs, SafetyInputs)


class FaultDisturbances(ForceDisturbances):
    """Does faults to the loop; remembers what passed, to repeat or delay it."""

    def __init__(
        self,
        simulation: Simulation,
        rng: Rng,
        stiffness_n_m: float,
        setpoint_n: float,
        faults: tuple[DrawnFault, ...] = (),
    ) -> None:
        self.faults: tuple[DrawnFault, ...] = ()
        self._simulation = simulation
        self._rng = rng
        self._stiffness_n_m = stiffness_n_m
        self._setpoint_n = setpoint_n
        self._commands: deque[ProbeCommand] = deque(maxlen=12)
        self._twists: deque[SafeTwist | None] = deque(maxlen=12)
        self._robot: RobotState | None = None
        self._at_work: dict[str, list[tuple[DrawnFault, Fault]]] = {SAFETY: [], CONTROLLER: [], Carrier.COMMAND: []}
        self.add(faults)

    def add(self, faults: tuple[DrawnFault, ...]) -> None:
        """Let more faults happen, at ticks that are still to come."""
        self.faults = (*self.faults, *faults)
        for fault in faults:
            kind = DECLARED.get(fault.kind)
            if kind is None:
                continue
            reached = (SAFETY, CONTROLLER) if fault.reaches == EVERYBODY else (fault.reaches,)
            if kind.carrier is Carrier.COMMAND:
                reached = (Carrier.COMMAND,)
            elif kind.carrier is Carrier.INPUTS:
                reached = (SAFETY,)
            for receiver in reached:
                self._at_work[receiver].append((fault, Fault(kind, fault.size)))

    def _on(self, kind: str, tick: int) -> DrawnFault | None:
        return next((f for f in self.faults if f.kind == kind and f.now(tick)), None)

    def force_n(self, tick: int) -> float:
        """Set-point with its jumps."""
        if self._on("setpoint_nan", tick):
            return float("nan")
        jump = self._on("setpoint_jump", tick)
        return self._setpoint_n if jump is None else jump.size

    def crossover_rad_s(self, tick: int) -> float:
        """Crossover, at times too low."""
        low = self._on("gain_low", tick)
        return super().crossover_rad_s(tick) if low is None else low.size

    def goal(self, tick: int, goal: ControlGoal) -> ControlGoal:
        """Goals that come and go, or name a preset that nobody knows."""
        goal = super().goal(tick, goal)
        flapping = self._on("goal_flapping", tick)
        if flapping is not None and (tick - flapping.start) // max(round(flapping.size), 1) % 2 == 0:
            goal = replace(goal, goal_id=goal.goal_id + 1000, kind=GoalKind.IDLE)
        return replace(goal, preset="unknown") if self._on("goal_preset", tick) else goal

    def begin(self, tick: int, now_ns: int) -> None:
        """Move the patient, and knock the sensor."""
        simulation = self._simulation
        for fault in self.faults:
            if fault.start != tick:
                continue
            if fault.kind == "patient_slide":
                simulation.sway_patient(np.array([0.0, -0.04, 0.0]), fault.size)
            if fault.kind == "patient_tremor":
                simulation.sway_patient(np.array([0.0, 0.0, TREMOR_M]), fault.size)
            if fault.kind == "patient_shift":
                most_m = SHIFT_SOFT_M if self._stiffness_n_m <= 1000.0 else SHIFT_M
                simulation.shift_patient(np.array([0.0, 0.0, fault.size * most_m]))
            if fault.kind == "patient_turn":
                simulation.shift_patient(np.zeros(3), fault.size)
            if fault.kind == "sensor_bias":
                simulation.bias_force(np.array([0.0, 0.0, fault.size, 0.0, 0.0, 0.0]))

    def robot(self, robot: RobotState) -> RobotState:
        """The state as everybody receives it, with spikes."""
        self._robot = robot
        spike = self._on("wrench_spike", robot.tick)
        if spike is None:
            return robot
        return replace(robot, wrench=robot.wrench + np.array([0.0, 0.0, -spike.size, 0.0, 0.0, 0.0]))

    def control_inputs(self, tick: int, inputs: ControlInputs) -> ControlInputs:
        """Spoilt evidence under a clock that jumps; a controller whose robot state is absent computes with the last."""
        inputs = super().control_inputs(tick, inputs)
        spoilt = self._spoilt(CONTROLLER, tick, inputs)
        return replace(spoilt, now_ns=self._now_ns(tick, inputs.now_ns), robot=spoilt.robot or inputs.robot)

    def safety_inputs(self, tick: int, inputs: SafetyInputs) -> SafetyInputs:
        """The same for safety."""
        inputs = replace(inputs, now_ns=self._now_ns(tick, inputs.now_ns))
        return self._spoilt(SAFETY, tick, inputs)

    def _spoilt(self, receiver: str, tick: int, inputs: Inputs) -> Inputs:
        for fault, at_work in self._at_work[receiver]:
            carrier, active = at_work.kind.carrier, fault.now(tick)
            if carrier is Carrier.INPUTS:
                inputs = at_work.spoil(inputs) if active else at_work.pass_by(inputs)
                continue
            value = getattr(inputs, carrier)
            if value is None:
                continue
            inputs = replace(inputs, **{str(carrier): at_work.spoil(value) if active else at_work.pass_by(value)})
        return inputs

    def command(self, tick: int, command: ProbeCommand) -> ProbeCommand | None:
        """Lost, late, spoilt and wild commands."""
        self._commands.append(command)
        lost, late = self._on("command_lost", tick), self._on("command_late", tick)
        if lost is not None and self._rng.random() < lost.size:
            return None
        if late is not None:
            command = self._commands[max(len(self._commands) - 1 - round(late.size), 0)]
        wild, turned = self._on("command_wild", tick), self._on("command_turned", tick)
        if wild is not None and self._robot is not None:
            push: NDArray[np.float64] = wild.size * self._robot.T_base_probe[:3, 2]
            command = replace(command, twist=np.concatenate([push, np.zeros(3)]))
        if turned is not None and self._robot is not None:
            turn = turned.size * self._robot.T_base_probe[:3, 0]
            command = replace(command, twist=np.concatenate([command.twist[:3], turn]))
        sent: ProbeCommand | None = command
        for fault, at_work in self._at_work[Carrier.COMMAND]:
            if sent is not None:
                sent = at_work.spoil(sent) if fault.now(tick) else at_work.pass_by(sent)
        return sent

    def twist(self, tick: int, twist: SafeTwist | None) -> SafeTwist | None:
        """Lost, late and repeated twists."""
        self._twists.append(twist)
        lost, late = self._on("twist_lost", tick), self._on("twist_late", tick)
        if lost is not None and self._rng.random() < lost.size:
            return None
        repeated = self._on("twist_repeated", tick)
        if repeated is not None:
            return self._twists[-min(tick - repeated.start + 1, len(self._twists))]
        return twist if late is None else self._twists[max(len(self._twists) - 1 - round(late.size), 0)]

    def _now_ns(self, tick: int, now_ns: int) -> int:
        jumps = (f.size for f in self.faults if f.kind == "clock_jump" and f.start <= tick)
        return now_ns + round(1e9 * sum(jumps))

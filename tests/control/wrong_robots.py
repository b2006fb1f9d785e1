"""The rig of the contract over the virtual patient, and robots that break the contract in one way each.

A wrong robot is the simulated arm behind a driver that changes its inputs, its states, or what it does by
itself when no twist comes.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from echopilot_core import Robot, RobotInputs, RobotMode, RobotState, SafeTwist, SafetyMode, SafetyState
from echopilot_core.timing import TICK_S
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.arm import physics_step
from echopilot_sim.arm.arm_models import ArmName
from echopilot_sim.arm.driver import SimulatedRobotDriver
from echopilot_sim.simulation import SimConfig, Simulation

Driver = Callable[[Simulation], Robot]
MS = 1_000_000


class SimulatedRig:
    """The simulated arm over a patient who holds the breath; the patient is the surface that moves."""

    def __init__(self, driver: Driver = SimulatedRobotDriver, arm: ArmName = "fr3_like") -> None:
        self._driver, self._config = driver, SimConfig(frame_hz=1.0, breathing=False, arm=arm)

    def robot(self) -> Robot:
        self._simulation = Simulation(sample_patient(1), self._config)
        return self._driver(self._simulation)

    def move_surface(self, towards_probe_m: float) -> None:
        self._simulation.shift_patient(-towards_probe_m * self._simulation.robot.rotation[:, 2])

    def witness_force_n(self) -> float:
        return self._simulation.true_normal_force_n


def well(now_ns: int) -> SafetyState:
    return SafetyState(now_ns, SafetyMode.OK, (), math.inf, math.inf)


class FaultyDriver:
    """Passes everything through; subclasses spoil it on the way in or out."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.arm = SimulatedRobotDriver(simulation)
        self.last: RobotState | None = None
        self.newest_ns = -(10**18)

    def step(self, inputs: RobotInputs) -> RobotState:
        self.last = self.arm.step(self.inputs_for_arm(inputs))
        if inputs.twist is not None:
            self.newest_ns = max(self.newest_ns, inputs.twist.stamp_ns)
        return self.state_to_report(self.last)

    def inputs_for_arm(self, inputs: RobotInputs) -> RobotInputs:
        return inputs

    def state_to_report(self, state: RobotState) -> RobotState:
        return state

    @property
    def now_ns(self) -> int:
        return self.simulation.now_ns


def with_inputs(spoil: Callable[["FaultyDriver", RobotInputs], RobotInputs]) -> Driver:
    """A driver that hands on other inputs than it was given."""
    return type("FaultyInputs", (FaultyDriver,), {"inputs_for_arm": spoil})


def with_states(spoil: Callable[["FaultyDriver", RobotState], RobotState]) -> Driver:
    """A driver that answers other states than those of the arm."""
    return type("FaultyStates", (FaultyDriver,), {"state_to_report": spoil})


def stamp_as_now(wrong: Callable[["FaultyDriver", int], bool]) -> Driver:
    """Takes a twist with a wrong stamp for one of now; `wrong` is given the stamp."""

    def inputs_for_arm(self: FaultyDriver, inputs: RobotInputs) -> RobotInputs:
        if inputs.twist is None or not wrong(self, inputs.twist.stamp_ns):
            return inputs
        return replace(inputs, twist=SafeTwist(self.now_ns, inputs.twist.twist))

    return with_inputs(inputs_for_arm)


def change_twist(change: Callable[[np.ndarray], np.ndarray]) -> Driver:
    """Hands every twist (6,) on changed."""

    def inputs_for_arm(self: FaultyDriver, inputs: RobotInputs) -> RobotInputs:
        if inputs.twist is None:
            return inputs
        return replace(inputs, twist=SafeTwist(inputs.twist.stamp_ns, change(inputs.twist.twist)))

    return with_inputs(inputs_for_arm)


def safety_as_well(when: Callable[["FaultyDriver", SafetyState], bool]) -> Driver:
    """Takes safety to be well although it is not; `when` is given the state that was received."""

    def inputs_for_arm(self: FaultyDriver, inputs: RobotInputs) -> RobotInputs:
        if inputs.safety is None or not when(self, inputs.safety):
            return inputs
        return replace(inputs, safety=well(self.now_ns))

    return with_inputs(inputs_for_arm)


def ignores(mode: SafetyMode) -> Driver:
    """Takes safety to be well in one of its modes."""
    return safety_as_well(lambda self, safety: safety.mode is mode)


class NeedsNoSafety(FaultyDriver):
    """Obeys before safety was ever heard."""

    def inputs_for_arm(self, inputs: RobotInputs) -> RobotInputs:
        return inputs if inputs.safety else replace(inputs, safety=well(self.now_ns))


class RefusesRetraction(FaultyDriver):
    """Loses twists while safety retracts."""

    def inputs_for_arm(self, inputs: RobotInputs) -> RobotInputs:
        retracts = inputs.safety is not None and inputs.safety.mode is SafetyMode.RETRACT
        return replace(inputs, twist=None) if retracts else inputs


class StandsStill(FaultyDriver):
    """Answers silence with a zero twist and calls that a hold; subclasses move in a way of their own."""

    says = RobotMode.COMPLIANT_HOLD
    after_ticks = 5
    silent = 0

    def inputs_for_arm(self, inputs: RobotInputs) -> RobotInputs:
        self.silent = 0 if inputs.twist is not None else self.silent + 1
        if inputs.safety is None or self.silent < self.after_ticks or self.last is None:
            return inputs
        if self.silent == self.after_ticks:
            self.begin(self.last)
        z = self.last.T_base_probe[:3, 2]
        twist = np.concatenate([self.speed_m_s(self.last) * z, np.zeros(3)])
        return RobotInputs(SafeTwist(self.now_ns, twist), well(self.now_ns))

    def state_to_report(self, state: RobotState) -> RobotState:
        return replace(state, mode=self.says) if self.silent >= self.after_ticks else state

    def begin(self, state: RobotState) -> None:
        self.start_n, self.start_m = state.contact_force_n, state.T_base_probe[:3, 3]

    def speed_m_s(self, state: RobotState) -> float:
        return 0.0

    def advance_m(self, state: RobotState) -> float:
        return float((state.T_base_probe[:3, 3] - self.start_m) @ state.T_base_probe[:3, 2])


class HoldsTooStiff(StandsStill):
    """An admittance like that of the arm, with ten times the stiffness."""

    def speed_m_s(self, state: RobotState) -> float:
        wanted_n = max(self.start_n - 3000.0 * self.advance_m(state), 0.0)
        return float(np.clip(0.002 * (wanted_n - state.contact_force_n), -0.03, 0.03))


class PressesMore(StandsStill):
    """Holds three newtons more than it held before."""

    def speed_m_s(self, state: RobotState) -> float:
        return float(np.clip(0.004 * (self.start_n + 3.0 - state.contact_force_n), -0.03, 0.03))


class DriftsAway(StandsStill):
    """Leaves slowly, in free air too."""

    def speed_m_s(self, state: RobotState) -> float:
        return -0.005


class Retracts(StandsStill):
    """An arm that cannot hold a force and goes back instead, as the contract says."""

    says = RobotMode.RETRACT
    way_m, fast_m_s = 0.030, 0.020

    def speed_m_s(self, state: RobotState) -> float:
        left_m = self.way_m + self.advance_m(state)
        return -min(self.fast_m_s, max(left_m, 0.0) / (5.0 * TICK_S))


class RetractsTooLittle(Retracts):
    way_m = 0.010


class RetractsTooFast(Retracts):
    fast_m_s = 0.060


class GoesOn(StandsStill):
    """Follows the last twist for ever."""

    says = RobotMode.SERVO
    after_ticks = 1

    def inputs_for_arm(self, inputs: RobotInputs) -> RobotInputs:
        if inputs.twist is not None:
            self.kept = inputs.twist.twist
            return inputs
        return replace(inputs, twist=SafeTwist(self.now_ns, self.kept)) if hasattr(self, "kept") else inputs

    def state_to_report(self, state: RobotState) -> RobotState:
        return state


class HoldsLate(GoesOn):
    """Follows the last twist for 0.2 s."""

    def inputs_for_arm(self, inputs: RobotInputs) -> RobotInputs:
        self.silent = 0 if inputs.twist is not None else self.silent + 1
        return super().inputs_for_arm(inputs) if self.silent < 20 else inputs


def without_joint_limits(simulation: Simulation) -> Robot:
    """No joint limits."""
    arm = simulation.robot.arm
    arm.joints[physics_step.LOWER] -= 3.0
    arm.joints[physics_step.UPPER] += 3.0
    arm.model.jnt_limited[:] = 0
    return SimulatedRobotDriver(simulation)


def without_speed_limits(simulation: Simulation) -> Robot:
    """Joints four times as fast as the URDF allows."""
    simulation.robot.arm.joints[physics_step.SPEED_MAX] *= 4.0
    return SimulatedRobotDriver(simulation)

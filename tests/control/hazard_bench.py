"""The closed loop of the simulated arm and patient under the real controller and safety, without images."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from control_loop import LIMITS, Script
from control_world import EMPTY_MAP, GEOMETRY, IMAGE_LATENCY_NS

from echopilot_control.safety import SafetyDecision, SafetyInputs, SafetyMemory
from echopilot_core import Array, ControlGoal, ControlStatus, GoalKind, PerceptionResult, RobotState, SafeTwist, View
from echopilot_core.timing import TICK_NS
from echopilot_lab.simulated_loop import simulated_loop
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.simulation import SimConfig, Simulation

Spoil = Callable[[SafetyInputs], SafetyInputs]


@dataclass(frozen=True)
class Tick:
    """What happened in one control tick."""

    inputs: SafetyInputs
    status: ControlStatus
    decision: SafetyDecision
    true_force_n: float
    speed_m_s: float


class Bench:
    """Many runs on one patient, whose landmarks the operator points at once.

    `spoil` changes what safety takes, `see` what the controller is shown (None: no image any more).
    """

    def __init__(self, seed: int) -> None:
        self.simulation = Simulation(sample_patient(seed), SimConfig(frame_hz=10.0, quality="fast"))
        self.goal_id = 0
        self.places_m: dict[View, Array] = {}
        self.landmarks = self.simulation.landmarks()
        self.start_anew()

    def start_anew(self, view: View = View.A4C, timeout_s: float = 60.0) -> None:
        """A fresh controller, safety without memory, and a new goal."""
        self.goal_id += 1
        aorta = view is View.AORTA_TRANS
        self.goal = ControlGoal(
            self.goal_id, GoalKind.ACQUIRE_VIEW, view, 8.0 if aorta else 5.0, "abdomen" if aorta else "cardiac",
            timeout_s,
        )  # fmt: skip
        self.see: Callable[[int], PerceptionResult | None] = good_image
        self.spoil: Spoil = lambda inputs: inputs
        self.ticks: list[Tick] = []
        self._script = Script(
            change=lambda inputs: replace(inputs, result=self.see(inputs.now_ns)),
            spoil=lambda inputs: self.spoil(inputs),
            marks=self.landmarks,
        )
        self._script.wanted = self.goal
        self._loop = simulated_loop(self.simulation, None, self._script, disturbances=self._script, limits=LIMITS)

    def tick(self) -> Tick:
        """One control tick: arm, controller, safety."""
        tick = self._loop.step()
        speed = float(np.linalg.norm(tick.robot.twist[:3]))
        force_n = self.simulation.true_normal_force_n
        self.ticks.append(Tick(self._script.checked, tick.control.status, tick.safety, force_n, speed))
        return self.ticks[-1]

    def run(self, seconds: float) -> list[Tick]:
        """Several ticks."""
        return [self.tick() for _ in range(round(seconds * 100))]

    def into_contact(self, view: View = View.A4C, timeout_s: float = 60.0) -> None:
        """Press on the skin until the force has settled; a probe that was there before is led back by hand."""
        if view is self.goal.view and view in self.places_m:
            self._lead_back(self.places_m[view])
        elif self.ticks and self.robot.contact_force_n > 1.0:
            self.lift_by_hand()
        self.start_anew(view, timeout_s)
        settled = 0
        for _ in range(2500):
            robot = self.tick().inputs.robot
            assert robot is not None
            settled = settled + 1 if abs(robot.contact_force_n - self.goal.force_setpoint_n) < 1.5 else 0
            if settled >= 30:
                self.simulation.world.reset_force_record()
                self.places_m.setdefault(view, robot.T_base_probe[:3, 3])
                return
        raise AssertionError(f"no contact: {self.ticks[-1].status}, {self.ticks[-1].decision.state.reasons}")

    def lift_by_hand(self, meters: float = 0.015) -> None:
        """A person leads the arm away from the skin."""
        from_m: Array | None = None

        def away(robot: RobotState) -> Array | None:
            nonlocal from_m
            position_m, z = robot.T_base_probe[:3, 3], robot.T_base_probe[:3, 2]
            from_m = position_m if from_m is None else from_m
            return None if float((from_m - position_m) @ z) > meters else -0.08 * z

        self._lead(away)

    def _lead_back(self, place_m: Array) -> None:
        def back(robot: RobotState) -> Array | None:
            way = place_m - robot.T_base_probe[:3, 3]
            away_m = float(np.linalg.norm(way))
            if robot.contact_force_n > 1.5:
                return None
            along = way / max(away_m, 1e-6) if away_m > 0.004 else robot.T_base_probe[:3, 2]
            return (0.08 if away_m > 0.03 else 0.02) * along

        self._lead(back)

    def _lead(self, hand: Callable[[RobotState], Array | None]) -> None:
        """Move the arm at the speed (3,) [m/s] that a hand gives, without controller and safety, until it gives none.

        Nobody commands the arm for the 100 ms after that.
        """
        twist: SafeTwist | None = None
        for _ in range(500):
            robot = self.simulation.step(twist).robot
            linear_m_s = hand(robot)
            if linear_m_s is None:
                break
            twist = SafeTwist(robot.stamp_ns, np.concatenate([linear_m_s, np.zeros(3)]))
        for _ in range(10):
            self.simulation.step(None)

    @property
    def robot(self) -> RobotState:
        robot = self.ticks[-1].inputs.robot
        assert robot is not None
        return robot

    @property
    def memory(self) -> SafetyMemory:
        """What safety remembers after the last tick."""
        return self.ticks[-1].decision.memory


def good_image(now_ns: int, quality: float = 0.9) -> PerceptionResult:
    """An image of good quality 60 ms ago that shows no view in particular and differs from the one before it."""
    sequence = now_ns // (3 * TICK_NS)
    stamp_ns = sequence * 3 * TICK_NS - IMAGE_LATENCY_NS
    probability = np.full(len(View), 1.0)
    probability[0] += 0.01 * np.sin(sequence)
    return PerceptionResult(
        stamp_ns, sequence, GEOMETRY, EMPTY_MAP, (), probability / probability.sum(), quality, np.full(16, 0.95), 0.0
    )  # fmt: skip

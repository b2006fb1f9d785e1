"""The simulated arm on a simulated patient under the real controller and the real safety check, without pictures."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from control_world import EMPTY_MAP, GEOMETRY
from numpy.typing import NDArray

from echopilot_control.controller import ControlInputs, Controller
from echopilot_control.safety import Limits, SafetyDecision, SafetyInputs, SafetyMemory, check
from echopilot_core import ControlGoal, ControlStatus, GoalKind, RobotState, SafeTwist, Seen, View
from echopilot_sim.anatomy import draw_patient
from echopilot_sim.simulation import SimConfig, Simulation

Array = NDArray[np.float64]

LIMITS = Limits()
TICK_NS = 10_000_000
LATENCY_NS = 60_000_000
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
    """`spoil` changes what safety hears, `see` what the controller is shown (None: no picture any more)."""

    def __init__(self, seed: int) -> None:
        self.simulation = Simulation(draw_patient(seed), SimConfig(frame_hz=10.0, quality="fast"))
        self.goal_id = 0
        self.places_m: dict[View, Array] = {}
        self.landmarks = self.simulation.landmarks()
        self.surface = self.simulation.surface()
        self.start_anew()

    def start_anew(self, view: View = View.A4C, timeout_s: float = 60.0) -> None:
        """A fresh controller, safety without memory, and a new goal."""
        self.goal_id += 1
        aorta = view is View.AORTA_TRANS
        self.goal = ControlGoal(
            self.goal_id, GoalKind.ACQUIRE_VIEW, view, 8.0 if aorta else 5.0, "abdomen" if aorta else "cardiac",
            timeout_s,
        )  # fmt: skip
        self.controller, self.memory = Controller(LIMITS), SafetyMemory()
        self.twist: SafeTwist | None = None
        self.see: Callable[[int], Seen | None] = good_image
        self.spoil: Spoil = lambda inputs: inputs
        self.ticks: list[Tick] = []

    def tick(self) -> Tick:
        """One control tick: arm, controller, safety."""
        robot = self.simulation.step(self.twist).robot
        if robot.tick % 20 == 0:
            self.surface = self.simulation.surface()
        seen = self.see(robot.stamp_ns)
        inputs = ControlInputs(robot.stamp_ns, robot, seen, self.surface, self.landmarks, self.goal)
        output = self.controller.step(inputs)
        heard = self.spoil(
            SafetyInputs(
                robot.stamp_ns,
                robot,
                output.command,
                self.landmarks,
                self.goal.preset,
                joint_limits_rad=self.simulation.joint_limits_rad,
                surface=self.surface,
            )
        )
        decision = check(self.memory, heard, LIMITS)
        self.memory = decision.memory
        self.twist = None
        if decision.twist is not None:
            self.twist = replace(decision.twist, stamp_ns=robot.stamp_ns)
        speed = float(np.linalg.norm(robot.twist[:3]))
        self.ticks.append(Tick(heard, output.status, decision, self.simulation.true_normal_force_n, speed))
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
                self.simulation.max_normal_force_n = 0.0
                self.places_m.setdefault(view, robot.T_base_probe[:3, 3])
                return
        raise AssertionError(f"no contact: {self.ticks[-1].status}, {self.ticks[-1].decision.state.reasons}")

    def lift_by_hand(self, metres: float = 0.015) -> None:
        """A person leads the arm away from the skin."""
        from_m: Array | None = None
        for _ in range(500):
            robot = self.simulation.step(self.twist).robot
            position_m, z = robot.T_base_probe[:3, 3], robot.T_base_probe[:3, 2]
            from_m = position_m if from_m is None else from_m
            if float((from_m - position_m) @ z) > metres:
                break
            self.twist = SafeTwist(robot.stamp_ns, np.concatenate([-0.08 * z, np.zeros(3)]))
        self.twist = None
        for _ in range(10):
            self.simulation.step(None)

    def _lead_back(self, place_m: Array) -> None:
        for _ in range(500):
            robot = self.simulation.step(self.twist).robot
            way = place_m - robot.T_base_probe[:3, 3]
            away_m = float(np.linalg.norm(way))
            if robot.contact_force_n > 1.5:
                break
            speed = 0.08 if away_m > 0.03 else 0.02
            along = way / max(away_m, 1e-6) if away_m > 0.004 else robot.T_base_probe[:3, 2]
            self.twist = SafeTwist(robot.stamp_ns, np.concatenate([speed * along, np.zeros(3)]))
        self.twist = None
        for _ in range(10):
            self.simulation.step(None)

    @property
    def robot(self) -> RobotState:
        robot = self.ticks[-1].inputs.robot
        assert robot is not None
        return robot


def good_image(now_ns: int, quality: float = 0.9) -> Seen:
    """A picture of good quality 60 ms ago that shows no view in particular and differs from the one before it."""
    sequence = now_ns // (3 * TICK_NS)
    stamp_ns = sequence * 3 * TICK_NS - LATENCY_NS
    probability = np.full(len(View), 1.0)
    probability[0] += 0.01 * np.sin(sequence)
    return Seen(
        stamp_ns, sequence, GEOMETRY, EMPTY_MAP, (), probability / probability.sum(), quality, np.full(16, 0.95), 0.0
    )  # fmt: skip

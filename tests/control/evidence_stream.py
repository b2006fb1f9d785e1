"""A gantry over a trunk under the real safety check, with good evidence that a fault spoils."""

from collections.abc import Callable
from dataclasses import replace

import gantry
import numpy as np
from good_evidence import DOWN, NOISE, command, inputs

from echopilot_control.safety import Limits, SafetyDecision, SafetyInputs, SafetyMemory, check
from echopilot_core import Array, RobotMode, RobotState, se3
from echopilot_core.timing import TICK_NS, TICK_S

LIMITS = Limits()
TOP_M, STIFFNESS_N_M = 0.2, 500.0
Wish = Callable[["EvidenceStream"], Array]


class EvidenceStream:
    """The arm does what safety lets through; it is told what `wish` gives, twists (6,) in base."""

    def __init__(self, wish: Wish, height_m: float = 0.22, seed: int = 0) -> None:
        self.wish = wish
        self.rng = np.random.default_rng(seed)
        self.memory = SafetyMemory()
        self.T = DOWN.copy()
        self.T[:3, 3] = 0.5, -0.05, height_m
        self.twist = np.zeros(6)
        self.q = gantry.angles(self.T)
        self.k = 0
        self.decision: SafetyDecision | None = None

    @property
    def force_n(self) -> float:
        """Pressing force without noise [N]."""
        return max(STIFFNESS_N_M * (TOP_M - float(self.T[2, 3])), 0.0)

    def good(self) -> SafetyInputs:
        """Move by one tick, and tell the truth about it."""
        self.k += 1
        twist = np.zeros(6)
        if self.decision is not None and self.decision.twist is not None:
            twist = self.decision.twist.twist
        self.twist = self.twist + 0.3 * (twist - self.twist)
        self.T = self.T.copy()
        self.T[:3, 3] += TICK_S * self.twist[:3]
        self.T[:3, :3] = se3.so3_exp(TICK_S * self.twist[3:]) @ self.T[:3, :3]
        now = self.k * TICK_NS
        self.q, dq, kinematics = gantry.joints(self.T, self.twist, self.q)
        outside = np.array([0.0, 0.0, -self.force_n, 0.0, 0.0, 0.0])
        effort = gantry.efforts(kinematics, self.T[:3, :3], outside)
        wrench = outside + NOISE * self.rng.standard_normal(6)
        state = RobotState(
            now, self.k, self.T, self.twist, wrench, self.q, dq, RobotMode.SERVO, joint_effort_n_m=effort
        )
        return inputs(now, state, command(now, self.k, self.wish(self)), kinematics=kinematics)

    def decide(self, taken: SafetyInputs) -> SafetyDecision:
        self.decision = check(self.memory, taken, LIMITS)
        self.memory = self.decision.memory
        return self.decision

    def run(self, ticks: int, **changes: object) -> list[SafetyDecision]:
        return [self.decide(replace(self.good(), **changes)) for _ in range(ticks)]


def to_and_fro(stream: EvidenceStream) -> Array:
    """Motion across the body in the air, 30 mm/s with a turn, that changes its direction every second."""
    way = 1.0 if stream.k // 100 % 2 == 0 else -1.0
    return np.array([0.03 * way, 0.015 * way, 0.0, 0.0, 0.0, 0.1 * way])


def press(stream: EvidenceStream) -> Array:
    """Down at 10 mm/s, then 5 N with a slow slide."""
    way = 1.0 if stream.k // 100 % 2 == 0 else -1.0
    down_m_s = min(max((5.0 - stream.force_n) * 0.004, -0.01), 0.01)
    return np.array([0.01 * way, 0.01 * way, -down_m_s, 0.0, 0.0, 0.0])

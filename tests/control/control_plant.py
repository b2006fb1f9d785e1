"""A toy plant for control tests: one axis, spring skin that breathes, an arm with lag, dead time and friction."""

from collections import deque
from dataclasses import dataclass, field
from math import pi, sin

import numpy as np


@dataclass
class SkinAxis:
    """Probe on one axis: skin at breathing height, force = K d^n (1 + a v), sub-stepped at 1 ms."""

    stiffness_n_m: float
    breathing_pp_m: float = 0.006
    rate_hz: float = 0.25
    noise_n: float = 0.1
    friction_n: float = 3.0
    mass_kg: float = 5.0
    damping_s_m: float = 5.0
    seed: int = 0
    x_m: float = -0.02
    v_m_s: float = 0.0
    t_s: float = 0.0
    force_n: float = 0.0
    peak_n: float = 0.0
    _commands: deque = field(default_factory=lambda: deque([0.0] * 5))

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def step(self, command_m_s: float) -> None:
        """One 10 ms tick; the command acts 5 ms late."""
        for _ in range(10):
            self._commands.append(command_m_s)
            wanted = self._commands.popleft()
            skin = 0.5 * self.breathing_pp_m * sin(2 * pi * self.rate_hz * self.t_s)
            skin_v = pi * self.rate_hz * self.breathing_pp_m * np.cos(2 * pi * self.rate_hz * self.t_s)
            depth = self.x_m - skin
            closing = self.v_m_s - skin_v
            self.force_n = max(self.stiffness_n_m * depth * (1 + self.damping_s_m * closing), 0.0) if depth > 0 else 0.0
            self.peak_n = max(self.peak_n, self.force_n)
            drive = self.mass_kg * 2 * pi * 10.0 * (wanted - self.v_m_s) - self.force_n * 0.0
            if abs(self.v_m_s) < 1e-4 and abs(drive) < self.friction_n:
                self.v_m_s = 0.0
            else:
                v = self.v_m_s + 1e-3 / self.mass_kg * (drive - self.friction_n * np.sign(self.v_m_s or drive))
                self.v_m_s = 0.0 if v * self.v_m_s < 0 and abs(drive) < self.friction_n else v
            self.x_m += self.v_m_s * 1e-3
            self.t_s += 1e-3

    @property
    def reading_n(self) -> float:
        return self.force_n + self.noise_n * float(self.rng.standard_normal())

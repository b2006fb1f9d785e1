"""Gazebo as the graph's robot side needs it: steps on request, and tells joints, wrench and time."""

from dataclasses import dataclass
from typing import Protocol

from echopilot_core import Array


@dataclass(frozen=True)
class EngineState:
    """What Gazebo tells after a physics step.

    Attributes:
        now_ns: simulated time [ns].
        position_rad: of the joints (n,), in the order of the robot's description.
        velocity_rad_s: of the joints (n,).
        torque_n_m: of each joint on its child (n, 3), in the child's axes.
        wrench: of the probe on the arm (6,) [N, N m], in probe at its origin, with the weight of the probe.
        max_normal_force_n: largest true force of any physics step, for the scorer alone.
        limit_crossings: physics steps with a true force above 20 N, for the scorer alone.
    """

    now_ns: int
    position_rad: Array
    velocity_rad_s: Array
    torque_n_m: Array
    wrench: Array
    max_normal_force_n: float = 0.0
    limit_crossings: int = 0


class Engine(Protocol):
    """A paused world that steps on request, so that a slow machine computes the same as a fast one."""

    def state(self) -> EngineState:
        """The state now."""
        ...

    def advance(self, velocity_rad_s: Array, steps: int) -> EngineState:
        """The state after so many physics steps of 1 ms with these joint velocities (n,) commanded."""
        ...

"""The rig on which a robot is checked: a yielding surface under the probe that can be moved."""

from typing import Protocol

from echopilot_core import Robot


class Rig(Protocol):
    """A simulated patient, or a phantom on a linear stage under a real arm.

    The checks run joints into their limits at up to 0.25 m/s and 4 rad/s: a real arm needs free room around the
    phantom and a person at its emergency stop.
    """

    def robot(self) -> Robot:
        """A robot at rest in free air whose probe points at the surface, 0.05 to 0.25 m ahead along its z axis.

        Called once at the start of every scenario; the surface lies where it lay before the first.
        """
        ...

    def move_surface(self, towards_probe_m: float) -> None:
        """Start to move the surface along probe z [m], smoothly and within a second; negative is away."""
        ...

    def witness_force_n(self) -> float:
        """Pressing force [N] by an instrument of the rig's own; NaN where there is none."""
        ...

"""The interface of an arm's driver: samples of joints and force in, joint velocities out.

A driver knows nothing of patients, twists or safety: `echopilot_robot.bridge` adds those.
"""

from dataclasses import dataclass
from typing import Protocol

from echopilot_core import Array


@dataclass(frozen=True, eq=False)
class ArmSample:
    """One sample of an arm, as its driver tells it.

    Attributes:
        stamp_ns: time of the measurement on the driver's own clock [ns]; 0 where the driver has none.
        heard_ns: our time [ns] when the sample was complete, on the steady clock of this process.
        position_rad: of the joints (n,), in the order of `Arm.joint_names`.
        velocity_rad_s: of the joints (n,).
        wrench: as the sensor reads it (6,) [N, N m], on the tool, in the sensor's frame at its origin, with the tool's
            weight and the sensor's bias.
        torque_n_m: of the motors (n,); None where the driver does not tell them.
        errors: what the driver or the arm's own controller reports now, in words; an arm that reports one has stopped.
        is_silent: the arm or its driver says nothing any more, as `errors` tell; the rest is what it said last.
    """

    stamp_ns: int
    heard_ns: int
    position_rad: Array
    velocity_rad_s: Array
    wrench: Array
    torque_n_m: Array | None = None
    errors: tuple[str, ...] = ()
    is_silent: bool = False


class Arm(Protocol):
    """An arm that takes joint velocities, at a rate of its own.

    The bridge calls `read`, then `command` or `stop`, once per sample, from one thread. An arm has to stop by itself
    when commands stay away for 100 ms: a process that was killed sends none.
    """

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the n joints, as in the robot's description."""
        ...

    @property
    def period_ns(self) -> int:
        """Nominal time between two samples [ns]."""
        ...

    def read(self, timeout_s: float) -> ArmSample | None:
        """The next sample, each one once; None when none came within `timeout_s` of wall time.

        A driver that stopped goes on to return samples, with its `errors`.
        """
        ...

    def command(self, velocity_rad_s: Array) -> None:
        """Go on with joint velocities (n,) [rad/s], until the next call."""
        ...

    def stop(self) -> None:
        """Stand still, as well as the arm can; the answer to evidence that is missing or wrong."""
        ...

    def close(self) -> None:
        """Stop and let go of the arm; called once, also after a failure."""
        ...

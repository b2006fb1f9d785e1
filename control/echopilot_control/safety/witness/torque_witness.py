"""Comparison of the force sensor with the force that the joints' torques tell, over time."""

from dataclasses import dataclass

from echopilot_control.kinematics.chain import ArmKinematics
from echopilot_control.safety.witness.momentum_observer import ObserverMemory, OutsideForce, observe
from echopilot_control.vectors import all_finite
from echopilot_core import RobotState

ALLOWED_N = 1.3
"""Difference that friction off its model, lateral force and drift of the sensor (0.6 N, three deviations) explain."""

TRIP_N_S = 0.05
"""Impulse of the difference beyond that: 1 s of 1.35 N, 50 ms of 2.3 N, 20 ms of 3.8 N.

A healthy aorta exam reaches 0.002, with 0.2 N m of torque noise added.
"""

_MOST_N_S = 2.0 * TRIP_N_S
_LONGEST_S = 0.050


@dataclass(frozen=True)
class TorqueMemory:
    """The observer, its newest force, and the one-sided sums of the difference (joints above, sensor above) [N s]."""

    observer: ObserverMemory = ObserverMemory()  # noqa: RUF009
    force: OutsideForce | None = None
    stamp_ns: int = -1
    above_n_s: float = 0.0
    below_n_s: float = 0.0

    @property
    def contradicted(self) -> bool:
        """The joints tell of another force than the sensor."""
        return self.above_n_s > TRIP_N_S or self.below_n_s > TRIP_N_S


def watch_torques(at: ArmKinematics | None, memory: TorqueMemory, robot: RobotState) -> TorqueMemory:
    """Memory after one finite robot state; `force` is None where this witness is absent.

    Two cumulative sums (Page 1954, Biometrika 41:100) of the difference less what is allowed: large differences are
    noticed at once, small ones over time.
    """
    if robot.stamp_ns == memory.stamp_ns:
        return memory
    if at is None or robot.joint_effort_n_m is None or not all_finite(robot.joint_effort_n_m):
        return TorqueMemory(stamp_ns=robot.stamp_ns)
    observer, force = observe(at, memory.observer, robot)
    if force is None:
        return TorqueMemory(observer, None, robot.stamp_ns)
    dt_s = min(max((robot.stamp_ns - memory.stamp_ns) * 1e-9, 0.0), _LONGEST_S) if memory.stamp_ns >= 0 else 0.0
    difference_n, allowed_n = force.joints_n - force.sensor_n, ALLOWED_N + force.unsure_n
    return TorqueMemory(
        observer,
        force,
        robot.stamp_ns,
        min(max(0.0, memory.above_n_s + (difference_n - allowed_n) * dt_s), _MOST_N_S),
        min(max(0.0, memory.below_n_s + (-difference_n - allowed_n) * dt_s), _MOST_N_S),
    )

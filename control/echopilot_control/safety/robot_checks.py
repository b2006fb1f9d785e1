"""Checks of what the robot tells: finite, fresh, plausible force."""

from dataclasses import dataclass, replace

import numpy as np

from echopilot_control.safety.limits import Limits
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.state import SafetyInputs, SafetyMemory
from echopilot_core import RobotState, to_ns
from echopilot_core.se3 import is_rigid

CONTACT_N = 1.0
LATERAL_TRIP_N = 20.0
_LOST_NS = to_ns(0.1)
_STUCK_NS = to_ns(0.5)


@dataclass(frozen=True)
class RobotVerdict:
    """`robot` is None when its state may not be used."""

    robot: RobotState | None
    reasons: tuple[Reason, ...]
    memory: SafetyMemory


def finite(robot: RobotState) -> bool:
    """All numbers finite and the pose rigid."""
    return (
        robot.twist.shape == (6,)
        and robot.wrench.shape == (6,)
        and bool(np.isfinite(robot.wrench).all())
        and bool(np.isfinite(robot.twist).all())
        and bool(np.isfinite(robot.joint_position_rad).all())
        and bool(np.isfinite(robot.joint_velocity_rad_s).all())
        and is_rigid(robot.T_base_probe, 1e-3)
    )


def check_robot(memory: SafetyMemory, inputs: SafetyInputs, limits: Limits) -> RobotVerdict:
    """Finiteness, then age at both ends, then force range, rate and variance."""
    robot, now_ns = inputs.robot, inputs.now_ns
    bad: Reason | None = None
    if robot is None:
        bad = Reason.ROBOT_STALE
    elif not finite(robot):
        bad = Reason.ROBOT_NOT_FINITE
    elif now_ns - robot.stamp_ns > to_ns(limits.robot_age_s):
        bad = Reason.ROBOT_STALE
    elif robot.stamp_ns - now_ns > to_ns(limits.future_s):
        bad = Reason.ROBOT_FUTURE
    if bad is not None or robot is None:
        since = memory.robot_bad_since_ns if memory.robot_bad_since_ns >= 0 else now_ns
        lost = (Reason.ROBOT_LOST,) if now_ns - since >= _LOST_NS and memory.last_force_ns >= 0 else ()
        return RobotVerdict(None, (bad or Reason.ROBOT_STALE, *lost), replace(memory, robot_bad_since_ns=since))

    force_n = robot.contact_force_n
    reasons: list[Reason] = []
    if force_n > limits.trip_force_n:
        reasons.append(Reason.FORCE_TRIP)
    if float(robot.wrench[0] ** 2 + robot.wrench[1] ** 2) > LATERAL_TRIP_N**2:
        reasons.append(Reason.FORCE_LATERAL)

    fast_rises, same_since_ns = memory.fast_rises, memory.same_since_ns
    dt_ns = robot.stamp_ns - memory.last_force_ns
    if memory.last_force_ns >= 0 and dt_ns > 0:
        rising = (force_n - memory.last_force_n) * 1e9 / dt_ns > limits.force_rate_n_s
        fast_rises = fast_rises + 1 if rising else 0
        same = force_n == memory.last_force_n and force_n > CONTACT_N
        same_since_ns = (same_since_ns if same_since_ns >= 0 else memory.last_force_ns) if same else -1
    if fast_rises >= 2:
        reasons.append(Reason.FORCE_SPIKE)
    if same_since_ns >= 0 and robot.stamp_ns - same_since_ns >= _STUCK_NS:
        reasons.append(Reason.FORCE_STUCK)
    memory = replace(
        memory,
        robot_bad_since_ns=-1,
        last_force_n=force_n,
        last_force_ns=max(robot.stamp_ns, memory.last_force_ns),
        fast_rises=fast_rises,
        same_since_ns=same_since_ns,
    )
    return RobotVerdict(robot, tuple(reasons), memory)

"""Rules that hold for every state of a robot, whatever its command: numbering, stamps, finite numbers, joint limits."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_control.kinematics.joint_limits import joint_limits_rad, joint_speed_limits_rad_s
from echopilot_control.robot_contract.rules import ContractRule
from echopilot_core import RobotState
from echopilot_core.timing import TICK_NS

LIMIT_TOLERANCE_RAD = 0.01
SPEED_TOLERANCE = 1.02


@dataclass(frozen=True, eq=False)
class JointLimits:
    """Limits of n joints: position (n, 2) [rad] and speed (n,) [rad/s]."""

    position_rad: NDArray[np.float64]
    speed_rad_s: NDArray[np.float64]


def limits_of(urdf: str) -> JointLimits:
    """Limits out of a robot description; ValueError where it has none."""
    return JointLimits(joint_limits_rad(urdf), joint_speed_limits_rad_s(urdf))


def broken_by_states(states: list[RobotState], limits: JointLimits) -> Iterator[tuple[ContractRule, str]]:
    """Each broken rule once, with the figures of the first state that breaks it."""
    found: dict[ContractRule, str] = {}
    for before, state in zip([None, *states], states, strict=False):
        for rule, detail in _of_state(state, limits):
            found.setdefault(rule, detail)
        if before is not None and state.tick != before.tick + 1:
            found.setdefault(ContractRule.TICK, f"tick {state.tick} after {before.tick}")
        if before is not None and abs(state.stamp_ns - before.stamp_ns - TICK_NS) > TICK_NS // 2:
            found.setdefault(
                ContractRule.STAMP, f"{(state.stamp_ns - before.stamp_ns) * 1e-6:.1f} ms after tick {before.tick}"
            )
    yield from found.items()


def _of_state(state: RobotState, limits: JointLimits) -> Iterator[tuple[ContractRule, str]]:
    arrays = {
        "T_base_probe": state.T_base_probe,
        "twist": state.twist,
        "wrench": state.wrench,
        "joint_position_rad": state.joint_position_rad,
        "joint_velocity_rad_s": state.joint_velocity_rad_s,
    }
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            yield ContractRule.STATE_FINITE, f"{name} at tick {state.tick}"
    q, speed = state.joint_position_rad, state.joint_velocity_rad_s
    if q.shape != limits.speed_rad_s.shape or speed.shape != q.shape:
        yield (
            ContractRule.JOINT_LIMIT,
            f"{q.size} positions and {speed.size} speeds of {limits.speed_rad_s.size} joints",
        )
        return
    low, high = limits.position_rad.T
    for i in np.flatnonzero((q < low - LIMIT_TOLERANCE_RAD) | (q > high + LIMIT_TOLERANCE_RAD)):
        yield ContractRule.JOINT_LIMIT, f"joint {i + 1} at {q[i]:.3f} rad of {low[i]:.3f} to {high[i]:.3f}"
    for i in np.flatnonzero(np.abs(speed) > SPEED_TOLERANCE * limits.speed_rad_s):
        yield ContractRule.JOINT_SPEED, f"joint {i + 1} at {speed[i]:.2f} rad/s of {limits.speed_rad_s[i]:.2f}"

"""Retreat commanded by safety: along -z of the probe, bounded in distance, time and resistance."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from echopilot_control.safety.arm_faults import ARM_FAULTS
from echopilot_control.safety.limits import Limits
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.state import RetractMemory, SafetyInputs
from echopilot_core import RobotState, to_ns

_GUARD_N = 3.0  # a retract that presses harder than this above its start has met something
_RETRACT_TIMEOUT_NS = to_ns(3.0)


FORCE_DOUBTS = frozenset(
    {Reason.FORCE_STUCK, Reason.FORCE_BIAS, Reason.FORCE_CONTRADICTED, Reason.FORCE_UNFELT, Reason.FORCE_DEAD}
)
"""With one of these the force sensor does not say whether a retreat is blocked."""


def retract(
    memory: RetractMemory, robot: RobotState, now_ns: int, limits: Limits, trust_force: bool = True
) -> tuple[RetractMemory, NDArray[np.float64] | None]:
    """Twist (6,) of this tick in base; None once the way is done, blocked or took too long.

    Args:
        memory: state of the retraction; a new one begins at the present pose.
        robot: a finite state.
        now_ns: time of the tick [ns].
        limits: way [m] and speed [m/s] of a retraction.
        trust_force: whether a force that rises on the way ends it.

    Returns:
        The state for the next tick, and the twist.
    """
    if memory.done:
        return memory, None
    position_m, z = robot.T_base_probe[:3, 3], robot.T_base_probe[:3, 2]
    from_m = memory.from_m
    if from_m is None:
        from_m = (float(position_m[0]), float(position_m[1]), float(position_m[2]))
        memory = RetractMemory(from_m, now_ns, robot.contact_force_n)
    traveled_m = float(np.linalg.norm(position_m - np.array(from_m)))
    blocked = trust_force and robot.contact_force_n > memory.start_n + _GUARD_N and traveled_m > 0.005
    late = now_ns - memory.since_ns > _RETRACT_TIMEOUT_NS
    if traveled_m >= limits.retract_m or blocked or late:
        return replace(memory, done=True), None
    return memory, np.concatenate([-limits.retract_m_s * z, np.zeros(3)])


BY_HAND_ONLY = frozenset(
    {
        Reason.ROBOT_STALE,
        Reason.ROBOT_FUTURE,
        Reason.ROBOT_NOT_FINITE,
        Reason.ROBOT_ORDER,
        Reason.ROBOT_LEAP,
        Reason.ROBOT_LOST,
        Reason.ROBOT_SPEED,
        Reason.ROBOT_FROZEN,
        Reason.POSE_AGAINST_JOINTS,
        Reason.POSE_AGAINST_TWIST,
        Reason.JOINTS_AGAINST_SPEEDS,
        Reason.TWIST_AGAINST_JOINTS,
        Reason.ROBOT_FAULT,
        *ARM_FAULTS.values(),
        Reason.CLOCK_JUMP,
    }
)
"""With one of these the arm may not be trusted to move: a person takes the probe off."""


def lift_off(
    memory: RetractMemory | None, inputs: SafetyInputs, robot: RobotState | None, reasons: list[Reason], limits: Limits
) -> tuple[RetractMemory | None, NDArray[np.float64] | None]:
    """Twist (6,) of this tick in base while an asked-for lift-off runs, else None; call it only while stopped.

    STOP pressed again, a released enabling device, resistance, the whole way or 3 s end it.

    Args:
        memory: state of a lift-off under way, else None.
        inputs: with what the operator asks for.
        robot: a finite state, None where there is none.
        reasons: what is latched.
        limits: way and speed, as of a retraction.

    Returns:
        The state for the next tick, and the twist.
    """
    memory = RetractMemory() if inputs.lift_off else memory
    if memory is None or robot is None or inputs.operator_stop or inputs.enabled is False:
        return None, None
    if not BY_HAND_ONLY.isdisjoint(reasons):
        return None, None
    memory, twist = retract(memory, robot, inputs.now_ns, limits, FORCE_DOUBTS.isdisjoint(reasons))
    return (None, None) if twist is None else (memory, twist)

"""Checks of the robot's own state: finite, fresh, no fault, speed, joint limits and manipulability."""

from dataclasses import replace
from math import inf, radians

import numpy as np
from numpy.typing import NDArray

from echopilot_control.safety.arm_faults import named
from echopilot_control.safety.evidence.tick import SafetyTick
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.state import RobotMemory
from echopilot_control.vectors import all_finite
from echopilot_core import RobotMode, RobotState, to_ns
from echopilot_core.robot import CONTACT_N
from echopilot_core.se3 import is_rigid

HOLD_RAD, SLOW_RAD = radians(2.0), radians(5.0)
HOLD_SINGULAR, SLOW_SINGULAR = 0.03, 0.06  # sqrt(det(J J^T)); the simulated arm works at 0.08 to 0.25
_STILL_RAD_S = 1e-3
_SLOWEST = 0.1


def joint_share(robot: RobotState, limits_rad: NDArray[np.float64]) -> float:
    """Share of the speed that may be commanded: 1 far from limits (n, 2) [rad], 0 where motion has to stop."""
    q, dq = robot.joint_position_rad, robot.joint_velocity_rad_s
    margin_rad = inf
    for angle, speed, (low, high) in zip(q.tolist(), dq.tolist(), limits_rad.tolist(), strict=False):
        if speed < -_STILL_RAD_S:
            margin_rad = min(margin_rad, angle - low)
        elif speed > _STILL_RAD_S:
            margin_rad = min(margin_rad, high - angle)
    if margin_rad < HOLD_RAD:
        return 0.0
    return max(_SLOWEST, min(1.0, (margin_rad - HOLD_RAD) / (SLOW_RAD - HOLD_RAD)))


def singular_share(now: float, before: float) -> float:
    """Share of the speed that may be commanded at a manipulability: 1 far from singular, 1 on the way out."""
    if not now < before:
        return 1.0
    if now < HOLD_SINGULAR:
        return 0.0
    return max(_SLOWEST, min(1.0, (now - HOLD_SINGULAR) / (SLOW_SINGULAR - HOLD_SINGULAR)))


SPEED_FREE_M_S, SPEED_CONTACT_M_S = 0.250, 0.120  # far above what may be commanded; a stopping arm swings at 60 mm/s
_LOST_NS = to_ns(0.040)
ROBOT_SOURCE = "robot"  # among the processes that died: the one that publishes the robot's state


def finite(robot: RobotState) -> bool:
    """All numbers there and finite, and the pose rigid."""
    return (
        robot.T_base_probe.shape == (4, 4)
        and robot.twist.shape == (6,)
        and robot.wrench.shape == (6,)
        and all_finite(robot.wrench)
        and all_finite(robot.twist)
        and all_finite(robot.joint_position_rad)
        and all_finite(robot.joint_velocity_rad_s)
        and is_rigid(robot.T_base_probe, 1e-3)
    )


def whole_joints(robot: RobotState) -> bool:
    """A position and a velocity for every joint, and at least one joint."""
    n = robot.joint_position_rad.size
    return n > 0 and robot.joint_position_rad.shape == robot.joint_velocity_rad_s.shape == (n,)


_LEAP = 100  # ticks that may be lost at once
_TICK_NS = to_ns(0.1)  # no control tick lasts longer
_CALM_NS = to_ns(0.2)  # so long states have to follow each other after one that did not


def order(robot: RobotState, memory: RobotMemory) -> Reason | None:
    """What is wrong with tick and stamp after those before; the same state again is in order.

    A tick that fell is another source, a copy, or a robot that began again without saying so (`SafetyMonitor.restart`).
    One that leapt is believed once its successor follows it, so that a stray state is never the newest for good.
    """
    if memory.tick < 0:
        return None
    ticks, passed_ns = robot.tick - memory.tick, robot.stamp_ns - memory.stamp_ns
    timed = memory.stamp_ns >= 0
    if ticks < 0 or (timed and (passed_ns < 0 or (ticks == 0) is not (passed_ns == 0))):
        return Reason.ROBOT_ORDER
    if memory.refused >= 0 and 0 < robot.tick - memory.refused <= _LEAP:
        return None
    return Reason.ROBOT_LEAP if ticks > _LEAP or (timed and passed_ns > ticks * _TICK_NS) else None


def judge_robot(tick: SafetyTick) -> list[Reason]:
    """State of the robot: whole and finite, of now, in order; without one for 40 ms it counts as lost."""
    robot, now_ns, last = tick.inputs.robot, tick.now_ns, tick.memory.robot
    bad: Reason | None = None
    if robot is None:
        bad = Reason.ROBOT_STALE
    elif not finite(robot):
        bad = Reason.ROBOT_NOT_FINITE
    elif now_ns - robot.stamp_ns > to_ns(tick.limits.robot_age_s):
        bad = Reason.ROBOT_STALE
    elif robot.stamp_ns - now_ns > to_ns(tick.limits.future_s):
        bad = Reason.ROBOT_FUTURE
    unordered = None if robot is None else order(robot, last)
    reasons = [reason for reason in (bad, unordered) if reason is not None]
    if not reasons and robot is not None:
        tick.usable_robot = robot
        disorder_ns = last.disorder_ns
        calm = disorder_ns is None or not 0 <= now_ns - disorder_ns < _CALM_NS
        tick.robot = RobotMemory(min(robot.stamp_ns, now_ns), robot.tick, robot.stamp_ns, -1, disorder_ns)
        return [] if calm else [Reason.ROBOT_ORDER]
    refused = last.refused if robot is None or unordered is not Reason.ROBOT_LEAP else robot.tick
    tick.robot = replace(last, refused=refused, disorder_ns=last.disorder_ns if unordered is None else now_ns)
    gone = ROBOT_SOURCE in (tick.inputs.lost_nodes or ())
    lost = gone or (last.used_ns >= 0 and now_ns - last.used_ns > _LOST_NS)
    return [*reasons, Reason.ROBOT_LOST] if lost else reasons


def guard_arm(tick: SafetyTick) -> list[Reason]:
    """No fault of the arm, named where the robot side names it, and no speed above any command."""
    robot, reasons = tick.usable_robot, named(tick.inputs.robot_faults)
    if robot is None:
        return reasons
    if robot.mode is RobotMode.FAULT:
        reasons.append(Reason.ROBOT_FAULT)
    fastest_m_s = SPEED_CONTACT_M_S if robot.contact_force_n > CONTACT_N else SPEED_FREE_M_S
    fast = float(robot.twist[:3] @ robot.twist[:3]) > fastest_m_s**2
    return [*reasons, Reason.ROBOT_SPEED] if fast else reasons


def guard_joints(tick: SafetyTick) -> list[Reason]:
    """Slower towards joint limits and singular poses, and no farther than they allow; fills `share`."""
    limits_rad, robot = tick.inputs.joint_limits_rad, tick.usable_robot
    if robot is None or limits_rad is None or not whole_joints(robot):
        return []
    if limits_rad.shape != (robot.joint_position_rad.size, 2):
        return []
    at_limit = joint_share(robot, limits_rad)
    singular = singular_share(tick.inputs.manipulability, tick.memory.manipulability)
    tick.share = min(at_limit, singular)
    reasons = [Reason.JOINT_LIMIT] if at_limit == 0.0 else []
    return [*reasons, Reason.SINGULAR] if singular == 0.0 else reasons

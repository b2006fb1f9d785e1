"""Judges of the arm: its state and description, and pose, twist and joints as witnesses of each other.

Tolerances. The simulated arm reads encoders without noise and reports pose, twist and joints of one instant, so that
forward kinematics and J dq agree to 1e-9; what remains is motion within a tick of 10 ms, seen as its two ends. A joint
loop of 10 Hz changes the speed of the probe by at most about 60 mm/s within 20 ms, so that the trapezoid is off by at
most 0.1 mm a tick, and the sum over the memory of 0.3 s stays below 1 mm. Real arms add a nominal URDF that is a
millimeter off the calibrated one, and speeds that are filtered by about 10 ms: 20 mm/s reached at 1 m/s² differ by
10 mm/s for 20 ms. The tolerances below are those sums twice or more. A lie of the twist that lasts is noticed above
`DRIFT_M / MEMORY_S` = 7 mm/s.
"""

from math import cos, isfinite

from echopilot_control.safety.evidence.tick import SafetyTick
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.robot_checks import whole_joints
from echopilot_control.safety.state import ArmMemory
from echopilot_core import Array, RobotState, to_ns

APART_M, APART_RAD = 0.005, 0.020  # pose against forward kinematics
DRIFT_M, DRIFT_RAD, MEMORY_S = 0.002, 0.020, 0.3
JOINT_DRIFT_RAD = 0.010
GAP_M_S, GAP_RAD_S, GAP_MEMORY_S = 0.015, 0.060, 0.05  # twist against J dq
TOLD_M_S, TOLD_RAD_S = 0.003, 0.02
_APART_TRACE = 1.0 + 2.0 * cos(APART_RAD)
_FROZEN_NS, _GAP_NS = to_ns(0.3), to_ns(0.1)


def judge_description(tick: SafetyTick) -> list[Reason]:
    """Joint limits, chain and joints fit each other."""
    inputs, robot = tick.inputs, tick.usable_robot
    limits_rad = inputs.joint_limits_rad
    if limits_rad is None:
        return [Reason.DESCRIPTION_MISSING]
    if robot is None:
        return []
    if not whole_joints(robot) or limits_rad.shape != (robot.joint_position_rad.size, 2):
        return [Reason.JOINTS_INCOMPLETE]
    kinematics = inputs.kinematics
    ordered = all([low < high for low, high in limits_rad.tolist()])
    known = kinematics is not None and isfinite(inputs.manipulability) and ordered
    return [] if known else [Reason.DESCRIPTION_MISSING]


def judge_witnesses(tick: SafetyTick) -> list[Reason]:
    """Pose, twist and joints tell the same motion."""
    robot, kinematics = tick.usable_robot, tick.inputs.kinematics
    if robot is None:
        return []
    before = tick.memory.arm
    reasons = []
    gap = before.twist_gap
    if kinematics is not None and _joints(robot) == ((kinematics.J.shape[1],),) * 2:
        kinematics = kinematics.at(robot.joint_position_rad)
        if not _same_pose(kinematics.T_base_probe, robot.T_base_probe):
            reasons.append(Reason.POSE_AGAINST_JOINTS)
        apart = (robot.twist - kinematics.J @ robot.joint_velocity_rad_s).tolist()
        share = _share(before.robot, robot, GAP_MEMORY_S)
        gap = tuple([old + share * (new - old) for old, new in zip(gap, apart, strict=True)])
    if not _within(gap, GAP_M_S, GAP_RAD_S):
        reasons.append(Reason.TWIST_AGAINST_JOINTS)
    pose, joint = _drifts(before, robot)
    if not _within(pose, DRIFT_M, DRIFT_RAD):
        reasons.append(Reason.POSE_AGAINST_TWIST)
    if not all([abs(drift) <= JOINT_DRIFT_RAD for drift in joint]):
        reasons.append(Reason.JOINTS_AGAINST_SPEEDS)
    still_since_ns = _still_since_ns(tick.memory.sent, before, robot)
    if still_since_ns >= 0 and robot.stamp_ns - still_since_ns >= _FROZEN_NS:
        reasons.append(Reason.ROBOT_FROZEN)
    tick.arm = ArmMemory(robot, pose, joint, gap, still_since_ns)
    return reasons


def _same_pose(a: Array, b: Array) -> bool:
    apart_m2, trace = 0.0, 0.0
    for (a1, a2, a3, at), (b1, b2, b3, bt) in zip(a[:3].tolist(), b[:3].tolist(), strict=True):
        apart_m2 += (at - bt) * (at - bt)
        trace += a1 * b1 + a2 * b2 + a3 * b3  # of the rotation between them: 1 + 2 cos(angle)
    return apart_m2 <= APART_M**2 and trace >= _APART_TRACE


def _within(six: tuple[float, ...], linear: float, angular: float) -> bool:
    """Whether both halves of six numbers are that short; not for numbers that are not finite."""
    a, b, c, d, e, f = six
    return a * a + b * b + c * c <= linear**2 and d * d + e * e + f * f <= angular**2


def _share(before: RobotState | None, now: RobotState, memory_s: float) -> float:
    passed_s = 0.010 if before is None else (now.stamp_ns - before.stamp_ns) * 1e-9
    return min(max(passed_s / memory_s, 0.0), 1.0)


def _drifts(before: ArmMemory, robot: RobotState) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Drift of pose and joints after one more state; a gap in the states begins anew: nobody saw the motion in it."""
    last = before.robot
    if last is not None and robot.stamp_ns == last.stamp_ns:
        return before.pose_drift, before.joint_drift
    if last is None or robot.stamp_ns - last.stamp_ns > _GAP_NS or _joints(last) != _joints(robot):
        return (0.0,) * 6, ()
    passed_s = (robot.stamp_ns - last.stamp_ns) * 1e-9
    keep, half_s = max(1.0 - passed_s / MEMORY_S, 0.0), 0.5 * passed_s
    way = _way(last, robot)
    told = (last.twist + robot.twist).tolist()
    pose = [keep * old + new - half_s * v for old, new, v in zip(before.pose_drift, way, told, strict=True)]
    if not whole_joints(robot):
        return tuple(pose), ()
    turned = (robot.joint_position_rad - last.joint_position_rad).tolist()
    told = (last.joint_velocity_rad_s + robot.joint_velocity_rad_s).tolist()
    old_joint = before.joint_drift if len(before.joint_drift) == len(turned) else (0.0,) * len(turned)
    joint = [keep * old + new - half_s * v for old, new, v in zip(old_joint, turned, told, strict=True)]
    return tuple(pose), tuple(joint)


def _joints(robot: RobotState) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return robot.joint_position_rad.shape, robot.joint_velocity_rad_s.shape


def _way(last: RobotState, now: RobotState) -> tuple[float, ...]:
    """Translation [m] and rotation vector [rad] in base between two close poses, the latter right to third order."""
    (a1, a2, a3, ax), (b1, b2, b3, bx), (c1, c2, c3, cx) = last.T_base_probe[:3].tolist()
    (d1, d2, d3, dx), (e1, e2, e3, ex), (f1, f2, f3, fx) = now.T_base_probe[:3].tolist()
    xy, yx = d1 * b1 + d2 * b2 + d3 * b3, e1 * a1 + e2 * a2 + e3 * a3
    xz, zx = d1 * c1 + d2 * c2 + d3 * c3, f1 * a1 + f2 * a2 + f3 * a3
    yz, zy = e1 * c1 + e2 * c2 + e3 * c3, f1 * b1 + f2 * b2 + f3 * b3
    return dx - ax, ex - bx, fx - cx, 0.5 * (zy - yz), 0.5 * (xz - zx), 0.5 * (yx - xy)


def _still_since_ns(sent: tuple[float, ...], before: ArmMemory, robot: RobotState) -> int:
    """Since when the arm stays exactly where it is although each tick told it to move; -1 while it moves."""
    last = before.robot
    if (
        last is None
        or len(sent) != 6
        or _within(sent, TOLD_M_S, TOLD_RAD_S)
        or robot.stamp_ns - last.stamp_ns > _GAP_NS
    ):
        return -1
    if robot.stamp_ns == last.stamp_ns:
        return before.still_since_ns
    if last.joint_position_rad.tolist() != robot.joint_position_rad.tolist():
        return -1
    return before.still_since_ns if before.still_since_ns >= 0 else last.stamp_ns

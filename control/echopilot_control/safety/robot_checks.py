"""Checks of what the robot tells of itself: finite, fresh, no fault, no faster than it may be."""

from dataclasses import dataclass

from echopilot_control.safety.force_checks import CONTACT_N, check_force
from echopilot_control.safety.limits import Limits
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.state import ForceMemory, SafetyInputs, SafetyMemory
from echopilot_control.vectors import all_finite
from echopilot_core import RobotMode, RobotState, to_ns
from echopilot_core.se3 import is_rigid

__all__ = ["CONTACT_N", "RobotVerdict", "check_robot", "finite"]

SPEED_FREE_M_S, SPEED_CONTACT_M_S = 0.250, 0.120  # far above what may be commanded; a stopping arm swings at 60 mm/s
_LOST_NS = to_ns(0.040)


@dataclass(frozen=True)
class RobotVerdict:
    """`robot` is None when its state may not be used; `robot_ns` is the stamp of the last usable one."""

    robot: RobotState | None
    reasons: list[Reason]
    robot_ns: int
    force: ForceMemory


def finite(robot: RobotState) -> bool:
    """All numbers finite and the pose rigid."""
    return (
        robot.twist.shape == (6,)
        and robot.wrench.shape == (6,)
        and all_finite(robot.wrench)
        and all_finite(robot.twist)
        and all_finite(robot.joint_position_rad)
        and all_finite(robot.joint_velocity_rad_s)
        and is_rigid(robot.T_base_probe, 1e-3)
    )


def check_robot(memory: SafetyMemory, inputs: SafetyInputs, limits: Limits) -> RobotVerdict:
    """Finiteness, then age at both ends, then range, rate and noise."""
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
        lost = memory.robot_ns >= 0 and now_ns - memory.robot_ns > _LOST_NS
        reasons = [bad or Reason.ROBOT_STALE, Reason.ROBOT_LOST] if lost else [bad or Reason.ROBOT_STALE]
        return RobotVerdict(None, reasons, memory.robot_ns, memory.force)

    force, reasons = check_force(memory.force, robot, memory.body.coarse_m, limits)
    if robot.mode is RobotMode.FAULT:
        reasons.append(Reason.ROBOT_FAULT)
    fastest_m_s = SPEED_CONTACT_M_S if robot.contact_force_n > CONTACT_N else SPEED_FREE_M_S
    if float(robot.twist[:3] @ robot.twist[:3]) > fastest_m_s**2:
        reasons.append(Reason.ROBOT_SPEED)
    return RobotVerdict(robot, reasons, min(robot.stamp_ns, now_ns), force)

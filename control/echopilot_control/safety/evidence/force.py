"""Judge of the force sensor: joint torques and the seen skin as its witnesses, and its own behavior.

What each can and cannot tell stands in docs/safety.md.
"""

from echopilot_control.safety.evidence.tick import SafetyTick
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.witness.force_witness import watch_force
from echopilot_control.vectors import all_finite
from echopilot_core import ProbeCommand, RobotState

_FACE_M = 0.030  # no point of the face is farther from its middle


def judge_force(tick: SafetyTick) -> list[Reason]:
    """The sensor is alive, was seen working in free air, and tells the force that its witnesses tell."""
    robot, kinematics = tick.usable_robot, tick.inputs.kinematics
    if robot is None:
        return []
    if kinematics is not None and robot.joint_position_rad.shape == (kinematics.J.shape[1],):
        kinematics = kinematics.at(robot.joint_position_rad)
    tick.witness, reasons = watch_force(tick.witness, kinematics, robot, tick.usable_surface, tick.now_ns)
    if Reason.FORCE_UNPROVEN in reasons and _leads_off(tick.inputs.command, robot):
        reasons.remove(Reason.FORCE_UNPROVEN)  # a safety that began in contact has to let the probe off the skin
    return reasons


def _leads_off(command: ProbeCommand | None, robot: RobotState) -> bool:
    """Whether a command backs the probe out, along its axis within 45 degrees, and every point of its face with it."""
    if command is None or command.twist.shape != (6,) or not all_finite(command.twist):
        return False
    linear, angular = command.twist[:3], command.twist[3:]
    back = -float(linear @ robot.T_base_probe[:3, 2])
    edge = _FACE_M * float(angular @ angular) ** 0.5
    return back > 2.0 * edge and back > 0.0 and 2.0 * back * back >= float(linear @ linear)

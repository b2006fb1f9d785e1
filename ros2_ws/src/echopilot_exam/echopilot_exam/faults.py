"""Which fault lies over a step in contact, from one tick's inputs."""

from math import radians

import numpy as np

from echopilot_core import ControlPhase, RobotMode, RobotState, SafetyMode, Seen
from echopilot_exam.stages import CONTROLLER_AGE_S, FUTURE_S, IMAGE_AGE_S, NEEDS_IMAGE, SAFETY_AGE_S
from echopilot_exam.states import ExamInputs, ExamPhase

RESTS_M_S, RESTS_RAD_S = 0.004, radians(3.0)


def latched(inputs: ExamInputs) -> bool:
    """Safety or the arm has stopped for good, or the force cannot be read."""
    safety = inputs.safety
    stopped = safety is not None and safety.mode in (SafetyMode.RETRACT, SafetyMode.STOPPED)
    return stopped or inputs.robot.mode is RobotMode.FAULT or not bool(np.isfinite(inputs.robot.wrench).all())


def safety_is_fresh(inputs: ExamInputs) -> bool:
    """Both ends of the age of the newest safety state: an old "all is well" says nothing."""
    safety = inputs.safety
    return safety is not None and -FUTURE_S <= (inputs.now_ns - safety.stamp_ns) * 1e-9 <= SAFETY_AGE_S


def image_is_fresh(latest: Seen | None, now_ns: int) -> bool:
    """Both ends of the age of the newest result."""
    return latest is not None and -FUTURE_S <= (now_ns - latest.stamp_ns) * 1e-9 <= IMAGE_AGE_S


def rests(robot: RobotState) -> bool:
    """True while the probe neither slides over the skin nor turns; along the beam it may follow the breathing."""
    z = robot.T_base_probe[:3, 2]
    across = robot.twist[:3] - float(robot.twist[:3] @ z) * z
    return bool(np.linalg.norm(across) <= RESTS_M_S and np.linalg.norm(robot.twist[3:]) <= RESTS_RAD_S)


def fault_in_contact(inputs: ExamInputs, goal_id: int, latest: Seen | None) -> ExamPhase | None:
    """The gravest passing fault, or None; a status that answers an older goal says nothing of this one."""
    status = inputs.status
    if status is None or not -FUTURE_S <= (inputs.now_ns - status.stamp_ns) * 1e-9 <= CONTROLLER_AGE_S:
        return ExamPhase.CONTROLLER_SILENT
    if inputs.safety is None or inputs.safety.mode is SafetyMode.HOLD or not safety_is_fresh(inputs):
        return ExamPhase.SAFETY_HOLD
    if status.goal_id != goal_id:
        return None
    if status.phase in NEEDS_IMAGE and not image_is_fresh(latest, inputs.now_ns):
        return ExamPhase.IMAGE_STALE
    return ExamPhase.CONTACT_LOST if status.phase is ControlPhase.RECOVER else None

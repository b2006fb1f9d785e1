"""Passing faults of a step in contact: their detection, their time limits and the overlay over the exam's state."""

from math import radians

import numpy as np

from echopilot_core import (
    IMAGE_DRIVEN_PHASES,
    ControlPhase,
    ExamPhase,
    PerceptionResult,
    RobotMode,
    RobotState,
    SafetyMode,
)
from echopilot_exam.machine.states import ExamInputs

CONTROLLER_AGE_S = 0.5
SAFETY_AGE_S = 0.5
IMAGE_AGE_S = 0.5
FUTURE_S = 0.1
"""A stamp may lie this far ahead of the exam's clock."""

FAULT_LIMIT_S = {
    ExamPhase.IMAGE_STALE: 3.0,
    ExamPhase.CONTACT_LOST: 8.0,
    ExamPhase.SAFETY_HOLD: 15.0,
    ExamPhase.CONTROLLER_SILENT: 5.0,
}
"""Longest duration of a fault; then the step is given up, or the exam when the controller is silent."""

REST_SPEED_M_S, REST_RATE_RAD_S = 0.004, radians(3.0)

_NEEDS_IMAGE = IMAGE_DRIVEN_PHASES | {ControlPhase.RECOVER}


class FaultOverlay:
    """The present fault. In messages it replaces the exam's state, which continues when the fault passes in time."""

    def __init__(self) -> None:
        self.fault: ExamPhase | None = None
        self._since_ns = 0

    def clear(self) -> None:
        """Forget the fault; called at each change of state."""
        self.fault = None

    def update(self, fault: ExamPhase | None, now_ns: int) -> ExamPhase | None:
        """Take the fault of this tick.

        Args:
            fault: a key of FAULT_LIMIT_S, or None.
            now_ns: time of the tick.

        Returns:
            The fault once it has lasted for its limit, else None.
        """
        if fault is not self.fault:
            self.fault, self._since_ns = fault, now_ns
        if fault is None or (now_ns - self._since_ns) * 1e-9 < FAULT_LIMIT_S[fault]:
            return None
        return fault


def detect_fault(inputs: ExamInputs, goal_id: int, latest: PerceptionResult | None) -> ExamPhase | None:
    """The most serious passing fault of a step in contact, or None.

    Args:
        inputs: of this tick.
        goal_id: of the goal in force; a status of an older goal carries no information on this one.
        latest: newest perception result.
    """
    status = inputs.status
    if status is None or not -FUTURE_S <= (inputs.now_ns - status.stamp_ns) * 1e-9 <= CONTROLLER_AGE_S:
        return ExamPhase.CONTROLLER_SILENT
    if inputs.safety is None or inputs.safety.mode is SafetyMode.HOLD or not is_safety_fresh(inputs):
        return ExamPhase.SAFETY_HOLD
    if status.goal_id != goal_id:
        return None
    if status.phase in _NEEDS_IMAGE and not is_image_fresh(latest, inputs.now_ns):
        return ExamPhase.IMAGE_STALE
    return ExamPhase.CONTACT_LOST if status.phase is ControlPhase.RECOVER else None


def is_latched(inputs: ExamInputs) -> bool:
    """True when safety or the arm has stopped for good, or the force cannot be read."""
    safety = inputs.safety
    stopped = safety is not None and safety.mode in (SafetyMode.RETRACT, SafetyMode.STOPPED)
    return stopped or inputs.robot.mode is RobotMode.FAULT or not bool(np.isfinite(inputs.robot.wrench).all())


def is_safety_fresh(inputs: ExamInputs) -> bool:
    """True when the newest safety state is neither too old nor ahead of the clock."""
    safety = inputs.safety
    return safety is not None and -FUTURE_S <= (inputs.now_ns - safety.stamp_ns) * 1e-9 <= SAFETY_AGE_S


def is_image_fresh(latest: PerceptionResult | None, now_ns: int) -> bool:
    """True when the newest perception result is neither too old nor ahead of the clock."""
    return latest is not None and -FUTURE_S <= (now_ns - latest.stamp_ns) * 1e-9 <= IMAGE_AGE_S


def is_at_rest(robot: RobotState) -> bool:
    """True while the probe neither slides over the skin nor turns; along the beam it may follow the breathing."""
    z = robot.T_base_probe[:3, 2]
    across = robot.twist[:3] - float(robot.twist[:3] @ z) * z
    return bool(np.linalg.norm(across) <= REST_SPEED_M_S and np.linalg.norm(robot.twist[3:]) <= REST_RATE_RAD_S)

"""Faults that the robot side finds in its arm, by the names that it tells, as reasons of safety."""

from collections.abc import Iterable

from echopilot_control.safety.reasons import Reason

ARM_FAULTS = {
    "DRIVER_ERROR": Reason.ARM_STOPPED,
    "DRIVER_SILENT": Reason.ARM_SILENT,
    "SAMPLE_UNUSABLE": Reason.ARM_UNUSABLE,
    "STAMPS_ZERO": Reason.ARM_CLOCK,
    "STAMPS_STAND": Reason.ARM_CLOCK,
    "CLOCK_EPOCH": Reason.ARM_CLOCK,
    "CLOCK_OFFSET": Reason.ARM_CLOCK,
    "CLOCK_STEP": Reason.ARM_CLOCK_STEP,
    "WALL_CLOCK_STEP": Reason.ARM_CLOCK_STEP,
    "TARE": Reason.ARM_TARE,
    "JOINT_LIMIT": Reason.ARM_PAST_LIMIT,
    "SELF_COLLISION": Reason.ARM_COLLISION,
}
"""Each `echopilot_robot.bridge.faults.ArmFaultKind` by its name (a test compares)."""


def named(faults: Iterable[str]) -> list[Reason]:
    """Reasons of the faults that the robot side tells; one that is not known is the arm in fault."""
    return list(dict.fromkeys(ARM_FAULTS.get(fault, Reason.ROBOT_FAULT) for fault in faults))

"""Changes of robot state, commands and robot description that lose or fake evidence."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from echopilot_control.safety.evidence.model import Past
from echopilot_control.safety.state import SafetyInputs
from echopilot_core import Array, RobotState

Change = Callable[[Any, Past], Any]


def part(name: str, change: Callable[[Array, Past], Array]) -> Change:
    """One array of a state or command changed, under fresh stamps."""
    return lambda value, past: replace(value, **{name: change(getattr(value, name), past)})


def repeated(name: str) -> Change:
    """One array as it was last before the fault, under fresh stamps."""
    return lambda value, past: replace(value, **{name: getattr(past.first, name)})


def late_part(name: str) -> Change:
    """One array as it was `size` calls ago, under fresh stamps."""

    def change(value: RobotState, past: Past) -> RobotState:
        old = past.values[max(len(past.values) - 1 - round(past.size), 0)]
        return replace(value, **{name: getattr(old, name)})

    return change


def scaled_place(state: RobotState, past: Past) -> RobotState:
    """Pose in other units: its translation times `size`."""
    T = state.T_base_probe.copy()
    T[:3, 3] *= past.size
    return replace(state, T_base_probe=T)


def biased_place(state: RobotState, past: Past) -> RobotState:
    """Pose that is off by `size` [m] along base x."""
    T = state.T_base_probe.copy()
    T[0, 3] += past.size
    return replace(state, T_base_probe=T)


def clock_back(inputs: SafetyInputs, past: Past) -> SafetyInputs:
    """The clock of safety alone falls by `size` [s] in every second tick."""
    return replace(inputs, now_ns=inputs.now_ns - (round(1e9 * past.size) if past.tick % 2 == 0 else 0))


def undescribed(inputs: SafetyInputs, past: Past) -> SafetyInputs:
    """No robot description."""
    return replace(inputs, joint_limits_rad=None, kinematics=None, manipulability=np.nan)


def fewer_limits(inputs: SafetyInputs, past: Past) -> SafetyInputs:
    """The description of an arm with one joint less."""
    limits = inputs.joint_limits_rad
    return replace(inputs, joint_limits_rad=None if limits is None else limits[:-1])


def another_arm(inputs: SafetyInputs, past: Past) -> SafetyInputs:
    """The description of an arm whose probe is mounted `size` [m] farther out."""
    kinematics = inputs.kinematics
    if kinematics is None:
        return inputs
    T = kinematics.arm.T_tip.copy()
    T[:3, 3] += past.size * np.array([0.0, 0.0, 1.0])
    arm = replace(kinematics.arm, T_tip=T)
    return replace(inputs, kinematics=replace(kinematics, arm=arm, position_rad=np.full(1, np.nan)))

"""A console of the CRTK convention over the probe: its states and commands, and the jog that follows from them.

The console moves the probe across its axis and turns it; along probe z the force loop decides, as in guided mode.
"""

from enum import Enum

import numpy as np

from echopilot_control.hand_guiding import JOG_AGE_NS, JOG_ANGULAR_RAD_S, JOG_LINEAR_M_S
from echopilot_control.vectors import all_finite, clamp_norm
from echopilot_core import Array, RobotState, SafetyMode, SafetyState, se3
from echopilot_core.robot import RESTING_N

CLOSE_M, CLOSE_RAD = 0.001, 0.01
"""A pose is reached within this, across the probe axis and in angle."""

PULL_1_S = 4.0  # speed toward a pose as a share of the way left
_LATCHED = (SafetyMode.RETRACT, SafetyMode.STOPPED)


class ConsoleState(Enum):
    """Operating states of CRTK."""

    DISABLED = "DISABLED"
    ENABLED = "ENABLED"
    PAUSED = "PAUSED"
    FAULT = "FAULT"


COMMANDS = ("enable", "disable", "pause", "resume", "home")


class Console:
    """One console. `has_control` while the probe is its own; `is_homed` always, since no joint has to be homed."""

    is_homed = True

    def __init__(self) -> None:
        self.state = ConsoleState.DISABLED
        self._fault = False
        self._twist, self._twist_ns = np.zeros(6), -JOG_AGE_NS - 1
        self._pose: Array | None = None
        self._pose_ns = 0
        self._moves = False

    @property
    def has_control(self) -> bool:
        """Whether the controller has to follow this console."""
        return self.state in (ConsoleState.ENABLED, ConsoleState.PAUSED)

    @property
    def is_busy(self) -> bool:
        """Whether a `move_cp` is under way."""
        return self._moves

    def command(self, text: str, robot: RobotState | None) -> str:
        """Follow a state command; the reason why not, or ""."""
        text = text.strip().lower()
        if text not in COMMANDS:
            return f"state_command {text[:20]!r} is unknown; choose one of: {', '.join(COMMANDS)}"
        if self._fault:
            return "safety is latched or silent: an operator has to reset it first"
        if text == "enable" and (robot is None or robot.contact_force_n < RESTING_N):
            return "the probe is off the patient: a console takes over in contact alone"
        if text in ("pause", "resume") and not self.has_control:
            return f"{text} refused: the console is {self.state.value}; enable it first"
        if text == "home":
            return ""
        self._forget()
        states = {"enable": ConsoleState.ENABLED, "resume": ConsoleState.ENABLED, "pause": ConsoleState.PAUSED}
        self.state = states.get(text, ConsoleState.DISABLED)
        return ""

    def servo_cv(self, twist: Array, now_ns: int) -> str:
        """Take a twist (6,) in base at the probe's origin; the reason why not, or ""."""
        if why := self._refusal(all_finite(twist)):
            return why
        self._forget()
        self._twist, self._twist_ns = twist, now_ns
        return ""

    def servo_cp(self, T_base_probe: Array, now_ns: int, moves: bool = False) -> str:
        """Take a pose (4, 4): of a stream, or the end of one motion where it `moves`; the reason why not, or ""."""
        if why := self._refusal(se3.is_rigid(T_base_probe)):
            return why
        self._forget()
        self._pose, self._pose_ns, self._moves = T_base_probe, now_ns, moves
        return ""

    def step(self, robot: RobotState, safety: SafetyState | None) -> Array | None:
        """The jog (6,) in probe of this tick; None while the console has no control."""
        self._fault = safety is None or safety.mode in _LATCHED
        if self._fault:
            self._forget()
            self.state = ConsoleState.FAULT
        elif self.state is ConsoleState.FAULT:
            self.state = ConsoleState.DISABLED
        if not self.has_control:
            return None
        if self.state is ConsoleState.PAUSED:
            return np.zeros(6)
        wanted = np.zeros(6)
        if self._pose is not None and (self._moves or robot.stamp_ns - self._pose_ns <= JOG_AGE_NS):
            wanted = self._toward(self._pose, robot)
        elif robot.stamp_ns - self._twist_ns <= JOG_AGE_NS:
            R = robot.T_base_probe[:3, :3]
            wanted = np.concatenate([R.T @ self._twist[:3], R.T @ self._twist[3:]])
        wanted[2] = 0.0
        return np.concatenate([clamp_norm(wanted[:3], JOG_LINEAR_M_S), clamp_norm(wanted[3:], JOG_ANGULAR_RAD_S)])

    def _toward(self, T_base_goal: Array, robot: RobotState) -> Array:
        T_probe_goal = se3.inverse(robot.T_base_probe) @ T_base_goal
        way_m, turn_rad = T_probe_goal[:3, 3].copy(), se3.so3_log(T_probe_goal[:3, :3])
        way_m[2] = 0.0
        if self._moves and np.linalg.norm(way_m) < CLOSE_M and np.linalg.norm(turn_rad) < CLOSE_RAD:
            self._forget()
            return np.zeros(6)
        return PULL_1_S * np.concatenate([way_m, turn_rad])

    def _refusal(self, valid: bool) -> str:
        if not valid:
            return "a motion has to be finite, and a pose rigid"
        return "" if self.state is ConsoleState.ENABLED else f"the console is {self.state.value}; enable it first"

    def _forget(self) -> None:
        self._pose, self._moves = None, False
        self._twist = np.zeros(6)

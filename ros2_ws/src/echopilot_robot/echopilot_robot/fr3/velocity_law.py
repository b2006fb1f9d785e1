"""Joint velocities of the 1 kHz loop: the bridge's while it speaks, a compliant hold of the loop's own when not."""

import numpy as np

from echopilot_core import Array, RobotMode, SafeTwist
from echopilot_core.robot_interface import SILENCE_NS
from echopilot_core.robot_side.command_watchdog import COAST_NS, CommandWatchdog
from echopilot_robot.bridge.motion import ArmMotion
from echopilot_robot.bridge.settings import BridgeSettings

DT_S = 0.001
TARE_TICKS = 200
ACCELERATION_RAD_S2 = 5.0  # half of what an FR3 takes
JERK_RAD_S3 = 2500.0  # half of what an FR3 takes
LAG_S = 0.005
_NOTHING = np.zeros(6)


class VelocityLaw:
    """One call per tick of 1 ms. While nobody commands, the probe yields along its z axis as the contract asks.

    The force is the arm's own estimate; its bias is that of the first 0.2 s, in free air and at rest.
    """

    def __init__(self, urdf: str, names: tuple[str, ...], sensor_sign: int) -> None:
        """`sensor_sign` 1: the estimate is the force on the tool, -1: of the tool."""
        self._motion = ArmMotion(urdf, names, BridgeSettings(self_collision=False))
        self._watchdog = CommandWatchdog()
        self._sign = sensor_sign
        self._tared, self._bias_n = 0, 0.0
        self._z_axis = np.array([0.0, 0.0, -1.0])
        self._velocity, self._acceleration = np.zeros(len(names)), np.zeros(len(names))
        self.holds = False

    def step(self, position_rad: Array, force_z_n: float, command: tuple[int, Array] | None, now_ns: int) -> Array:
        """Joint velocities (7,) [rad/s] for the tick that begins.

        Args:
            position_rad: joints (7,).
            force_z_n: the arm's estimate of the force along probe z [N].
            command: steady time [ns] and velocities (7,) of the newest command; None before the first.
            now_ns: steady time.
        """
        if self._tared < TARE_TICKS:
            self._tared += 1
            self._bias_n += (force_z_n - self._bias_n) / self._tared
            self._motion.begin(position_rad)
        pressing_n = self.pressing_n(force_z_n)
        if command is not None:
            self._watchdog.offer(SafeTwist(command[0], _NOTHING), now_ns)
        twist = self._watchdog.twist(now_ns, DT_S, pressing_n, self._z_axis)
        self.holds = command is None or self._watchdog.mode is not RobotMode.SERVO
        if command is not None and not self.holds:
            left = (SILENCE_NS - (now_ns - command[0])) / (SILENCE_NS - COAST_NS)
            return self._toward(min(left, 1.0) * command[1])
        at = self._motion.at(position_rad)
        self._z_axis[:] = at.T_base_probe[:3, 2]
        return self._toward(self._motion.follow(twist, at, position_rad, now_ns).velocity_rad_s)

    def brake(self) -> Array:
        """Joint velocities (7,) of the next tick on the way to standstill."""
        return self._toward(np.zeros_like(self._velocity))

    def pressing_n(self, force_z_n: float) -> float:
        """How much the probe presses [N], by the arm's estimate without its bias."""
        return -self._sign * (force_z_n - self._bias_n)

    def _toward(self, wanted: Array) -> Array:
        """Without a leap in velocity or acceleration, which an FR3 answers with a stop."""
        most = np.clip((wanted - self._velocity) / LAG_S, -ACCELERATION_RAD_S2, ACCELERATION_RAD_S2)
        step = JERK_RAD_S3 * DT_S
        self._acceleration += np.clip(most - self._acceleration, -step, step)
        self._velocity = self._velocity + DT_S * self._acceleration
        return self._velocity

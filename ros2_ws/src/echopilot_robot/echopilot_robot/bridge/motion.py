"""Twists of the probe as joint velocities of an arm, within its limits and without touching itself."""

from dataclasses import dataclass

import numpy as np

from echopilot_control.kinematics.arm_model import ArmDynamics, read_arm
from echopilot_control.kinematics.chain import ArmKinematics, arm_kinematics
from echopilot_control.kinematics.joint_limits import joint_limits_rad, joint_names, joint_speed_limits_rad_s
from echopilot_core import Array, EchoPilotError
from echopilot_core.robot_side.joint_velocity import joint_velocity
from echopilot_core.timing import TICK_NS
from echopilot_robot.bridge.faults import ArmFault, ArmFaultKind
from echopilot_robot.bridge.self_collision import HORIZON_S, MARGIN_M, SelfCollision
from echopilot_robot.bridge.settings import BridgeSettings

SPEED_SHARE = 0.7  # of a joint's speed limit may be commanded: the arm's own loop overshoots
PULL_1_S = 0.4
_PAST_RAD = 0.01
_UNLIMITED_RAD = 1e3


@dataclass(frozen=True, eq=False)
class JointCommand:
    """Joint velocities (n,) [rad/s] to command, and the fault for which they are zero, if any."""

    velocity_rad_s: Array
    fault: ArmFault | None = None


class ArmMotion:
    """Kinematics of the arm of a description; `names` are its joints in order."""

    def __init__(self, urdf: str, names: tuple[str, ...], settings: BridgeSettings) -> None:
        """`names` are those of the driver; EchoPilotError, with both, where they are not those of the description."""
        self._urdf, self._settings = urdf, settings
        self._arm: ArmDynamics = read_arm(urdf)
        described = joint_names(urdf)
        if names != described:
            raise EchoPilotError(
                f"the driver's joints are {', '.join(names)}; expected those of the robot's description: "
                f"{', '.join(described)}"
            )
        limits = np.nan_to_num(joint_limits_rad(urdf), posinf=_UNLIMITED_RAD, neginf=-_UNLIMITED_RAD)
        self.lower_rad, self.upper_rad = (np.ascontiguousarray(column) for column in limits.T)
        self._speed_rad_s = SPEED_SHARE * joint_speed_limits_rad_s(urdf)
        n = len(names)
        self._rest_rad = self._of_settings("rest_rad", settings.rest_rad, n)
        self._pull_1_s = self._of_settings("pull_1_s", settings.pull_1_s, n)
        self._collision: SelfCollision | None = None
        self._looked_ns, self._meets = -TICK_NS, ""
        self._J = np.zeros((6, n))

    def begin(self, position_rad: Array) -> None:
        """Take the pose (n,) at the start as one without a collision, and as posture where none was set.

        Raises EchoPilotError where the description tells nothing of collisions.
        """
        if self._rest_rad is None:
            self._rest_rad = position_rad.copy()
        if self._pull_1_s is None:
            self._pull_1_s = np.full(len(position_rad), PULL_1_S)
        if self._settings.self_collision:
            self._collision = SelfCollision(self._urdf, position_rad)

    def at(self, position_rad: Array) -> ArmKinematics:
        """The arm at joint positions (n,)."""
        return arm_kinematics(self._arm, position_rad)

    def follow(self, twist: Array, at: ArmKinematics, position_rad: Array, now_ns: int) -> JointCommand:
        """Joint velocities for a twist (6,) of the probe in base; none where the arm would touch itself.

        `at` is the arm at the joint positions (n,) `position_rad`, or a few milliseconds before.

        Collisions are looked for once per control tick; what was found holds until the next look.
        """
        q, out = position_rad, np.zeros(len(position_rad))
        assert self._rest_rad is not None and self._pull_1_s is not None
        self._J[:] = at.J
        joint_velocity(
            self._J,
            np.ascontiguousarray(twist),
            np.ascontiguousarray(q),
            self._rest_rad,
            self._pull_1_s,
            self.lower_rad,
            self.upper_rad,
            self._speed_rad_s,
            out,
        )
        past = self._past_limits(q)
        if self._collision is not None and not 0 <= now_ns - self._looked_ns < TICK_NS:
            self._looked_ns, self._meets = now_ns, self._collision.leads_into(q, out)
        if links := self._meets:
            text = f"{links} would come within {1e3 * MARGIN_M:.0f} mm in {HORIZON_S:g} s; expected: farther apart"
            return JointCommand(np.zeros(len(q)), ArmFault(ArmFaultKind.SELF_COLLISION, text))
        return JointCommand(out, past)

    def _past_limits(self, q: Array) -> ArmFault | None:
        past = np.flatnonzero((q < self.lower_rad - _PAST_RAD) | (q > self.upper_rad + _PAST_RAD))
        if not past.size:
            return None
        i = int(past[0])
        return ArmFault(
            ArmFaultKind.JOINT_LIMIT,
            f"joint {i + 1} at {q[i]:.3f} rad; expected: {self.lower_rad[i]:.3f} to {self.upper_rad[i]:.3f}",
        )

    @staticmethod
    def _of_settings(name: str, values: tuple[float, ...], n: int) -> Array | None:
        if values and len(values) != n:
            raise EchoPilotError(f"{name} has {len(values)} numbers; expected one for each of {n} joints, or none")
        return np.array(values) if values else None

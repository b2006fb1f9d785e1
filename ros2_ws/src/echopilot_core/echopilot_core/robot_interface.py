"""The interface of everything that can hold the probe: the simulated arm, and the driver of a real one.

The contract in words (`echopilot_control.robot_contract` checks it on a `Robot`):

- A valid twist is followed. Valid is a finite twist whose stamp is less than 50 ms old, at most 20 ms ahead of the
  robot's time, and newer than that of every twist taken before.
- Twists are taken while exactly one publisher sends them, and while states of safety arrive, from one publisher, and
  none is latched. A latched safety that retracts is obeyed only where its twist leads away from the patient.
- 50 ms without a valid twist, or at once when safety latches: a compliant hold by the arm's own force reading, with at
  most 300 N/m along probe z and never above the set-point. An arm that cannot do that retracts 30 mm at 20 mm/s and
  holds there. Standing still is never the answer in contact: a breathing chest against a stiff arm passes 20 N.
- States follow each other without a gap: tick + 1, a later stamp, finite numbers, joints and their speeds within the
  limits of the robot's URDF.
"""

from dataclasses import dataclass
from typing import Protocol

from echopilot_core.robot import RobotState, SafeTwist, SafetyState

SILENCE_NS = 50_000_000
"""Age [ns] from which a twist, and the last state of safety, expire."""

FUTURE_NS = 20_000_000
"""How far ahead of the robot's time a stamp may lie [ns]."""

HOLD_STIFFNESS_N_M = 300.0
"""Largest stiffness of the compliant hold along probe z [N/m]."""

RETRACT_M, RETRACT_M_S = 0.030, 0.020
"""Way [m] and speed [m/s] of an arm that retracts instead."""


@dataclass(frozen=True)
class RobotInputs:
    """Inputs of the robot side at the start of a control tick.

    Attributes:
        twist: the newest twist since the last tick, None when none came. A ROS node takes the last TwistStamped on
            robot/servo_cv, with the header's stamp, and passes each on once.
        safety: the newest state of safety ever received, by its stamp; None before the first. A ROS node keeps the
            last message on safety/state and passes it on in every tick, whether or not a new one came.
        twist_publishers: how many publishers of twists there are now. A ROS node asks
            `node.count_publishers("robot/servo_cv")`; a driver with a socket counts its connections.
        safety_publishers: how many publishers of states of safety there are now, on safety/state.
    """

    twist: SafeTwist | None
    safety: SafetyState | None
    twist_publishers: int = 1
    safety_publishers: int = 1


class Robot(Protocol):
    """An arm that holds the probe, one control tick at a time."""

    def step(self, inputs: RobotInputs) -> RobotState:
        """Hand over what has arrived, and return the state at the end of the next control tick of 10 ms.

        A simulation advances; the driver of a real arm waits. A ROS node calls it in a loop of its own and publishes
        the state on robot/measured_cp, robot/measured_cf, joint_states and robot/state, stamped with `stamp_ns`; the
        stamps of twists and of safety are of the same clock. The first call may bring neither twist nor safety.
        """
        ...

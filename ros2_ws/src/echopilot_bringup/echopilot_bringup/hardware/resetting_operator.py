"""An operator of a bench: takes the probe off, resets what safety latched, resumes the exam."""

import sys
import time

from echopilot_msgs.msg import RobotState as RobotStateMsg
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from echopilot_msgs.srv import ResetSafety
from numpy.linalg import norm
from rclpy.executors import Executor
from rclpy.node import Node
from std_srvs.srv import Trigger

from echopilot_core import RobotState, SafetyMode, SafetyState
from echopilot_core.robot import CONTACT_N
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.executor import spin_until
from echopilot_nodes.graph.inlet import Inlet
from echopilot_wire import from_robot_state, from_safety_state

TAKE_OFF = "driver/take_off"  # what a hand does, in the simulated arm's driver
LOOK_S, HAND_S, ANSWER_S, TRIES = 3.0, 5.0, 10.0, 5
STILL_M_S = 1e-3


class ResettingOperator:
    """Watches safety through `node`; `resets` tells when [ns, steady], for which reasons, and whether by hand."""

    def __init__(self, node: Node, spinner: Executor) -> None:
        self._spinner = spinner
        self.safety: SafetyState | None = None
        self.resets: list[tuple[int, tuple[str, ...], bool]] = []
        self._robot: RobotState | None = None
        self._reset = node.create_client(ResetSafety, topics.RESET_SAFETY)
        self._hand = node.create_client(Trigger, TAKE_OFF)
        self._resume = node.create_client(Trigger, topics.EXAM_RESUME)
        Inlet(node, RobotStateMsg, topics.ROBOT_STATE, from_robot_state, qos.STATE_RECORDED, self._on_robot)
        Inlet(node, SafetyStateMsg, topics.SAFETY_STATE, from_safety_state, qos.ANSWER_RECORDED, self._on_safety)

    def is_well(self) -> bool:
        """Whether safety holds for nothing now."""
        return self.safety is not None and self.safety.mode is SafetyMode.OK

    def is_asked_for(self) -> bool:
        """Whether safety latched something."""
        return self.safety is not None and self.safety.mode in (SafetyMode.RETRACT, SafetyMode.STOPPED)

    def restore(self) -> None:
        """Wait until safety is well, and reset what it latched; SystemExit, with the reasons, where that is in vain."""
        for _ in range(TRIES):
            if spin_until(self._spinner, self.is_well, LOOK_S):
                return
            assert self.safety is not None
            by_hand = self._robot is not None and self._robot.contact_force_n >= CONTACT_N
            self.resets.append((time.monotonic_ns(), self.safety.reasons, by_hand))
            if by_hand:
                self._hand.call_async(Trigger.Request())
                spin_until(self._spinner, self._is_off, HAND_S)
            self._reset.call_async(ResetSafety.Request(operator_name="bench"))
        sys.exit(f"safety goes on to hold: {'nothing is heard of it' if self.safety is None else self.safety.reasons}")

    def _is_off(self) -> bool:
        """Whether the probe touches nothing and stands."""
        robot = self._robot
        return robot is not None and robot.contact_force_n < CONTACT_N and float(norm(robot.twist[:3])) < STILL_M_S

    def resume(self) -> None:
        """Let the exam go on with its step."""
        asked = self._resume.call_async(Trigger.Request())
        spin_until(self._spinner, asked.done, ANSWER_S)

    def _on_robot(self, robot: RobotState) -> None:
        self._robot = robot

    def _on_safety(self, state: SafetyState) -> None:
        self.safety = state

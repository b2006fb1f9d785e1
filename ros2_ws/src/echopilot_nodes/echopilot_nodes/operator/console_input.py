"""Topic control/console: a console that takes the goal over while it says so, and gives it back."""

from dataclasses import replace

from rclpy.node import Node
from std_msgs.msg import Bool

from echopilot_control.hand_guiding import JOG_AGE_NS
from echopilot_core import ControlGoal, GoalKind, View
from echopilot_nodes.graph import qos, topics

FIRST_ID = 2_000_000  # far from the ids of an exam and of manual goals


class ConsoleInput:
    """Guided mode in the place of the goal in force, with its force, while a console has control."""

    def __init__(self, node: Node) -> None:
        self._waiting: bool | None = None
        self._until_ns = -1
        self._goal: ControlGoal | None = None
        self._next_id = FIRST_ID
        self._subscription = node.create_subscription(Bool, topics.CONTROL_CONSOLE, self._on_console, qos.STATE)

    def goal(self, in_force: ControlGoal, now_ns: int) -> ControlGoal:
        """The goal of a tick; that in force again 0.2 s after the console fell silent, or at once when it let go."""
        if self._waiting is not None:
            self._until_ns, self._waiting = (now_ns + JOG_AGE_NS if self._waiting else -1), None
        if now_ns > self._until_ns:
            self._goal = None
            return in_force
        if self._goal is None:
            self._next_id += 1
            self._goal = replace(in_force, goal_id=self._next_id, kind=GoalKind.HOLD, view=View.NONE)
        return self._goal

    def _on_console(self, message: Bool) -> None:
        self._waiting = bool(message.data)

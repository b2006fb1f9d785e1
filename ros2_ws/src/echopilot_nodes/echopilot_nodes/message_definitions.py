"""Message definitions as text; they are read without ROS, in `echopilot_exam.record.definitions`."""

from echopilot_exam.record.definitions import SEPARATOR, definition

__all__ = ["SEPARATOR", "definition"]

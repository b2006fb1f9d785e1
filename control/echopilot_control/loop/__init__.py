"""The closed loop of robot, perception, controller and safety in one process, without ROS."""

from echopilot_control.loop.closed_loop import ClosedLoop, LoopTick
from echopilot_control.loop.disturbances import Disturbances
from echopilot_control.loop.interfaces import (
    Directive,
    GoalSource,
    Plant,
    PlantTick,
    ProbeController,
    Reports,
    ResultSource,
)

__all__ = [
    "ClosedLoop",
    "Directive",
    "Disturbances",
    "GoalSource",
    "LoopTick",
    "Plant",
    "PlantTick",
    "ProbeController",
    "Reports",
    "ResultSource",
]

"""The vocabulary of EchoPilot: frames, views, poses, what is seen, commanded and measured."""

from echopilot_core.body import BodyLandmarks, BodySurface
from echopilot_core.classes import FindingKind, Tissue
from echopilot_core.clock import Clock, ManualClock, SteadyClock, to_ns, to_s
from echopilot_core.errors import EchoPilotError
from echopilot_core.frame import Frame, Imaging, MarkerSide, Mode, ProbeGeometry, ProbeKind, SectorBox
from echopilot_core.landmarks import LandmarkName
from echopilot_core.measurement import ANEURYSM_M, Convention, EndPoint, Finding, GateStatus, Measurement, Phase
from echopilot_core.robot import (
    ControlGoal,
    ControlPhase,
    ControlStatus,
    GoalKind,
    Outcome,
    ProbeCommand,
    RobotMode,
    RobotState,
    SafeTwist,
    SafetyMode,
    SafetyState,
)
from echopilot_core.seen import Box, ClassExtent, Guidance, LabelMap, Landmark, Seen
from echopilot_core.views import View

__all__ = [
    "ANEURYSM_M",
    "BodyLandmarks",
    "BodySurface",
    "Box",
    "ClassExtent",
    "Clock",
    "ControlGoal",
    "ControlPhase",
    "ControlStatus",
    "Convention",
    "EchoPilotError",
    "EndPoint",
    "Finding",
    "FindingKind",
    "Frame",
    "GateStatus",
    "GoalKind",
    "Guidance",
    "Imaging",
    "LabelMap",
    "Landmark",
    "LandmarkName",
    "ManualClock",
    "MarkerSide",
    "Measurement",
    "Mode",
    "Outcome",
    "Phase",
    "ProbeCommand",
    "ProbeGeometry",
    "ProbeKind",
    "RobotMode",
    "RobotState",
    "SafeTwist",
    "SafetyMode",
    "SafetyState",
    "SectorBox",
    "Seen",
    "SteadyClock",
    "Tissue",
    "View",
    "to_ns",
    "to_s",
]

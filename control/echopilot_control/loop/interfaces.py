"""Interfaces of the closed loop to plant, perception, and the source of goals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from echopilot_control.controller import ControlOutput
from echopilot_control.observation import ControlInputs
from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    ControlGoal,
    ControlStatus,
    Frame,
    PerceptionResult,
    RobotState,
    SafeTwist,
    SafetyState,
    ScannerSettings,
)

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)
M_contra = TypeVar("M_contra", contravariant=True)


class PlantTick(Protocol[M_co]):
    """One control period of a plant: the robot at its end, and a record of every frame acquired during it."""

    @property
    def robot(self) -> RobotState: ...

    @property
    def acquisitions(self) -> Sequence[M_co]: ...


class Plant(Protocol[M_co]):
    """A robot that holds the probe, the patient under it, the depth camera and the scanner."""

    def step(self, command: SafeTwist | None) -> PlantTick[M_co]:
        """Advance one control period; `command` answers the last state, None where that one has no answer."""
        ...

    def surface(self) -> BodySurface:
        """Skin as the depth camera sees it now."""
        ...

    def landmarks(self) -> BodyLandmarks:
        """Points on the skin as an operator pointed at them."""
        ...

    def set_imaging(self, settings: ScannerSettings) -> None:
        """Set the scanner, for the frames from now on."""
        ...


class ResultSource(Protocol[M_contra]):
    """Perception as the loop sees it: from the record of an acquired frame to the frame and its result."""

    def observe(self, acquisition: M_contra, goal: ControlGoal) -> tuple[Frame | None, PerceptionResult]:
        """Frame (None where no image is made) and result; `goal` is in force while the frame is acquired."""
        ...


@dataclass(frozen=True)
class Reports:
    """Input of a source of goals at each exam tick; `results` are those since its last tick, oldest first."""

    now_ns: int
    robot: RobotState
    status: ControlStatus | None
    safety: SafetyState | None
    results: tuple[PerceptionResult, ...]


@dataclass(frozen=True)
class Directive:
    """Request from the next exam tick on: a goal, and the imaging preset ("" leaves it as it is)."""

    goal: ControlGoal
    preset: str
    done: bool


class ProbeController(Protocol):
    """What the loop drives at 100 Hz: robot state, newest result, body and goal in, command and status out."""

    def step(self, inputs: ControlInputs) -> ControlOutput:
        """One control tick; called once every 10 ms of robot time."""
        ...


class GoalSource(Protocol):
    """An exam, a list of goals, or a script."""

    def step(self, reports: Reports) -> Directive:
        """One exam tick."""
        ...

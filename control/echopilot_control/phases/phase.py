"""Interface of a control phase, and the transition by which it hands over to another."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from echopilot_control.estimates import Estimates
from echopilot_control.observation import Observation
from echopilot_control.servo.motion import Motion
from echopilot_core import ControlPhase, Outcome


@dataclass(frozen=True)
class GoalEnd:
    """How a goal ended."""

    outcome: Outcome
    detail: str


@dataclass(frozen=True)
class Transition:
    """Change to the phase `to`.

    `motion` is the request of this tick; without it, the next phase acts in the same tick. `detail` is what the next
    phase reports. `end` ends the goal. `waited_ns` resumes the next phase as if the time since it was left had not
    passed. `restart` makes a search start anew at the present pose.
    """

    to: ControlPhase
    motion: Motion | None = None
    detail: str = ""
    end: GoalEnd | None = None
    waited_ns: int | None = None
    restart: bool = False


class Phase(ABC):
    """One phase of one goal, with its own parameters (constants or a frozen dataclass) and private state."""

    phase: ClassVar[ControlPhase]

    def __init__(self) -> None:
        self._entered_ns = 0
        self._good_since_ns = -1  # since when what the phase waits for has held; -1 while it does not

    def enter(self, obs: Observation, estimates: Estimates, transition: Transition) -> None:
        """Called when the phase becomes the current one."""
        self._entered_ns = obs.now_ns
        self._good_since_ns = -1

    def resume(self, waited_ns: int) -> None:
        """Called instead of `enter` after an interruption of `waited_ns` in which nothing moved: timers skip it."""
        self._entered_ns += waited_ns
        if self._good_since_ns >= 0:
            self._good_since_ns += waited_ns

    def _in_phase_s(self, now_ns: int) -> float:
        return (now_ns - self._entered_ns) * 1e-9

    @abstractmethod
    def update(self, obs: Observation, estimates: Estimates) -> Motion | Transition:
        """Motion of one tick, or a transition.

        Args:
            obs: the tick.
            estimates: what phases share about target, views and skin; a phase may update them.

        Returns:
            The requested motion, or the transition that begins the next phase.
        """

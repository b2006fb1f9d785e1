"""Gazebo's simulated time as the clock of the patient."""

from datetime import timedelta
from typing import Any

from echopilot_core import EchoPilotError

STEP_MAX_NS = 2_000_000  # the contact law takes steps of 1 ms, or a little more


def nanoseconds(time: timedelta) -> int:
    """A time of Gazebo's Python bindings, in which it is a timedelta, in ns."""
    return ((time.days * 86_400 + time.seconds) * 1_000_000 + time.microseconds) * 1_000


class EngineTime:
    """A clock that stands at the state which the next physics step starts from."""

    def __init__(self) -> None:
        self._now_ns = 0

    def now_ns(self) -> int:
        """Simulated time [ns]."""
        return self._now_ns

    def follow(self, info: Any) -> None:
        """Take the time of an UpdateInfo, whose `sim_time` is that of the end of its step.

        Raises EchoPilotError for a step of more than 2 ms. A seek or a rewind, with iteration 0, is no step.
        """
        step_ns = nanoseconds(info.dt) if info.iterations else 0
        if step_ns > STEP_MAX_NS:
            raise EchoPilotError(f"max_step_size of the world is {step_ns * 1e-9:g} s; the patient takes 0.002 at most")
        self._now_ns = nanoseconds(info.sim_time) - max(step_ns, 0)

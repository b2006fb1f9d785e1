"""Suspicions: findings that an exam goes back to, with place, question, looks and outcome."""

from dataclasses import dataclass
from enum import IntEnum
from math import nan

import numpy as np

from echopilot_core.measurement import Finding
from echopilot_core.se3 import Array
from echopilot_core.vocabulary import FindingKind, View


class SuspicionOutcome(IntEnum):
    """What became of a suspicion."""

    OPEN = 0  # not settled; the reason says why
    CONFIRMED = 1
    WITHDRAWN = 2


@dataclass(frozen=True)
class ProbePlace:
    """Place on the patient as the probe pose that showed it.

    `pose` (12,) are rows 1 to 3 of T_base_probe [m]; `station_m` is the arc length along the sweep's course, NaN where
    no vessel was swept.
    """

    pose: tuple[float, ...]
    station_m: float = nan

    def __post_init__(self) -> None:
        """Refuse what is no pose, as a damaged file may hold it."""
        if len(self.pose) != 12:
            raise ValueError(f"a pose has 12 numbers, found {len(self.pose)}")

    @classmethod
    def of(cls, T_base_probe: Array, station_m: float = nan) -> "ProbePlace":
        """The place of a probe pose (4, 4)."""
        return cls(tuple(float(v) for v in T_base_probe[:3].ravel()), station_m)

    @property
    def probe_pose(self) -> Array:
        """T_base_probe (4, 4)."""
        return np.vstack([np.reshape(self.pose, (3, 4)), [0.0, 0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class Look:
    """One look at the place of a suspicion, the first of which raised it.

    `value` and `sigma` are in `unit`, of a finding that is scored the probability ("1"); NaN where the look gave no
    number, and `detail` says why.
    """

    title: str
    view: View
    value: float
    sigma: float
    unit: str
    frame_sequences: tuple[int, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class Suspicion:
    """A finding with the question that would settle it, the time that may be spent on it, and what became of it.

    `place` is None where the question is asked of another view at its usual place. `value` and `sigma` are what all
    looks together give, in the unit of the looks; NaN while it is open.
    """

    finding: Finding
    place: ProbePlace | None
    question: str
    budget_s: float
    raised_ns: int
    looks: tuple[Look, ...]
    outcome: SuspicionOutcome = SuspicionOutcome.OPEN
    reason: str = "not looked at again yet"
    value: float = nan
    sigma: float = nan


@dataclass(frozen=True)
class SuspicionStatus:
    """A suspicion as it is published with the exam's state; `text` is one line for a person."""

    kind: FindingKind
    outcome: SuspicionOutcome
    text: str

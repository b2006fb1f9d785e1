"""Words of the declaration of evidence: ways in which evidence is lost or faked, evidence, protection."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from echopilot_control.safety.evidence.tick import SafetyTick
from echopilot_control.safety.reasons import Reason

Look = Callable[[SafetyTick], list[Reason]]


@dataclass
class Past:
    """What a fault may use: all values of its carrier since before it began, the last one now; the tick since then [0
    in the first]; its size.
    """

    size: float
    values: deque[Any] = field(default_factory=lambda: deque(maxlen=1000))
    tick: int = 0
    first: Any = None  # the last good value before the fault


class Way(StrEnum):
    """A way of losing or faking evidence."""

    ABSENT = "absent"
    DEAD = "dead"  # zero, or empty
    CONSTANT = "constant"  # a plausible value that never changes, while everything around it does
    FROZEN = "frozen"  # repeats its last value under fresh stamps
    NOT_FINITE = "not finite"
    INCOMPLETE = "incomplete"
    SCALED = "scaled"
    BIASED = "biased"
    DRIFTING = "drifting"
    FLIPPED = "flipped"  # the other sign
    SWAPPED = "swapped"  # one axis for another
    SATURATED = "saturated"
    REPLAYED = "replayed"  # a recording of its own past under fresh stamps
    NOISE = "noise alone"  # that of a healthy sensor
    DELAYED = "delayed"
    FUTURE = "future"
    OUT_OF_ORDER = "out of order"
    LEAPING = "leaping"  # a counter or a clock
    ANEW = "begins anew"  # a counter or a clock
    SECOND_SOURCE = "second source"
    DISAGREEING = "disagreeing"  # whole and fresh, but of another arm or body


@dataclass(frozen=True)
class Evidence:
    """One thing that safety relies on.

    `source` names topic or parameter; `good` says in words what `judge` asks for. `judge` keeps in the tick what may be
    used and returns what is wrong; every reason in `otherwise` names this evidence as the unusable one, and holds or
    stops. `ways` are those in which it can be lost or faked; `faults.FAULTS` has one change for each.
    """

    name: str
    source: str
    good: str
    judge: Look
    otherwise: tuple[Reason, ...]
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True)
class Protection:
    """What the patient is protected from: the evidence it `needs`, and the reasons with which its `guard` answers.

    A guard answers to what the judges left usable; what they did not leave holds or stops by their own reasons.
    """

    name: str
    needs: tuple[str, ...]
    guard: Look
    reasons: tuple[Reason, ...]

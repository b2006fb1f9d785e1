"""Holds of safety, and which of them a machine explains that stood still."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from echopilot_core import SafetyMode, SafetyState
from echopilot_core.timing import TICK_NS

ROBOT_AGE_NS = 30_000_000
"""Safety holds for a robot state that is older (a test compares with its limits)."""

GRAPH_NS = 5_000_000
"""What the graph may take from a sample to the state that safety hears: it takes 2 to 5 ms in the median."""

ENOUGH_NS = ROBOT_AGE_NS - TICK_NS - GRAPH_NS
"""A gap of this length makes a state too old: the age limit less the time between states and what the graph takes."""

FOLLOWS_NS = 100_000_000
"""A hold that begins later than this after the end of a gap has another cause."""


@dataclass(frozen=True)
class Gap:
    """Steady time [ns] in which a core ran nothing of ours, not even a process that goes before all others."""

    core: int
    begin_ns: int
    end_ns: int

    @property
    def length_ns(self) -> int:
        return self.end_ns - self.begin_ns


@dataclass(frozen=True)
class SafetyHold:
    """Steady time [ns] from the first state of safety that was not OK to the next one that was.

    `reasons` in the order in which they came; a latched one ends with an operator's reset.
    """

    begin_ns: int
    end_ns: int
    reasons: tuple[str, ...]


class HoldRecord:
    """Holds of a run, from the states of safety as they are heard; `holds` are those that have begun."""

    def __init__(self) -> None:
        self.holds: list[SafetyHold] = []
        self._lasts = False

    def take(self, state: SafetyState, heard_ns: int) -> None:
        """Note one state of safety and the steady time [ns] at which it was heard."""
        held = state.mode is not SafetyMode.OK
        if held and not self._lasts:
            self.holds.append(SafetyHold(heard_ns, heard_ns, state.reasons))
        elif held or self._lasts:
            last = self.holds[-1]
            reasons = tuple(dict.fromkeys((*last.reasons, *state.reasons))) if held else last.reasons
            self.holds[-1] = replace(last, end_ns=heard_ns, reasons=reasons)
        self._lasts = held


def cause(hold: SafetyHold, gaps: Iterable[Gap]) -> Gap | None:
    """The longest gap that explains a hold, None without one.

    A gap counts as far as it lasted before the hold, that is for `ENOUGH_NS` or more, and until at most `FOLLOWS_NS`
    before it. Of two cores one may go on and safety on it hold while the other still stands.
    """
    explaining = [
        gap
        for gap in gaps
        if min(gap.end_ns, hold.begin_ns) - gap.begin_ns >= ENOUGH_NS and gap.end_ns >= hold.begin_ns - FOLLOWS_NS
    ]
    return max(explaining, key=lambda gap: gap.length_ns, default=None)


def by_reason(holds: Sequence[SafetyHold]) -> dict[str, int]:
    """How many holds had each reason, the most frequent first."""
    return dict(Counter(reason for hold in holds for reason in hold.reasons).most_common())

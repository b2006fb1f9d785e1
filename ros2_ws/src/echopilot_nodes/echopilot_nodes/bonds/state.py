"""State that a process tells over its bond."""

import json
from dataclasses import asdict, dataclass, field, replace

ROBOT = "robot"  # role of the process that publishes robot/state, whatever its node is called


@dataclass(frozen=True)
class BondState:
    """State of a process, sent whole at every change.

    Attributes:
        active: it answers; false for a lifecycle node that is not active.
        leaving: it ends by a signal, in order.
        session: of a robot source: another text whenever its time and ticks begin anew, as for another patient.
        lockstep: of a robot source: it waits for the answers to its ticks, so that wall time says nothing.
        breaks: ticks that it went on without an answer that was due, by peer, since it started.
        faults: of a robot source: names of what is wrong with its arm now.
    """

    active: bool = True
    leaving: bool = False
    session: str = ""
    lockstep: bool = False
    breaks: dict[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    def encoded(self) -> bytes:
        """As one packet."""
        return json.dumps(asdict(self)).encode()


def decoded(packet: bytes) -> BondState:
    """The state in a packet; ValueError for anything else."""
    try:
        fields = json.loads(packet)
        state = BondState(**fields)
        state = replace(state, faults=tuple(state.faults))
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    flags = (state.active, state.leaving, state.lockstep)
    counts = state.breaks.items() if isinstance(state.breaks, dict) else [("", None)]
    whole = all(isinstance(name, str) and isinstance(count, int) for name, count in counts)
    whole = whole and all(isinstance(name, str) for name in state.faults)
    if not (whole and all(isinstance(flag, bool) for flag in flags) and isinstance(state.session, str)):
        raise ValueError("fields of wrong types")
    return state


class BreakCount:
    """Ticks that the nodes of a graph computed without a peer's answer, from `begin` on, by node.

    A node that restarts counts from zero.
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self.by_node: dict[str, int] = {}

    def note(self, node: str, breaks: dict[str, int]) -> None:
        """Take a node's own count, which it has kept since it started."""
        total, last = sum(breaks.values()), self._last.get(node, 0)
        if total != last:
            self._last[node] = total
            self.by_node[node] = self.by_node.get(node, 0) + (total - last if total > last else total)

    def begin(self) -> None:
        """Count from here on."""
        self.by_node = {}

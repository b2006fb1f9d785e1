"""Clock of another machine or device, from the stamps of its messages and the times at which they are heard."""

from echopilot_core.timing.clocks import NS_PER_S, to_s

SAME_NS = 200_000_000
"""A sender whose messages seem no older than this has our clock: its stamps are kept as they are."""

AHEAD_NS = 5_000_000
"""How far a clock that counts as ours may be ahead of it."""

STEP_NS = 50_000_000
"""A change of the offset that no network makes."""

_WINDOW_NS = 5 * NS_PER_S  # the smallest difference of the last one to two windows is the offset
_SETTLED_NS = NS_PER_S  # so long messages must agree on a later offset: a stalled network catches up sooner


class RemoteClock:
    """Turns stamps of a sender into our time.

    The fastest message of the last 5 to 10 s gives the offset, so that what the network adds to the others moves no
    stamp. What it adds to every message is part of the delay that `echopilot calibrate time` finds.
    """

    def __init__(self, name: str) -> None:
        """`name` is that of the sender in remarks."""
        self._name = name
        self._remark = ""
        self._keeps = False
        self._old: int | None = None
        self._low: int | None = None
        self._since_ns = 0
        self._late: tuple[int, int, int] | None = None  # heard since, smallest and largest difference

    @property
    def offset_ns(self) -> int | None:
        """Our time minus the sender's, with the shortest way that a message took; None before the first."""
        if self._low is None or self._old is None:
            return self._low
        return min(self._low, self._old)

    def take_remark(self) -> str:
        """One line on what was found since the last call, with what was expected; empty where all is well."""
        remark, self._remark = self._remark, ""
        return remark

    def to_ours(self, stamp_ns: int, heard_ns: int) -> int:
        """Our time [ns] of a sender's stamp; `heard_ns` is our time when its message was complete.

        A stamp of 0 says that the sender has none: the message counts as made when it was heard.
        """
        if stamp_ns == 0:
            return heard_ns
        difference = heard_ns - stamp_ns
        offset = self.offset_ns
        if offset is None:
            self._learn(difference, heard_ns)
        elif difference < offset - STEP_NS:
            self._stepped(difference, offset, heard_ns)
        elif difference > offset + STEP_NS:
            self._watch_late(difference, offset, heard_ns)
        else:
            self._late = None
            self._narrow(difference, heard_ns)
        if self._keeps:
            return stamp_ns
        return min(stamp_ns + (self.offset_ns or 0), heard_ns)

    def _learn(self, difference: int, heard_ns: int) -> None:
        self._old, self._low, self._since_ns, self._late = None, difference, heard_ns, None
        self._keeps = -AHEAD_NS <= difference <= SAME_NS
        if not self._keeps:
            side = "behind" if difference > 0 else "ahead of"
            self._remark = (
                f"the clock of {self._name} is {to_s(abs(difference)):.3g} s {side} ours; expected: ours, at most "
                f"{AHEAD_NS / 1e6:.0f} ms ahead. Its stamps are moved by that"
            )

    def _stepped(self, difference: int, offset: int, heard_ns: int) -> None:
        moved_s = to_s(offset - difference)
        self._learn(difference, heard_ns)
        self._remark = (
            f"the clock of {self._name}, or ours, stepped by {moved_s:+.3g} s; expected: less than "
            f"{STEP_NS / 1e6:.0f} ms between messages"
        )

    def _watch_late(self, difference: int, offset: int, heard_ns: int) -> None:
        since_ns, least, most = self._late or (heard_ns, difference, difference)
        least, most = min(least, difference), max(most, difference)
        if most - least > STEP_NS:  # a queue that empties, not another clock
            since_ns, least, most = heard_ns, difference, difference
        self._late = since_ns, least, most
        if heard_ns - since_ns >= _SETTLED_NS:
            self._stepped(least, offset, heard_ns)

    def _narrow(self, difference: int, heard_ns: int) -> None:
        if heard_ns - self._since_ns >= _WINDOW_NS:
            self._old, self._low, self._since_ns = self._low, difference, heard_ns
        self._low = difference if self._low is None else min(self._low, difference)

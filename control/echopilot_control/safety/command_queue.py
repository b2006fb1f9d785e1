"""Commands that no tick has had yet."""

from collections import deque

from echopilot_core import ProbeCommand

_MOST = 16


class CommandQueue:
    """Gives each tick a command of its own, in the order in which they came.

    The controller may hear a robot state before safety does: a command that is ahead of the tick then waits for its own
    tick where there is an older one for this tick, and no command answers two ticks.
    """

    def __init__(self) -> None:
        self.current: ProbeCommand | None = None
        """The command that was taken last."""
        self._waiting: deque[ProbeCommand] = deque(maxlen=_MOST)

    @property
    def newest(self) -> ProbeCommand | None:
        """The command that came last, taken or not."""
        return self._waiting[-1] if self._waiting else self.current

    def put(self, command: ProbeCommand) -> None:
        """A command has come."""
        self._waiting.append(command)

    def take(self, stamp_ns: int) -> bool:
        """Make the oldest one for a state of `stamp_ns` [ns], or for a later one, the current one; False without one.

        Those for earlier states answer nothing; without one the newest of them becomes the current one.
        """
        while self._waiting and self._waiting[0].stamp_ns < stamp_ns:
            self.current = self._waiting.popleft()
        if not self._waiting:
            return False
        self.current = self._waiting.popleft()
        return True

    def take_newest(self) -> None:
        """Make the command that came last the current one: in lockstep it is that of the tick."""
        self.current = self.newest
        self._waiting.clear()

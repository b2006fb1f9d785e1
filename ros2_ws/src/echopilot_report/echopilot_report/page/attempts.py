"""How often somebody may try a password: a few wrong ones, then a wait that doubles."""

from dataclasses import dataclass, field

from echopilot_core import Clock, to_ns, to_s

FREE = 5
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 15 * 60.0
FORGET_S = 30 * 60.0
MOST = 1024


@dataclass
class Attempts:
    """Wrong passwords by the address that they came from."""

    clock: Clock
    _wrong: dict[str, tuple[int, int]] = field(default_factory=dict)  # count, time of the last one [ns]

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try again; 0.0 when it may now."""
        count, last_ns = self._wrong.get(address, (0, 0))
        if count < FREE:
            return 0.0
        pause_s = min(FIRST_WAIT_S * 2.0 ** (count - FREE), LONGEST_WAIT_S)
        return max(0.0, to_s(last_ns + to_ns(pause_s) - self.clock.now_ns()))

    def wrong(self, address: str) -> None:
        """Count one, before it is checked: many at the same time do not get more tries than one after the other."""
        now_ns = self.clock.now_ns()
        self._wrong = {a: w for a, w in self._wrong.items() if now_ns - w[1] < to_ns(FORGET_S)}
        if len(self._wrong) >= MOST and address not in self._wrong:
            del self._wrong[min(self._wrong, key=lambda a: self._wrong[a][1])]
        self._wrong[address] = (self._wrong.get(address, (0, 0))[0] + 1, now_ns)

    def right(self, address: str) -> None:
        """Forget the wrong ones."""
        self._wrong.pop(address, None)

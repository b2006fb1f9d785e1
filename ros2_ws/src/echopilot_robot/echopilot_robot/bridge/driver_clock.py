"""The clock of a driver against ours: stamps in our time, and what is wrong with them."""

from echopilot_core.timing import NS_PER_S, RemoteClock, to_s
from echopilot_robot.bridge.faults import ArmFault, ArmFaultKind

OFFSET_NS = 4_000_000
"""Largest offset of a driver's clock [ns]; the fastest message of a second adds less than 1 ms to it."""

DRIFT_NS = 25_000_000
"""Largest offset [ns] once a clock was found to be ours: on a busy machine no message is fast for seconds."""

EPOCH_NS = NS_PER_S
"""A clock that is farther off counts from another time, as one since the start of its machine."""

STEP_NS = 50_000_000
"""Change [ns] between two samples, or between two looks at the wall clock, that counts as a step."""

STABLE_NS = NS_PER_S
"""So long after a step the robot holds."""

_STAND_NS = 40_000_000
_LEARN_NS = NS_PER_S


class DriverClock:
    """Stamps of one driver in our ROS time, which is the steady clock with the offset that ROS time had at the start.

    Ages never depend on the wall clock: a sample is placed by when it was heard, and by what its stamp says against
    the fastest of the last seconds (`RemoteClock`). What is wrong is found again with every sample.
    """

    def __init__(self, name: str, ros_minus_steady_ns: int, own_clock: bool = False) -> None:
        """`name` is that of the driver in texts; with `own_clock` it may count from any time."""
        self._name, self._ros_ns, self._own = name, ros_minus_steady_ns, own_clock
        self._clock = RemoteClock(name)
        self._last: tuple[int, int] | None = None  # newest stamp, and when it was first heard
        self._since_ns: int | None = None  # since when the offset is learnt
        self._found = False  # whether the driver's clock was found to be ours
        self._moved = False  # whether a step has moved the driver's clock from ours
        self._step: tuple[int, ArmFault] | None = None  # until when it counts
        self._wall_ns: int | None = None
        self.fault: ArmFault | None = None

    def watch_wall(self, wall_minus_steady_ns: int, heard_ns: int) -> None:
        """Look at the wall clock of this host; a step of it is told from one of the driver's clock."""
        before, self._wall_ns = self._wall_ns, wall_minus_steady_ns
        if before is not None and abs(moved := wall_minus_steady_ns - before) > STEP_NS:
            self._note_step(ArmFaultKind.WALL_CLOCK_STEP, moved, heard_ns)

    def take(self, stamp_ns: int, heard_ns: int) -> int:
        """Our ROS time [ns] of a sample that was heard at `heard_ns` on the steady clock; sets `fault`."""
        heard_ros_ns = heard_ns + self._ros_ns
        self.fault = self._fault_of_stamp(stamp_ns, heard_ns)
        if self.fault is not None:
            return heard_ros_ns
        self._look_for_a_step(stamp_ns, heard_ns)
        if self._last is None or stamp_ns != self._last[0]:
            self._last = stamp_ns, heard_ns
        self._clock.to_ours(stamp_ns, heard_ros_ns)
        self._clock.take_remark()
        offset_ns = self._clock.offset_ns or 0
        if self._step is not None and heard_ns >= self._step[0]:
            self._step = None
        self.fault = self._fault_of_offset(heard_ns) if self._step is None else self._step[1]
        as_it_is = not self._moved and (self._found or abs(offset_ns) <= OFFSET_NS)
        return min(stamp_ns + (0 if as_it_is else offset_ns), heard_ros_ns)

    def _look_for_a_step(self, stamp_ns: int, heard_ns: int) -> None:
        """Learn the offset anew where a stamp fell, or leapt farther than time went on."""
        if self._last is None:
            self._since_ns = heard_ns
            return
        went_ns, passed_ns = stamp_ns - self._last[0], heard_ns - self._last[1]
        leapt_ns = went_ns - passed_ns
        if went_ns < -STEP_NS or leapt_ns > max(STEP_NS, self._behind_ns(heard_ns) + STEP_NS):
            self._clock, self._moved = RemoteClock(self._name), True
            self._note_step(ArmFaultKind.CLOCK_STEP, leapt_ns, heard_ns)

    def _behind_ns(self, heard_ns: int) -> int:
        """How much later than the fastest the last sample was heard [ns]: so much a queue that empties catches up."""
        if self._last is None or self._clock.offset_ns is None:
            return 0
        stamp_ns, last_heard_ns = self._last
        return max(last_heard_ns + self._ros_ns - stamp_ns - self._clock.offset_ns, 0)

    def _fault_of_stamp(self, stamp_ns: int, heard_ns: int) -> ArmFault | None:
        if stamp_ns == 0:
            return ArmFault(
                ArmFaultKind.STAMPS_ZERO, f"{self._name} stamps with 0; expected: the time of the measurement"
            )
        if self._last is not None and stamp_ns == self._last[0] and heard_ns - self._last[1] > _STAND_NS:
            stood_ms = 1e-6 * (heard_ns - self._last[1])
            return ArmFault(
                ArmFaultKind.STAMPS_STAND,
                f"{self._name} repeats {to_s(stamp_ns):.3f} s for {stood_ms:.0f} ms; expected: a later stamp with "
                "every sample",
            )
        return None

    def _fault_of_offset(self, heard_ns: int) -> ArmFault | None:
        offset_ns = self._clock.offset_ns
        if self._own or self._moved or offset_ns is None or self._since_ns is None:
            return None
        side = "behind" if offset_ns > 0 else "ahead of"
        if abs(offset_ns) > EPOCH_NS:
            return ArmFault(
                ArmFaultKind.CLOCK_EPOCH,
                f"stamps of {self._name} are {to_s(abs(offset_ns)):.3g} s {side} ours; expected: ROS time, or "
                "driver_clock: own in the parameters",
            )
        most_ns = DRIFT_NS if self._found else OFFSET_NS
        learnt = heard_ns - self._since_ns >= _LEARN_NS
        self._found = self._found or (learnt and abs(offset_ns) <= OFFSET_NS)
        if learnt and abs(offset_ns) > most_ns:
            return ArmFault(
                ArmFaultKind.CLOCK_OFFSET,
                f"stamps of {self._name} are {1e-6 * abs(offset_ns):.1f} ms {side} ours; expected: at most "
                f"{1e-6 * most_ns:.0f} ms, as between hosts whose clocks are synchronized",
            )
        return None

    def _note_step(self, kind: ArmFaultKind, moved_ns: int, heard_ns: int) -> None:
        text = f"it moved by {to_s(moved_ns):+.3g} s; expected: less than {1e-6 * STEP_NS:.0f} ms between samples"
        fault = ArmFault(kind, text)
        if self._step is not None and ArmFaultKind.WALL_CLOCK_STEP in (kind, self._step[1].kind):
            fault = fault if kind is ArmFaultKind.WALL_CLOCK_STEP else self._step[1]  # one cause, one name
        self._step = heard_ns + STABLE_NS, fault

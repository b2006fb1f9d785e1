"""The clock that ages are measured with: ROS time in simulation, the steady clock on hardware."""

import time

from rclpy.clock import Clock, ClockType
from rclpy.node import Node


class NodeClock:
    """`Clock` of a node.

    Under `use_sim_time` /clock and robot/state arrive one after the other in either order, so the newest robot stamp
    counts as heard time too: that makes "now" at a tick exactly the tick's stamp.
    """

    def __init__(self, node: Node) -> None:
        self._simulated = bool(node.get_parameter("use_sim_time").value)
        self._clock = node.get_clock()
        self._tick_ns = 0
        self._old_ns = -1  # reading of /clock from before the simulation began anew

    def note_tick(self, stamp_ns: int) -> None:
        """Note the stamp [ns] of a tick that was just received."""
        self._tick_ns = stamp_ns

    def now_ns(self) -> int:
        """Current time [ns]."""
        if not self._simulated:
            return time.monotonic_ns()
        clock_ns = int(self._clock.now().nanoseconds)
        if clock_ns == self._old_ns:
            return self._tick_ns
        self._old_ns = -1
        return max(clock_ns, self._tick_ns)

    def restart(self) -> None:
        """The simulation began anew at an earlier time."""
        self._tick_ns = 0
        self._old_ns = int(self._clock.now().nanoseconds)


def wall_clock() -> Clock:
    """For timers that must fire while simulated time stands still."""
    return Clock(clock_type=ClockType.STEADY_TIME)

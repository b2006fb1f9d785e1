"""The clock that ages are measured with: ROS time in simulation, on hardware the steady clock set to ROS time."""

import time

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from echopilot_core.timing import NS_PER_S, RemoteClock, to_s
from echopilot_core.timing.remote_clock import AHEAD_NS

SAME_NS = AHEAD_NS - 1_000_000
"""How far the robot's stamps may be off this host's time [ns]; the fastest message of a second adds less than 1 ms."""

DRIFT_NS = 25_000_000
"""The same once they were found to be of this time: on a busy machine no message is fast for seconds."""

COMPLAINT_NS = 10 * NS_PER_S


class NodeClock:
    """`Clock` of a node.

    Under `use_sim_time` /clock and robot/state arrive one after the other in either order, so the newest robot stamp
    counts as heard time too: that makes "now" at a tick exactly the tick's stamp. Otherwise it is the steady clock with
    the offset that ROS time had when the node started: a step of the wall clock makes nothing older. Robot stamps that
    are not of this time are told in the node's log, with what was expected.
    """

    def __init__(self, node: Node) -> None:
        self._simulated = bool(node.get_parameter("use_sim_time").value)
        self._node = node
        self._clock = node.get_clock()
        self._tick_ns = 0
        self._old_ns = -1  # reading of /clock from before the simulation began anew
        self._ros_minus_steady_ns = time.time_ns() - time.monotonic_ns()
        self._watch = RemoteClock("robot/state")
        self._found = False
        self._watched_ns = self._complained_ns = time.monotonic_ns()

    def note_tick(self, stamp_ns: int) -> None:
        """Note the stamp [ns] of a tick that was just received."""
        self._tick_ns = stamp_ns
        if not self._simulated:
            self._compare(stamp_ns)

    def now_ns(self) -> int:
        """Current time [ns]."""
        if not self._simulated:
            return time.monotonic_ns() + self._ros_minus_steady_ns
        clock_ns = int(self._clock.now().nanoseconds)
        if clock_ns == self._old_ns:
            return self._tick_ns
        self._old_ns = -1
        return max(clock_ns, self._tick_ns)

    def restart(self) -> None:
        """The simulation began anew at an earlier time."""
        self._tick_ns = 0
        self._old_ns = int(self._clock.now().nanoseconds)

    def _compare(self, stamp_ns: int) -> None:
        """Say so where the fastest of the robot's states seems older than a state can be, or comes from the future."""
        now_ns = time.monotonic_ns()
        self._watch.to_ours(stamp_ns, now_ns + self._ros_minus_steady_ns)
        offset_ns = self._watch.offset_ns or 0
        if now_ns - self._watched_ns < NS_PER_S:
            return
        most_ns = DRIFT_NS if self._found else SAME_NS
        self._found = self._found or abs(offset_ns) <= SAME_NS
        if abs(offset_ns) <= most_ns or now_ns < self._complained_ns:
            return
        self._complained_ns = now_ns + COMPLAINT_NS
        side = "behind" if offset_ns > 0 else "ahead of"
        self._node.get_logger().error(
            f"stamps of robot/state are {to_s(abs(offset_ns)):.4g} s {side} this process; expected: at most "
            f"{1e-6 * most_ns:.0f} ms. Synchronize the clocks of the hosts, or start the nodes anew after a step"
        )


def wall_clock() -> Clock:
    """For timers that must fire while simulated time stands still."""
    return Clock(clock_type=ClockType.STEADY_TIME)

"""Time: clocks, periods of the closed loop, the order of streams and the barrier of lockstep."""

from echopilot_core.timing.clocks import (
    EXAM_TICKS,
    NS_PER_S,
    SURFACE_TICKS,
    TICK_NS,
    TICK_S,
    Clock,
    ManualClock,
    SteadyClock,
    to_ns,
    to_s,
)
from echopilot_core.timing.lockstep import (
    AHEAD,
    CONNECT_S,
    TIMEOUT_S,
    LockstepBarrier,
    NoBonds,
    PeerLife,
    StampedBuffer,
)
from echopilot_core.timing.ordering import CONFIRMATIONS, LEAP, Order, StreamOrder
from echopilot_core.timing.remote_clock import RemoteClock

__all__ = [
    "AHEAD",
    "CONFIRMATIONS",
    "CONNECT_S",
    "EXAM_TICKS",
    "LEAP",
    "NS_PER_S",
    "SURFACE_TICKS",
    "TICK_NS",
    "TICK_S",
    "TIMEOUT_S",
    "Clock",
    "LockstepBarrier",
    "ManualClock",
    "NoBonds",
    "Order",
    "PeerLife",
    "RemoteClock",
    "StampedBuffer",
    "SteadyClock",
    "StreamOrder",
    "to_ns",
    "to_s",
]

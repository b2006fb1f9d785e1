"""Messages between the driver and the process of the 1 kHz loop, over a socket pair that keeps their bounds."""

import struct
from dataclasses import dataclass

import numpy as np

from echopilot_core import Array
from echopilot_robot.arm import ArmSample

JOINTS = 7
LARGEST = 4096  # bytes of one message
_COMMAND = struct.Struct(f"<q{JOINTS}d")
_SAMPLE = struct.Struct(f"<qqqq{JOINTS}d{JOINTS}d6d{JOINTS}d")


@dataclass(frozen=True)
class LoopCount:
    """Ticks of the arm since the loop began, and how many of them libfranka did not hand over in time."""

    ticks: int = 0
    lost: int = 0


def pack_command(sent_ns: int, velocity_rad_s: Array) -> bytes:
    """Joint velocities (7,) with the steady time at which they were sent."""
    return _COMMAND.pack(sent_ns, *velocity_rad_s)


def unpack_command(data: bytes) -> tuple[int, Array]:
    """Steady time [ns] and joint velocities (7,) [rad/s] of a command."""
    sent_ns, *velocity = _COMMAND.unpack(data)
    return sent_ns, np.array(velocity)


def pack_sample(sample: ArmSample, count: LoopCount) -> bytes:
    """A sample with the loop's count; its errors as text, shortened to what fits."""
    assert sample.torque_n_m is not None
    head = _SAMPLE.pack(
        sample.stamp_ns,
        sample.heard_ns,
        count.ticks,
        count.lost,
        *sample.position_rad,
        *sample.velocity_rad_s,
        *sample.wrench,
        *sample.torque_n_m,
    )
    return head + "\n".join(sample.errors).encode()[: LARGEST - len(head)]


def unpack_sample(data: bytes) -> tuple[ArmSample, LoopCount]:
    """The sample, with its errors, and the count."""
    stamp_ns, heard_ns, ticks, lost, *values = _SAMPLE.unpack(data[: _SAMPLE.size])
    errors = tuple(data[_SAMPLE.size :].decode(errors="replace").splitlines())
    q, dq, wrench, torque = np.split(np.array(values), [JOINTS, 2 * JOINTS, 2 * JOINTS + 6])
    return ArmSample(stamp_ns, heard_ns, q, dq, wrench, torque, errors), LoopCount(ticks, lost)

"""The retreat that safety itself commands: out along probe z, ended by way, time or resistance."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from echopilot_control.safety.limits import Limits
from echopilot_control.safety.state import RetractMemory
from echopilot_core import RobotState, to_ns

_GUARD_N = 3.0  # a retract that presses harder than this above its start has met something
_RETRACT_TIMEOUT_NS = to_ns(3.0)


def retract(
    memory: RetractMemory, robot: RobotState, now_ns: int, limits: Limits
) -> tuple[RetractMemory, NDArray[np.float64] | None]:
    """Twist (6,) of this tick in base; None once the way is done, blocked or took too long."""
    position_m, z = robot.T_base_probe[:3, 3], robot.T_base_probe[:3, 2]
    from_m = memory.from_m
    if from_m is None:
        from_m = (float(position_m[0]), float(position_m[1]), float(position_m[2]))
        memory = RetractMemory(from_m, now_ns, robot.contact_force_n)
    travelled_m = float(np.linalg.norm(position_m - np.array(from_m)))
    blocked = robot.contact_force_n > memory.start_n + _GUARD_N and travelled_m > 0.005
    late = now_ns - memory.since_ns > _RETRACT_TIMEOUT_NS
    if memory.done or travelled_m >= limits.retract_m or blocked or late:
        return replace(memory, done=True), None
    return memory, np.concatenate([-limits.retract_m_s * z, np.zeros(3)])

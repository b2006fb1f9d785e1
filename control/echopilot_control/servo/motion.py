"""Motion that a phase requests, and the rates by which it is built."""

from dataclasses import dataclass, field
from math import radians

import numpy as np

from echopilot_core import Array, ControlPhase, Outcome

MAX_TILT_RAD = radians(60.0)  # from the skin normal
MOVE_M_S, TURN_RAD_S = 0.015, radians(15.0)
DITHER_RAD_S = radians(25.0)


@dataclass(frozen=True)
class Motion:
    """Request of one tick: velocities (3,) in `base` at the probe origin.

    With `setpoint_n` the force loop owns probe z and `linear_m_s` counts only across it (plus the skin's slope);
    without, `linear_m_s` is the whole free motion.
    """

    phase: ControlPhase
    linear_m_s: Array = field(default_factory=lambda: np.zeros(3))
    angular_rad_s: Array = field(default_factory=lambda: np.zeros(3))
    setpoint_n: float | None = None
    outcome: Outcome = Outcome.RUNNING
    detail: str = ""
    progress: float = 0.0
    rest: bool = False  # nothing to do and nothing touched: send no validity

"""When the exam held a force: the part of the control trace that force figures speak about."""

import math
from collections.abc import Sequence

from echopilot_exam.record.model import TraceSample

HELD_PHASES = frozenset({"SEARCH", "REFINE", "HOLD", "GUIDED", "RECORD", "SWEEP"})


def held_samples(trace: Sequence[TraceSample]) -> tuple[TraceSample, ...]:
    """Samples in contact with a finite force and a set-point above zero."""
    return tuple(
        s
        for s in trace
        if s.phase in HELD_PHASES and math.isfinite(s.contact_force_n) and 0.0 < s.setpoint_n < math.inf
    )

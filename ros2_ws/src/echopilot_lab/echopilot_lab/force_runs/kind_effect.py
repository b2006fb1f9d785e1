"""Whether a kind of fault does anything: a run with it and one without, while safety lets everything through."""

from collections.abc import Callable
from functools import cache
from itertools import islice

import numpy as np

from echopilot_control.safety import SafetyDecision, SafetyInputs, SafetyMonitor
from echopilot_core import Array, SafeTwist, SafetyMode, SafetyState
from echopilot_lab.force_runs.bodies import uniform_body
from echopilot_lab.force_runs.fault_kinds import DECLARED, LOOP_KINDS, DrawnFault
from echopilot_lab.force_runs.faults import FaultDisturbances
from echopilot_lab.force_runs.run import NO_IMAGES, run_force
from echopilot_sim.simulation import Simulation

STIFFNESS_N_M, BREATHING_M, SETPOINT_N, SEED = 1000.0, 0.006, 5.0, 600_123
SPANS = ((10, 200, 260), (700, 850, 950))  # first and last tick of the fault, and of the run: in flight, in contact


class SafetyWithoutReaction(SafetyMonitor):
    """Looks at everything and lets every finite command through."""

    def decide(self, inputs: SafetyInputs) -> SafetyDecision:
        """The command as it came."""
        decision, command = super().decide(inputs), inputs.command
        state = SafetyState(inputs.now_ns, SafetyMode.OK, (), np.inf, np.inf)
        whole = command is not None and command.twist.shape == (6,) and bool(np.isfinite(command.twist).all())
        twist = SafeTwist(inputs.now_ns, command.twist) if command is not None and whole else None
        return SafetyDecision(decision.memory, twist, state)


def changes_the_run(kind: str) -> bool:
    """Whether a fault of a kind, seen by everybody, changes where the probe goes or how hard it presses."""
    for first, last, end in SPANS:
        fault = DrawnFault(kind, first, last, _size(kind))
        with_fault, without = _run((fault,), end), _run_without(end)
        if not np.array_equal(with_fault, without):
            return True
    return False


def _size(kind: str) -> float:
    low, high = DECLARED[kind].size if kind in DECLARED else LOOP_KINDS[kind][1:]
    return low + 0.7 * (high - low)


@cache
def _run_without(end: int) -> Array:
    return _run((), end)


def _run(
    faults: tuple[DrawnFault, ...], end: int, safety: Callable[..., SafetyMonitor] = SafetyWithoutReaction
) -> Array:
    """Height of the probe [m] and true force [N] at every tick (end, 2)."""
    simulation = Simulation(uniform_body(STIFFNESS_N_M, BREATHING_M, SEED), NO_IMAGES)
    disturbed = FaultDisturbances(simulation, np.random.default_rng(SEED), STIFFNESS_N_M, SETPOINT_N, faults)
    run = islice(run_force(simulation, disturbed, safety=safety), end)
    return np.array([(forced.tick.published.T_base_probe[2, 3], forced.true_force_n) for forced in run])

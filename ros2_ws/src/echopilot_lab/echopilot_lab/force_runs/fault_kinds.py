"""Kinds of faults of a force-only run: those of safety's declaration of evidence, and the loop's and patient's own."""

from dataclasses import dataclass

import numpy as np

from echopilot_control.safety.evidence.faults import FAULTS, FaultKind

Rng = np.random.Generator
EVERYBODY, SAFETY, CONTROLLER = RECEIVERS = ("everybody", "safety", "controller")
LONGEST_TICKS = 200
FLIGHT_TICKS = 700  # of the usual landing, in which a fault may begin


@dataclass(frozen=True)
class DrawnFault:
    """One fault of a kind over the ticks `start` .. `end` - 1, with a size whose meaning the kind gives.

    `reaches` says who receives what is spoilt; faults of commands and of the loop have one receiver by nature.
    """

    kind: str
    start: int
    end: int
    size: float
    reaches: str = EVERYBODY

    def now(self, tick: int) -> bool:
        return self.start <= tick < self.end


# kind: longest duration [ticks], range of the size
LOOP_KINDS: dict[str, tuple[int, float, float]] = {
    "wrench_spike": (2, -30.0, 30.0),  # N, seen by all
    "sensor_bias": (1, -2.0, 2.0),  # N, for good, in the sensor itself, so that the arm's own hold has it too
    "command_lost": (200, 0.1, 0.9),  # share that is lost
    "command_late": (150, 1.0, 5.0),  # by so many ticks: below the age that is refused
    "command_wild": (30, 0.02, 100.0),  # m/s into the patient
    "command_turned": (60, 0.1, 3.0),  # rad/s about an axis in the face
    "twist_lost": (200, 0.1, 1.0),  # between safety and robot: share
    "twist_late": (100, 1.0, 10.0),
    "twist_repeated": (100, 0.0, 0.0),
    "setpoint_jump": (300, -10.0, 60.0),  # N
    "setpoint_nan": (100, 0.0, 0.0),
    "goal_flapping": (200, 1.0, 30.0),  # idle and hold in turn, for so many ticks each
    "goal_preset": (200, 0.0, 0.0),  # a preset that nobody knows
    "gain_low": (300, 2.0, 15.0),  # rad/s, crossover of the force loop
    "clock_jump": (1, -2.0, 2.0),  # s, for good
    "patient_shift": (1, -1.0, 1.0),  # times the largest, along the probe, within half a second
    "patient_slide": (300, 0.1, 0.25),  # Hz, 40 mm along the body: over the costal margin onto ribs
    "patient_tremor": (300, 1.0, 2.0),  # Hz, 1.5 mm along the probe
    "patient_turn": (1, -0.1, 0.1),  # rad about the vertical, within half a second
}
DECLARED: dict[str, FaultKind] = {kind.name: kind for kind in FAULTS}
KINDS: tuple[str, ...] = (*DECLARED, *LOOP_KINDS)


def draw_fault(kind: str, rng: Rng, start: int) -> DrawnFault:
    """A fault of a kind with drawn duration, size and receiver, from tick `start` on."""
    declared = DECLARED.get(kind)
    longest, low, high = (LONGEST_TICKS, *declared.size) if declared is not None else LOOP_KINDS[kind]
    ticks, size = int(rng.integers(1, longest + 1)), float(rng.uniform(low, high))
    receiver = EVERYBODY if rng.random() < 0.5 else RECEIVERS[1 + int(rng.integers(2))]
    return DrawnFault(kind, start, start + ticks, size, receiver)


def draw_faults(rng: Rng, first: int, last: int, kinds: tuple[str, ...] = KINDS) -> tuple[DrawnFault, ...]:
    """One to four faults that start in the ticks `first` .. `last` - 1; they may overlap."""
    count = int(rng.integers(1, 5))
    names = [kinds[int(rng.integers(len(kinds)))] for _ in range(count)]
    return tuple(draw_fault(name, rng, int(rng.integers(first, last))) for name in names)

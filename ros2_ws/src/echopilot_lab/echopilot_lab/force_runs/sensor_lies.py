"""A force run with a sensor that lies: kinds of lies, and one run with one of them, before contact or in it."""

from dataclasses import dataclass

import numpy as np

from echopilot_control.safety.evidence import force_fakes as fakes
from echopilot_control.safety.evidence.model import Past
from echopilot_core import ControlPhase, Preset, RobotState, SafetyMode
from echopilot_lab.force_runs.bodies import under_the_probe, uniform_body
from echopilot_lab.force_runs.run import NO_IMAGES, ForceDisturbances, run_force
from echopilot_sim.anatomy import Patient, sample_patient
from echopilot_sim.simulation import Simulation

STIFFNESS_N_M = (300.0, 20_000.0)
BREATHING_M = (0.002, 0.010)
WHEN = ("before contact", "in contact")
_FLYING_TICKS = (60, 400)  # the fault begins within these, on the way down
_HOLDING_TICKS = (0, 400)  # after landing
_AFTER_TICKS, _LANDING_TICKS, _WITHOUT_TICKS = 150, 1100, 800

LIES: dict[str, tuple[fakes.Lie, tuple[float, float]]] = {
    "zero": (fakes.zero, (0.0, 0.0)),
    "zero along z": (fakes.zero_along_z, (0.0, 0.0)),
    "constant": (fakes.constant, (0.0, 6.0)),  # N
    "frozen": (fakes.frozen, (0.0, 0.0)),
    "replayed": (fakes.replayed, (20.0, 300.0)),  # ticks
    "noise alone": (fakes.noise_alone, (0.0, 0.0)),
    "noise along z": (fakes.noise_along_z, (0.0, 0.0)),
    "constant with noise": (fakes.noisy_constant, (0.0, 0.0)),
    "gain 0.1": (fakes.scaled, (0.1, 0.1)),
    "gain 0.2 to 0.9": (fakes.scaled, (0.2, 0.9)),
    "gain before the noise": (fakes.scaled_force, (0.05, 0.9)),
    "millinewtons": (fakes.scaled, (1000.0, 1000.0)),
    "kilogram-force": (fakes.scaled, (1.0 / fakes.KGF_N, 1.0 / fakes.KGF_N)),
    "sign flipped": (fakes.flipped, (0.0, 0.0)),
    "axes swapped": (fakes.swapped, (0.0, 0.0)),
    "biased": (fakes.biased, (2.0, 10.0)),  # N
    "drifting": (fakes.drifting, (0.1, 3.0)),  # N/s
    "delayed": (fakes.delayed, (5.0, 150.0)),  # ticks
    "moving average": (fakes.smoothed, (10.0, 200.0)),  # ticks
    "coarse": (fakes.coarse, (0.5, 5.0)),  # N
    "saturated": (fakes.saturated, (0.5, 4.0)),  # N
    "bursts of NaN": (fakes.flickering, (1.0, 30.0)),  # ticks
    "bursts of nothing": (fakes.dropping, (2.0, 60.0)),  # ticks
    "not finite": (fakes.not_finite, (0.0, 0.0)),
}


@dataclass(frozen=True)
class LieRun:
    """One run: the largest true force of all physics steps; when the lie began, and how long until its first reason."""

    kind: str
    when: str
    seed: int
    size: float
    stiffness_n_m: float  # NaN for a sampled patient
    max_n: float
    limit_crossings: int
    begun: bool
    noticed_s: float  # NaN where nothing was noticed
    reasons: tuple[str, ...]


class LyingSensor(ForceDisturbances):
    """Changes the wrench of every robot state from the tick `start` on."""

    def __init__(self, lie: fakes.Lie, size: float, setpoint_n: float) -> None:
        self.start: int | None = None
        self._setpoint_n = setpoint_n
        self._change = fakes.lying(lie)
        self._past = Past(size)

    def force_n(self, tick: int) -> float:
        """Set-point of the run."""
        return self._setpoint_n

    def robot(self, robot: RobotState) -> RobotState:
        """The state as controller and safety receive it."""
        past = self._past
        past.values.append(robot)
        if self.start is None or robot.tick < self.start:
            past.first = robot
            return robot
        told = self._change(robot, past)
        past.tick += 1
        return told


def patient_of(seed: int) -> tuple[Patient, float]:
    """Even seeds: a sampled patient's belly; odd ones: a body of one stiffness [N/m], drawn, up to bone."""
    rng = np.random.default_rng([seed, 0x11E5])
    if seed % 2 == 0:
        return under_the_probe(sample_patient(seed)), float("nan")
    stiffness_n_m = float(1.05 ** round(rng.uniform(*np.log(STIFFNESS_N_M)) / np.log(1.05)))
    return uniform_body(min(stiffness_n_m, STIFFNESS_N_M[1]), float(rng.uniform(*BREATHING_M)), seed), stiffness_n_m


def lie_run(kind: str, when: str, seed: int) -> LieRun:
    """Land on the patient of `seed`, with the sensor lying from a drawn tick of the flight or of the contact on."""
    lie, sizes = LIES[kind]
    rng = np.random.default_rng([seed, sorted(LIES).index(kind), WHEN.index(when)])
    body, stiffness_n_m = patient_of(seed)
    preset, setpoint_n = [(Preset.CARDIAC, 5.0), (Preset.CARDIAC, 8.0), (Preset.ABDOMEN, 12.0)][int(rng.integers(3))]
    size, in_contact = float(rng.uniform(*sizes)), when == WHEN[1]
    simulation = Simulation(body, NO_IMAGES)
    sensor = LyingSensor(lie, size, setpoint_n)
    if not in_contact:
        sensor.start = int(rng.integers(*_FLYING_TICKS))
    delay = int(rng.integers(*_HOLDING_TICKS))
    noticed: int | None = None
    reasons: dict[str, None] = {}
    begun = False
    for forced in run_force(simulation, sensor, preset):
        now, safety = forced.tick.robot.tick, forced.tick.safety.state
        landed = forced.tick.control.status.phase in (ControlPhase.COUPLE, ControlPhase.HOLD)
        if sensor.start is None and landed:
            sensor.start = now + 1 + delay
        begun = sensor.start is not None and now >= sensor.start
        if begun and safety.mode is not SafetyMode.OK:
            noticed = now if noticed is None else noticed
            reasons.update(dict.fromkeys(safety.reasons))
        last = _LANDING_TICKS if sensor.start is None else sensor.start + (_WITHOUT_TICKS if in_contact else 1300)
        if now >= last or (noticed is not None and now >= noticed + _AFTER_TICKS and safety.mode is not SafetyMode.OK):
            break
    start = sensor.start
    return LieRun(
        kind,
        when,
        seed,
        size,
        stiffness_n_m,
        simulation.max_normal_force_n,
        simulation.limit_crossings,
        begun,
        float("nan") if noticed is None or start is None else 0.01 * (noticed - start),
        tuple(reasons),
    )

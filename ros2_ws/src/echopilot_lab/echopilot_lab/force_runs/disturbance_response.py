"""Response of a held force to a shift of the patient and to changes of set-point and gain."""

from itertools import product
from typing import Any

import numpy as np

from echopilot_control.force.regulator import CROSSOVER_RAD_S, LOWEST_CROSSOVER_RAD_S
from echopilot_core import Array, ControlPhase
from echopilot_lab.force_runs.bodies import uniform_body
from echopilot_lab.force_runs.run import ForceDisturbances, run_force
from echopilot_sim.simulation import SimConfig, Simulation

STIFFNESS_N_M = (300.0, 1000.0)
SHIFT_M, SHIFT_HZ = 0.010, 0.605  # a swing there and back, 0.83 s each way, at most 19 mm/s
SETPOINTS_N = (5.0, 8.0)
GAINS_RAD_S = (CROSSOVER_RAD_S, LOWEST_CROSSOVER_RAD_S)
SETTLED_TICKS, BEFORE_TICKS = 600, 200
SHIFT_TICKS, CHANGE_TICKS = 165, 300


def disturbance_responses() -> list[dict[str, Any]]:
    """Shifts of the patient towards the probe and away from it, a higher set-point and other gains; the breath is held.

    `off_n` is the largest distance of the true force from its mean over the 2 s before; of a change of set-point, how
    far the force leaves the range between the two means before and after.
    """
    rows = []
    for stiffness_n_m in STIFFNESS_N_M:
        for gain_rad_s, way_m in product(GAINS_RAD_S, (SHIFT_M, -SHIFT_M)):
            before_n, after_n = _hold(stiffness_n_m, SHIFT_TICKS, way_m, gains_rad_s=(gain_rad_s, gain_rad_s))
            off_n = np.abs(after_n - before_n.mean())
            kind = f"patient shifts {'towards the probe' if way_m > 0.0 else 'away'}, gain {gain_rad_s:.0f} rad/s"
            rows.append({"kind": kind, "stiffness_n_m": stiffness_n_m, "off_n": float(off_n.max())})
        before_n, after_n = _hold(stiffness_n_m, CHANGE_TICKS, setpoint_n=SETPOINTS_N[1])
        off_n = np.maximum(before_n.mean() - after_n, after_n - after_n[-100:].mean())
        rows.append({"kind": "set-point from 5 to 8 N", "stiffness_n_m": stiffness_n_m, "off_n": float(off_n.max())})
        for gains_rad_s in (GAINS_RAD_S, GAINS_RAD_S[::-1]):
            before_n, after_n = _hold(stiffness_n_m, CHANGE_TICKS, gains_rad_s=gains_rad_s)
            off_n = np.abs(after_n - before_n.mean())
            kind = "gain from {:.0f} to {:.0f} rad/s".format(*gains_rad_s)
            rows.append({"kind": kind, "stiffness_n_m": stiffness_n_m, "off_n": float(off_n.max())})
    return rows


def _hold(
    stiffness_n_m: float,
    ticks: int,
    shift_m: float = 0.0,
    setpoint_n: float = SETPOINTS_N[0],
    gains_rad_s: tuple[float, float] = (CROSSOVER_RAD_S, CROSSOVER_RAD_S),
) -> tuple[Array, Array]:
    """True forces [N] before and after the change, which comes 6 s after the hold has begun."""
    body = uniform_body(stiffness_n_m, 0.005, 1)
    simulation = Simulation(body, SimConfig(frame_hz=1.0, breathing=False))
    change = _Change(simulation, shift_m, setpoint_n, gains_rad_s)
    forces_n: list[float] = []
    for tick in run_force(simulation, change):
        forces_n.append(tick.true_force_n)
        if change.at_tick is None and tick.tick.control.status.phase is ControlPhase.HOLD:
            change.at_tick = len(forces_n) + SETTLED_TICKS
        if change.at_tick is not None and len(forces_n) == change.at_tick + ticks:
            break
    held, at_tick = np.array(forces_n), change.at_tick or 0
    return held[at_tick - BEFORE_TICKS : at_tick], held[at_tick:]


class _Change(ForceDisturbances):
    """One change of patient, set-point or gain, at a tick that is set once the hold has begun."""

    def __init__(
        self, simulation: Simulation, shift_m: float, setpoint_n: float, gains_rad_s: tuple[float, float]
    ) -> None:
        self.at_tick: int | None = None
        self._simulation, self._shift_m = simulation, shift_m
        self._setpoint_n, self._gains_rad_s = setpoint_n, gains_rad_s

    def _is_past(self, tick: int) -> bool:
        return self.at_tick is not None and tick > self.at_tick

    def force_n(self, tick: int) -> float:
        return self._setpoint_n if self._is_past(tick) else SETPOINTS_N[0]

    def crossover_rad_s(self, tick: int) -> float:
        return self._gains_rad_s[self._is_past(tick)]

    def begin(self, tick: int, now_ns: int) -> None:
        if self.at_tick is not None and tick == self.at_tick + 1 and self._shift_m:
            self._simulation.sway_patient(np.array([0.0, 0.0, self._shift_m]), SHIFT_HZ)

"""Bumps: how far a held force leaves what is asked when the patient shifts, or set-point or gain change."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_control.force.regulator import CROSSOVER_RAD_S, LOWEST_CROSSOVER_RAD_S
from echopilot_core import ControlPhase
from echopilot_lab.force_bodies import uniform_body
from echopilot_lab.force_run import Script, run_force
from echopilot_sim.simulation import SimConfig, Simulation

STIFFNESS_N_M = (300.0, 1000.0)
SHIFT_M, SHIFT_HZ = 0.010, 0.605  # a swing there and back, 0.83 s each way, at most 19 mm/s
SETPOINTS_N = (5.0, 8.0)
GAINS_RAD_S = (CROSSOVER_RAD_S, LOWEST_CROSSOVER_RAD_S)
SETTLED_TICKS, BEFORE_TICKS = 600, 200
SHIFT_TICKS, CHANGE_TICKS = 165, 300

Array = NDArray[np.float64]


def bumps() -> list[dict[str, Any]]:
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
    change: list[int] = []  # the tick, once it is known

    def force_n(tick: int) -> float:
        return setpoint_n if change and tick >= change[0] else SETPOINTS_N[0]

    def crossover_rad_s(tick: int) -> float:
        return gains_rad_s[bool(change) and tick >= change[0]]

    def before(tick: int, simulation: Simulation) -> None:
        if change and tick == change[0] and shift_m:
            simulation.sway_patient(np.array([0.0, 0.0, shift_m]), SHIFT_HZ)

    simulation = Simulation(uniform_body(stiffness_n_m, 0.005, 1), SimConfig(frame_hz=1.0, breathing=False))
    forces_n: list[float] = []
    for tick in run_force(simulation, Script(force_n, crossover_rad_s, before)):
        forces_n.append(tick.true_force_n)
        if not change and tick.status.phase is ControlPhase.HOLD:
            change.append(len(forces_n) + SETTLED_TICKS)
        if change and len(forces_n) == change[0] + ticks:
            break
    held = np.array(forces_n)
    return held[change[0] - BEFORE_TICKS : change[0]], held[change[0] :]

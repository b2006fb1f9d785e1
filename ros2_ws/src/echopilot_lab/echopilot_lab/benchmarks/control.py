"""Force and speed of the control loop on bodies of stated stiffness: the figures of the force bars."""

import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from echopilot_core import Array, ControlPhase
from echopilot_lab.force_runs.bodies import uniform_body
from echopilot_lab.force_runs.disturbance_response import disturbance_responses
from echopilot_lab.force_runs.plots import draw_traces
from echopilot_lab.force_runs.run import NO_IMAGES, run_force
from echopilot_sim.simulation import Simulation

SOFT_N_M, RIB_N_M = (300.0, 1000.0, 3000.0), (8000.0, 20000.0)
BREATHING_M = (0.005, 0.010)
SETPOINT_N = 5.0
SECONDS = 30.0
SETTLE_TICKS = 200  # after the hold begins; what comes before is the landing
TRACE_TICKS = 1600


def bench_control(console: Console, seeds: int = 1, traces: Path | None = None) -> dict[str, Any]:
    """Land at 10 mm/s and hold 5 N on every body; true forces, time of a controller and safety step, real-time factor.

    `rmse_n`, `overshoot_n` and `touchdown_n` are the worst of 300 to 3000 N/m, `max_n` of all bodies.
    """
    cases = [(k, pp, seed) for k in (*SOFT_N_M, *RIB_N_M) for pp in BREATHING_M for seed in range(1, seeds + 1)]
    wall_s: list[float] = []
    rows, kept, spent_s = [], {}, 0.0
    list(islice(run_force(Simulation(uniform_body(*cases[0]))), 20))  # compiles what is not compiled yet
    for stiffness_n_m, breathing_m, seed in track(cases, "force runs", console=console):
        simulation = Simulation(uniform_body(stiffness_n_m, breathing_m, seed), NO_IMAGES)
        started = time.perf_counter()
        forces, row = _hold(simulation, wall_s)
        spent_s += time.perf_counter() - started
        rows.append({"stiffness_n_m": stiffness_n_m, "breathing_mm": 1e3 * breathing_m, "seed": seed} | row)
        if breathing_m == BREATHING_M[-1] and seed == 1 and stiffness_n_m in SOFT_N_M:
            kept[f"{stiffness_n_m:.0f} N/m"] = forces[:TRACE_TICKS]
    if traces is not None:
        draw_traces(kept, SETPOINT_N, 0.01, traces)
    soft = [row for row in rows if row["stiffness_n_m"] in SOFT_N_M]
    ribs = [row for row in rows if row["stiffness_n_m"] in RIB_N_M]
    figures = {
        "ms": {f"p{p}": 1e3 * float(np.percentile(wall_s, p)) for p in (50, 95, 99)},
        "threads": 1,
        "force": _worst(soft) | {"max_n": max(row["max_n"] for row in rows)},
        "ribs": _worst(ribs) | {"max_n": max(row["max_n"] for row in ribs)},
        "real_time_factor": SECONDS * len(cases) / spent_s,
        "bodies": rows,
        "bumps": disturbance_responses(),
    }
    _show(console, figures)
    return figures


def _hold(simulation: Simulation, wall_s: list[float]) -> tuple[Array, dict[str, Any]]:
    ticks = list(islice(run_force(simulation), round(100 * SECONDS)))
    wall_s.extend(tick.tick.compute_s for tick in ticks)
    force_n = np.array([tick.true_force_n for tick in ticks])
    touched = int(np.argmax(force_n > 0.0))
    holds = [tick.tick.control.status.phase is ControlPhase.HOLD for tick in ticks]
    settled = holds.index(True) + SETTLE_TICKS if True in holds else len(ticks)
    error_n = force_n[settled:] - SETPOINT_N
    landed = error_n.size > 0
    row = {
        "rmse_n": float(np.sqrt(np.mean(error_n**2))) if landed else float("nan"),
        "overshoot_n": float(force_n[touched:].max()) - SETPOINT_N,
        "touchdown_n": float(force_n[touched:settled].max()),
        "max_n": simulation.max_normal_force_n,
        "reasons": sorted({reason for tick in ticks for reason in tick.tick.safety.state.reasons}),
    }
    return force_n[touched:], row


def _worst(rows: list[dict[str, Any]]) -> dict[str, float]:
    return {key: max(row[key] for row in rows) for key in ("rmse_n", "overshoot_n", "touchdown_n")}


def _show(console: Console, figures: dict[str, Any]) -> None:
    table = Table(title="5 N held: true normal force")
    for heading in ("stiffness N/m", "breathing mm", "RMSE N", "overshoot N", "landing peak N", "max N"):
        table.add_column(heading, justify="right")
    for row in figures["bodies"]:
        cells = [f"{row[key]:.2f}" for key in ("rmse_n", "overshoot_n", "touchdown_n", "max_n")]
        table.add_row(f"{row['stiffness_n_m']:.0f}", f"{row['breathing_mm']:.0f}", *cells)
    console.print(table)
    table = Table(title="changes while 5 N are held, without a breath: how far the force goes off")
    for heading in ("change", "stiffness N/m", "off N"):
        table.add_column(heading, justify="right")
    for row in figures["bumps"]:
        table.add_row(row["kind"], f"{row['stiffness_n_m']:.0f}", f"{row['off_n']:.2f}")
    console.print(table)
    ms = figures["ms"]
    console.print(
        f"controller and safety, one step: p50 {ms['p50']:.2f}, p95 {ms['p95']:.2f}, p99 {ms['p99']:.2f} ms; "
        f"{figures['real_time_factor']:.0f} times real time"
    )

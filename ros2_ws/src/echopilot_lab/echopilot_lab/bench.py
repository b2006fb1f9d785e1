"""Benchmarks of single rooms, each beside a peer in the same run; the live graph has a file of its own."""

from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from echopilot_control.safety import Limits
from echopilot_exam.machine import ExamMachine
from echopilot_exam.protocol import load_protocol
from echopilot_lab.loop import run_loop
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import draw_patient
from echopilot_sim.simulation import SimConfig, Simulation

SEED = 600_000
CONTROL_SECONDS = 40.0


def bench_control(console: Console) -> dict[str, Any]:
    """One controller and safety step inside a real exam, and the force figures of that exam."""
    simulation = Simulation(draw_patient(SEED), SimConfig(frame_hz=10.0, quality="fast"))
    perception = Perception()
    machine = ExamMachine(load_protocol("aorta"), "bench")
    steps: list[float] = []
    errors: list[float] = []
    first_touch: list[float] = []
    for tick in run_loop(simulation, perception, machine, Limits(), on_step_s=steps.append):
        setpoint_n, force_n = tick.control.status.force_setpoint_n, tick.robot.contact_force_n
        if tick.control.status.phase.name in ("SEARCH", "REFINE", "HOLD", "SWEEP") and setpoint_n > 0.0:
            errors.append(force_n - setpoint_n)
        if tick.control.status.phase.name == "TOUCH":
            first_touch.append(force_n)
        if simulation.now_ns > CONTROL_SECONDS * 1e9:
            break
    perception.close()
    milliseconds = 1e3 * np.array(steps)
    figures = {
        "ms": percentiles(milliseconds),
        "threads": 1,
        "force": {
            "rmse_n": float(np.sqrt(np.mean(np.square(errors)))) if errors else None,
            "overshoot_n": max(errors, default=None),
            "touchdown_n": max(first_touch, default=None),
            "max_n": simulation.max_normal_force_n,
        },
    }
    show(console, "control and safety, one step", figures)
    return figures


def percentiles(milliseconds: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    """p50, p95 and p99."""
    return {f"p{p}": float(np.percentile(milliseconds, p)) for p in (50, 95, 99)}


def show(console: Console, title: str, figures: dict[str, Any]) -> None:
    """A small table: ours and the peer."""
    table = Table(title=title)
    for heading in ("", "p50 ms", "p95 ms"):
        table.add_column(heading)
    table.add_row("echopilot", f"{figures['ms']['p50']:.2f}", f"{figures['ms']['p95']:.2f}")
    peer = figures.get("peer")
    if peer:
        table.add_row(peer["name"], f"{peer['ms']['p50']:.2f}", f"{peer['ms']['p95']:.2f}")
    console.print(table)
    if "force" in figures:
        console.print(", ".join(f"{k} {v:.2f}" for k, v in figures["force"].items() if v is not None))

"""Fault campaign: many force-only runs with random faults, checked against the hard force limit.

Not covered: images and perception (nobody reads frames), the processes and the network of the graph, the exam's own
decisions, faults of the arm's own joint loop and of its compliant hold, two arms or a person who pushes the arm.
"""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import echopilot_control
import echopilot_core
import echopilot_sim
from echopilot_core import ControlPhase, EchoPilotError, SafetyMode
from echopilot_core.guarded.json_input import read_json_lines
from echopilot_core.robot import HARD_LIMIT_N
from echopilot_lab.force_runs.bodies import pressure_per_depth, uniform_body
from echopilot_lab.force_runs.fault_kinds import FLIGHT_TICKS, KINDS, DrawnFault, draw_faults
from echopilot_lab.force_runs.faults import FaultDisturbances
from echopilot_lab.force_runs.run import NO_IMAGES, run_force
from echopilot_lab.util.parallel import run_all
from echopilot_lab.util.source_hash import LAB, folder_of, source_sha256
from echopilot_sim.anatomy import Patient
from echopilot_sim.simulation import Simulation

STIFFNESS_N_M = (300.0, 8000.0)
RIB_N_M = (8000.0, 20000.0)
BREATHING_M = (0.002, 0.010)
SETPOINTS_N = (5.0, 8.0)
CONTACT_S = 10.0
_LONGEST_LANDING_TICKS = 900
_OVER_TICKS = 100  # latched and off the skin for so long after the last fault: nothing moves any more
_LATCHED = (SafetyMode.RETRACT, SafetyMode.STOPPED)
_BATCH = 20


@dataclass(frozen=True)
class FaultRun:
    """One run: what was drawn, and the largest true normal force of all its physics steps.

    `noticed_s` of each fault: from its start to the first tick in which safety was not OK; None where it stayed OK.
    """

    seed: int
    stiffness_n_m: float
    breathing_m: float
    setpoint_n: float
    faults: tuple[DrawnFault, ...]
    landed: bool
    max_n: float
    limit_crossings: int
    reasons: tuple[str, ...]
    noticed_s: tuple[float | None, ...]


def fault_run(seed: int, contact_s: float = CONTACT_S) -> FaultRun:
    """Land on a body drawn from `seed` and stay `contact_s` seconds; one to four faults begin in the flight or then.

    Ends early a second after the last fault once safety has latched and the probe is off the skin.
    """
    rng = np.random.default_rng([seed, 0xFA17])
    stiffness_n_m = float(np.exp(rng.uniform(*np.log(STIFFNESS_N_M))))
    breathing_m = float(rng.uniform(*BREATHING_M))
    setpoint_n = float(rng.choice(SETPOINTS_N))
    body = _with_ribs(uniform_body(_rounded(stiffness_n_m), breathing_m, seed), float(rng.uniform(*RIB_N_M)))
    ticks = round(100 * contact_s)
    simulation = Simulation(body, NO_IMAGES)
    drawn = draw_faults(rng, 0, FLIGHT_TICKS + round(0.8 * ticks))
    early = tuple(fault for fault in drawn if fault.start < FLIGHT_TICKS)
    disturbed = FaultDisturbances(simulation, rng, stiffness_n_m, setpoint_n, early)
    reasons: Counter[str] = Counter()
    stopped: list[int] = []
    end, landed, busy = _LONGEST_LANDING_TICKS, False, 0
    for forced in run_force(simulation, disturbed):
        tick = forced.tick
        reasons.update(tick.safety.state.reasons)
        now = tick.robot.tick
        if tick.safety.mode is not SafetyMode.OK:
            stopped.append(now)
        if not landed and tick.control.status.phase in (ControlPhase.TOUCH, ControlPhase.COUPLE):
            landed, end = True, now + ticks
            disturbed.add(tuple(_after(fault, now + 1 - FLIGHT_TICKS) for fault in drawn if fault not in early))
        if tick.safety.mode not in _LATCHED or forced.true_force_n > 0.0 or any(f.end > now for f in disturbed.faults):
            busy = now
        if now >= min(end, busy + _OVER_TICKS):
            break
    return FaultRun(
        seed,
        stiffness_n_m,
        breathing_m,
        setpoint_n,
        disturbed.faults,
        landed,
        simulation.max_normal_force_n,
        simulation.limit_crossings,
        tuple(sorted(reasons)),
        tuple(_noticed_s(fault, stopped) for fault in disturbed.faults),
    )


def _after(fault: DrawnFault, ticks: int) -> DrawnFault:
    return replace(fault, start=fault.start + ticks, end=fault.end + ticks)


def _noticed_s(fault: DrawnFault, stopped: list[int]) -> float | None:
    """From the start of a fault to the first tick after it in which safety was not OK [s]; None where there is none."""
    return next((0.01 * (tick - fault.start) for tick in stopped if tick >= fault.start), None)


@cache
def code_sha256() -> str:
    """Hash over all code that decides how a run with faults goes."""
    packages = (echopilot_core, echopilot_sim, echopilot_control)
    own = [LAB / "force_runs" / f"{name}.py" for name in ("bodies", "campaign", "fault_kinds", "faults", "run")]
    return source_sha256(*map(folder_of, packages), files=(*own, LAB / "simulated_loop.py"))


def kept_runs(kept: Path) -> dict[int, FaultRun]:
    """Finished runs of this code by seed, from a file with a line for each; a line cut short counts as none."""
    runs = {}
    rows = read_json_lines(kept).documents if kept.exists() else ()
    if kept.exists() and kept.stat().st_size and not any(isinstance(row, dict) and "code" in row for row in rows):
        raise EchoPilotError(f"{kept} holds no finished runs; give another file with --kept")
    for row in rows:
        try:
            if row.pop("code") == code_sha256():
                row["faults"] = tuple(DrawnFault(**fault) for fault in row["faults"])
                run = FaultRun(**row | {key: tuple(row[key]) for key in ("reasons", "noticed_s")})
                runs[run.seed] = run
        except (KeyError, TypeError, AttributeError):
            continue
    return runs


def fault_runs(kept: Path | None, seeds: Sequence[int]) -> list[FaultRun]:
    """The runs of some seeds; added to the file `kept` once all are done."""
    runs = [fault_run(seed) for seed in seeds]
    if kept is not None:
        with kept.open("a") as file:
            file.write("".join(json.dumps({"code": code_sha256()} | asdict(run)) + "\n" for run in runs))
    return runs


def bench_faults(
    runs: int, seed: int, jobs: int, console: Console, plot: Path | None = None, kept: Path | None = None
) -> dict[str, Any]:
    """Run the campaign in parallel processes, print what was found, draw the distribution of maxima.

    Runs that `kept` holds already are not run again; finished ones are added to it.
    """
    started = time.monotonic()
    seeds = range(seed, seed + runs)
    done = kept_runs(kept) if kept is not None else {}
    missing = [s for s in seeds if s not in done]
    if len(missing) < runs:
        console.print(f"{runs - len(missing)} finished runs are kept from {kept}")
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
    batches = [missing[i : i + _BATCH] for i in range(0, len(missing), _BATCH)]
    fresh = run_all(partial(fault_runs, kept), batches, jobs, console, "force faults")
    done |= {run.seed: run for batch in fresh for run in batch}
    results = [done[s] for s in seeds]
    if plot is not None:
        from echopilot_lab.force_runs.plots import draw_maxima

        draw_maxima([run.max_n for run in results], plot)
    figures = summary(results) | {
        "wall_s": time.monotonic() - started,
        "jobs": jobs,
        "seed": seed,
        "kept": runs - len(missing),
        "code_sha256": code_sha256(),
    }
    _show(console, figures)
    return figures


def summary(results: list[FaultRun]) -> dict[str, Any]:
    """Distribution of the maxima; the same, and the time until safety was not OK, by kind of fault; the worst runs."""
    maxima = np.array([run.max_n for run in results])
    by_kind: dict[str, dict[str, float | None]] = {}
    for kind in sorted({f.kind for run in results for f in run.faults}):
        of_kind = [run.max_n for run in results if any(f.kind == kind for f in run.faults)]
        by_kind[kind] = {"runs": len(of_kind), "median_n": float(np.median(of_kind)), "max_n": max(of_kind)}
        by_kind[kind] |= _notice([run for run in results if any(f.kind == kind for f in run.faults)], kind)
    worst = sorted(results, key=lambda run: -run.max_n)[:10]
    return {
        "runs": len(results),
        "landed": sum(run.landed for run in results),
        "runs_above_hard_limit": int(sum(run.limit_crossings > 0 for run in results)),
        "limit_crossings": int(sum(run.limit_crossings for run in results)),
        "max_n": {f"p{p}": float(np.percentile(maxima, p)) for p in (50, 95, 99)} | {"max": float(maxima.max())},
        "kinds": len(KINDS),
        "by_kind": by_kind,
        "reasons": dict(Counter(reason for run in results for reason in run.reasons)),
        "worst": [{"seed": r.seed, "max_n": r.max_n, "faults": sorted({f.kind for f in r.faults})} for r in worst],
    }


def _notice(runs: list[FaultRun], kind: str) -> dict[str, float | None]:
    """Times until safety was not OK [s], of runs whose only fault was of a kind; None where no such run noticed it."""
    alone = [run.noticed_s[0] for run in runs if len(run.faults) == 1]
    times = [time_s for time_s in alone if time_s is not None]
    return {
        "alone": len(alone),
        "noticed": len(times),
        "notice_median_s": float(np.median(times)) if times else None,
        "notice_max_s": max(times, default=None),
    }


def _show(console: Console, figures: dict[str, Any]) -> None:
    table = Table(title=f"{figures['runs']} runs with faults: largest force on the patient")
    for heading in ("fault", "runs", "median N", "max N", "alone", "noticed", "median s", "longest s"):
        table.add_column(heading)
    for kind, row in figures["by_kind"].items():
        times = ["" if row[key] is None else f"{row[key]:.2f}" for key in ("notice_median_s", "notice_max_s")]
        forces = [f"{row[key]:.1f}" for key in ("median_n", "max_n")]
        table.add_row(kind, str(row["runs"]), *forces, str(row["alone"]), str(row["noticed"]), *times)
    console.print(table)
    console.print(
        f"{figures['runs_above_hard_limit']} runs above {HARD_LIMIT_N:.0f} N, largest {figures['max_n']['max']:.1f} N, "
        f"{figures['wall_s']:.0f} s"
    )


def _with_ribs(body: Patient, rib_n_m: float) -> Patient:
    return replace(body, torso=replace(body.torso, stiffness_rib_pa_m=pressure_per_depth(_rounded(rib_n_m))))


def _rounded(stiffness_n_m: float) -> float:
    """To 5 %, so that a table of foundation stiffness is made once."""
    return float(1.05 ** round(np.log(stiffness_n_m) / np.log(1.05)))

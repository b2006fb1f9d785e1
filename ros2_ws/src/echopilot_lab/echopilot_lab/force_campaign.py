"""Many force-only runs with random faults: does the force on the patient ever pass the hard limit?"""

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
from echopilot_core import ControlPhase
from echopilot_lab.force_bodies import pressure_per_depth, uniform_body
from echopilot_lab.force_faults import Disturbed, Fault, draw_faults
from echopilot_lab.force_run import NO_PICTURES, run_force
from echopilot_lab.parallel import run_all
from echopilot_lab.source_hash import HERE, folder_of, source_sha256
from echopilot_sim.anatomy import Patient
from echopilot_sim.simulation import HARD_LIMIT_N, Simulation

STIFFNESS_N_M = (300.0, 8000.0)
RIB_N_M = (8000.0, 20000.0)
BREATHING_M = (0.002, 0.010)
SETPOINTS_N = (5.0, 8.0)
CONTACT_S = 10.0
_LONGEST_LANDING_TICKS = 900
_BATCH = 20


@dataclass(frozen=True)
class FaultRun:
    """One run: what was drawn, and the largest true normal force of all its physics steps."""

    seed: int
    stiffness_n_m: float
    breathing_m: float
    setpoint_n: float
    faults: tuple[Fault, ...]
    landed: bool
    max_n: float
    limit_crossings: int
    reasons: tuple[str, ...]


def fault_run(seed: int, contact_s: float = CONTACT_S) -> FaultRun:
    """Land on a body drawn from `seed`, then run `contact_s` seconds with one to four faults."""
    rng = np.random.default_rng([seed, 0xFA17])
    stiffness_n_m = float(np.exp(rng.uniform(*np.log(STIFFNESS_N_M))))
    breathing_m = float(rng.uniform(*BREATHING_M))
    setpoint_n = float(rng.choice(SETPOINTS_N))
    body = _with_ribs(uniform_body(_rounded(stiffness_n_m), breathing_m, seed), float(rng.uniform(*RIB_N_M)))
    ticks = round(100 * contact_s)
    simulation = Simulation(body, NO_PICTURES)
    disturbed = Disturbed((), rng, stiffness_n_m, setpoint_n)
    reasons: Counter[str] = Counter()
    end, landed = _LONGEST_LANDING_TICKS, False
    for tick in run_force(simulation, disturbed.script()):
        reasons.update(tick.safety.state.reasons)
        now = tick.robot.tick
        if not landed and tick.status.phase in (ControlPhase.TOUCH, ControlPhase.COUPLE):
            landed, end = True, now + ticks
            disturbed.faults = draw_faults(rng, now + 1, now + round(0.8 * ticks))
        if now >= end:
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
    )


@cache
def code_sha256() -> str:
    """Hash over all code that decides how a run with faults goes."""
    packages = (echopilot_core, echopilot_sim, echopilot_control)
    files = [HERE / f"{name}.py" for name in ("force_bodies", "force_campaign", "force_faults", "force_run")]
    return source_sha256(*map(folder_of, packages), files=tuple(files))


def kept_runs(kept: Path) -> dict[int, FaultRun]:
    """Finished runs of this code by seed, from a file with a line for each; a line cut short counts as none."""
    runs = {}
    for line in kept.read_text().splitlines() if kept.exists() else []:
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if told.pop("code") == code_sha256():
            told["faults"] = tuple(Fault(**fault) for fault in told["faults"])
            run = FaultRun(**told | {"reasons": tuple(told["reasons"])})
            runs[run.seed] = run
    return runs


def fault_runs(kept: Path | None, seeds: Sequence[int]) -> list[FaultRun]:
    """The runs of some seeds; added to the file `kept` once all are done."""
    runs = [fault_run(seed) for seed in seeds]
    if kept is not None:
        with kept.open("a") as file:
            file.write("".join(json.dumps({"code": code_sha256()} | asdict(run)) + "\n" for run in runs))
    return runs


def bench_faults(
    runs: int, seed: int, jobs: int, console: Console, picture: Path | None = None, kept: Path | None = None
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
    if picture is not None:
        from echopilot_lab.force_plots import draw_maxima

        draw_maxima([run.max_n for run in results], picture)
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
    """Distribution of the maxima, and the same by kind of fault; the worst runs by seed."""
    maxima = np.array([run.max_n for run in results])
    by_kind: dict[str, dict[str, float]] = {}
    for kind in sorted({f.kind for run in results for f in run.faults}):
        of_kind = [run.max_n for run in results if any(f.kind == kind for f in run.faults)]
        by_kind[kind] = {"runs": len(of_kind), "median_n": float(np.median(of_kind)), "max_n": max(of_kind)}
    worst = sorted(results, key=lambda run: -run.max_n)[:10]
    return {
        "runs": len(results),
        "landed": sum(run.landed for run in results),
        "runs_above_hard_limit": int(sum(run.limit_crossings > 0 for run in results)),
        "limit_crossings": int(sum(run.limit_crossings for run in results)),
        "max_n": {f"p{p}": float(np.percentile(maxima, p)) for p in (50, 95, 99)} | {"max": float(maxima.max())},
        "by_kind": by_kind,
        "reasons": dict(Counter(reason for run in results for reason in run.reasons)),
        "worst": [{"seed": r.seed, "max_n": r.max_n, "faults": sorted({f.kind for f in r.faults})} for r in worst],
    }


def _show(console: Console, figures: dict[str, Any]) -> None:
    table = Table(title=f"{figures['runs']} runs with faults: largest force on the patient")
    for heading in ("fault", "runs", "median N", "max N"):
        table.add_column(heading)
    for kind, row in figures["by_kind"].items():
        table.add_row(kind, str(row["runs"]), f"{row['median_n']:.1f}", f"{row['max_n']:.1f}")
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

"""Force sensors that lie: every kind on many patients, before contact and in it, with time to notice and force."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from echopilot_core.robot import HARD_LIMIT_N
from echopilot_lab.force_runs.plots import draw_lies
from echopilot_lab.force_runs.sensor_lies import LIES, WHEN, LieRun, lie_run
from echopilot_lab.util.parallel import run_all

BAR_N = 18.0
_BATCH = 5


def lie_runs(cases: Sequence[tuple[str, str, int]]) -> list[LieRun]:
    """The runs of some cases (kind, when, seed)."""
    with np.errstate(invalid="ignore"):
        return [lie_run(*case) for case in cases]


def bench_sensors(patients: int, seed: int, jobs: int, console: Console, plot: Path | None = None) -> dict[str, Any]:
    """Every kind of lie on every patient, before contact and in it; prints time to notice and the largest force."""
    cases = [(kind, when, seed + i) for kind in LIES for when in WHEN for i in range(patients)]
    batches = [cases[i : i + _BATCH] for i in range(0, len(cases), _BATCH)]
    runs = [run for batch in run_all(lie_runs, batches, jobs, console, "lying sensors") for run in batch]
    if plot is not None:
        by_kind = {k: {w: [r.max_n for r in runs if r.kind == k and r.when == w] for w in WHEN} for k in LIES}
        draw_lies(by_kind, (BAR_N, HARD_LIMIT_N), plot)
    figures = summary(runs) | {"patients": patients, "seed": seed, "bar_n": BAR_N}
    _show(console, figures)
    return figures


def summary(runs: Sequence[LieRun]) -> dict[str, Any]:
    """Figures of all runs, and by kind and time."""
    by_kind: dict[str, Any] = {}
    for kind in LIES:
        by_kind[kind] = {when: _row([r for r in runs if r.kind == kind and r.when == when]) for when in WHEN}
    worst = sorted(runs, key=lambda run: -run.max_n)[:10]
    return {
        "runs": len(runs),
        "runs_above_bar": sum(run.max_n > BAR_N for run in runs),
        "runs_above_hard_limit": sum(run.limit_crossings > 0 for run in runs),
        "max_n": max(run.max_n for run in runs),
        "by_kind": by_kind,
        "worst": [{"kind": r.kind, "when": r.when, "seed": r.seed, "max_n": r.max_n} for r in worst],
    }


def _row(runs: list[LieRun]) -> dict[str, Any]:
    begun = [run for run in runs if run.begun]
    times = [run.noticed_s for run in begun if np.isfinite(run.noticed_s)]
    unnoticed = [run.max_n for run in begun if not np.isfinite(run.noticed_s)]
    return {
        "runs": len(begun),
        "noticed": len(times),
        "notice_s": {"median": float(np.median(times)), "max": max(times)} if times else None,
        "max_n": max((run.max_n for run in runs), default=0.0),
        "max_unnoticed_n": max(unnoticed, default=None),
        "reasons": sorted({reason for run in runs for reason in run.reasons}),
    }


def _show(console: Console, figures: dict[str, Any]) -> None:
    table = Table(title=f"{figures['runs']} runs with a lying force sensor")
    for heading in ("lie", "when", "noticed", "median s", "longest s", "max N", "reasons"):
        table.add_column(heading)
    for kind, times in figures["by_kind"].items():
        for when, row in times.items():
            notice = row["notice_s"] or {"median": float("nan"), "max": float("nan")}
            table.add_row(
                kind,
                when,
                f"{row['noticed']} of {row['runs']}",
                f"{notice['median']:.2f}",
                f"{notice['max']:.2f}",
                f"{row['max_n']:.1f}",
                " ".join(row["reasons"]),
            )
    console.print(table)
    console.print(
        f"{figures['runs_above_bar']} runs above {BAR_N:.0f} N, {figures['runs_above_hard_limit']} above"
        f" {HARD_LIMIT_N:.0f} N, largest {figures['max_n']:.1f} N"
    )

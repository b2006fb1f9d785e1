"""`echopilot bench views`: number of virtual patients that have each standard view."""

from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from echopilot_core import EchoPilotError, View
from echopilot_sim.anatomy import Anatomy, build, sample_patient
from echopilot_sim.frame_state import Phases

VIEWS = tuple(view for view in View if view != View.NONE)


def bench_view_availability(console: Console, patients: int = 50, seed: int = 600_000) -> dict[str, Any]:
    """Build patients from `seed` on, print how many have each view and which failed to build."""
    counts = dict.fromkeys(VIEWS, 0)
    complete, failed = 0, []
    for patient in track(range(seed, seed + patients), "building patients", console=console, transient=True):
        try:
            anatomy = build(sample_patient(patient))
        except EchoPilotError as error:
            failed.append(f"{patient}: {error}")
            continue
        present = [view for view in VIEWS if has_view(anatomy, view)]
        complete += len(present) == len(VIEWS)
        for view in present:
            counts[view] += 1
    table = Table(title=f"standard views of {patients} patients from seed {seed}")
    table.add_column("view")
    table.add_column("patients that have it", justify="right")
    for view, count in counts.items():
        table.add_row(view.name, f"{count}")
    console.print(table)
    console.print(f"all views in {complete}, {len(failed)} failed to build")
    for line in failed:
        console.print(line, style="red")
    figures = {"patients": patients, "seed": seed, "all_views": complete, "failed": failed}
    return figures | {"views": {view.name: count for view, count in counts.items()}}


def has_view(anatomy: Anatomy, view: View) -> bool:
    """Whether the patient has a place on the skin for this view."""
    target = anatomy.view_target(view, Phases())
    return target is not None and bool(np.isfinite(target).all())

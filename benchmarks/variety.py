"""Build many virtual patients and count their standard views: `python benchmarks/variety.py [--patients N]`."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from echopilot_core import EchoPilotError, View
from echopilot_sim.anatomy import Anatomy, build, draw_patient
from echopilot_sim.moment import Phases

VIEWS = tuple(view for view in View if view != View.NONE)


def has_view(anatomy: Anatomy, view: View) -> bool:
    """Whether the patient has a place on the skin for this view."""
    target = anatomy.view_target(view, Phases())
    return target is not None and bool(np.isfinite(target).all())


def main() -> int:
    """Count and print; returns the exit status, 1 where a patient failed to build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=50, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=600_000, help="first seed (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args()
    console = Console()
    found = dict.fromkeys(VIEWS, 0)
    complete, failed = 0, []
    seeds = range(given.seed, given.seed + given.patients)
    for seed in track(seeds, "building patients", console=Console(stderr=True), transient=True):
        try:
            anatomy = build(draw_patient(seed))
        except EchoPilotError as error:
            failed.append(f"{seed}: {error}")
            continue
        had = [view for view in VIEWS if has_view(anatomy, view)]
        complete += len(had) == len(VIEWS)
        for view in had:
            found[view] += 1
    table = Table(title=f"standard views of {given.patients} patients from seed {given.seed}")
    table.add_column("view")
    table.add_column("patients that have it", justify="right")
    for view, count in found.items():
        table.add_row(view.name, f"{count}")
    console.print(table)
    console.print(f"all views in {complete}, {len(failed)} failed to build")
    for line in failed:
        console.print(line, style="red")
    if given.json is not None:
        figures = {"patients": given.patients, "seed": given.seed, "all_views": complete, "failed": failed}
        given.json.write_text(json.dumps(figures | {"views": {v.name: n for v, n in found.items()}}, indent=2) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

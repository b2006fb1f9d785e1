"""`echopilot dataset`: images of many virtual patients with their truth, for other people's work."""

from pathlib import Path

from rich.console import Console

from echopilot_core import EchoPilotError, View
from echopilot_lab.datasets.index import check_index, settings, shard_row, write_index
from echopilot_lab.datasets.probe_pose_sampling import STANDARD_VIEWS
from echopilot_lab.datasets.shard import ShardPlan, shard_name, write_shard
from echopilot_lab.util.parallel import run_all

SEED_LIMIT = 10_000_000
VIEWS = tuple(sorted(STANDARD_VIEWS))


def make_dataset(
    patients: int, views: str, out: Path, seed: int, frames: int, size_px: int, jobs: int, console: Console
) -> None:
    """Render patients seed ... seed + patients - 1 into `out`, going on where an earlier run was stopped.

    Raises EchoPilotError for impossible settings, and for a folder that holds something else.
    """
    for name, value, low, high in (
        ("patients", patients, 1, SEED_LIMIT),
        ("seed", seed, 0, SEED_LIMIT - patients),
        ("frames", frames, 1, 1000),
        ("size", size_px, 64, 1024),
        ("jobs", jobs, 1, 1024),
    ):
        if not low <= value <= high:
            raise EchoPilotError(f"{name} {value} is impossible; choose {low} to {high}")
    chosen = chosen_views(views)
    first = ShardPlan(seed, chosen, frames, size_px)
    index = settings(first, patients)
    check_index(out, index)
    out.mkdir(parents=True, exist_ok=True)
    plans = [ShardPlan(s, chosen, frames, size_px) for s in range(seed, seed + patients)]
    missing = [(out / shard_name(p.seed), p) for p in plans if not (out / shard_name(p.seed)).exists()]
    if missing:
        write_index(out, index)
    if len(missing) < patients:
        console.print(f"{patients - len(missing)} finished patients are kept from {out}")
    run_all(_write, missing, jobs, console, "rendering patients")
    index["shards"] = [shard_row(out / shard_name(p.seed), p.seed) for p in plans]
    index["complete"] = True
    write_index(out, index)
    megabytes = sum(row["bytes"] for row in index["shards"]) / 1e6
    console.print(f"{patients} patients, {megabytes:.0f} MB -> {out / 'dataset.json'}")


def chosen_views(views: str) -> tuple[View, ...]:
    """Views of a comma separated list, or all; raises EchoPilotError that lists the valid names."""
    if views.strip().lower() == "all":
        return VIEWS
    names = [name.strip().upper() for name in views.split(",")]
    valid = [v.name for v in VIEWS]
    for name in names:
        if name not in valid:
            raise EchoPilotError(f"unknown view {name!r}; choose all, or some of {', '.join(valid)}")
    return tuple(v for v in VIEWS if v.name in names)


def _write(job: tuple[Path, ShardPlan]) -> None:
    write_shard(*job)

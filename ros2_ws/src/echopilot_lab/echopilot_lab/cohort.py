"""Many trials in parallel processes, resumable; figures over all of them, a table and pictures."""

import json
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from echopilot_exam.protocol import load_protocol
from echopilot_lab.cohort_figures import summarise
from echopilot_lab.cohort_plots import draw_cohort
from echopilot_lab.cohort_table import print_cohort
from echopilot_lab.loop import LoopTick
from echopilot_lab.parallel import run_all
from echopilot_lab.start_offset import USUAL, Starts
from echopilot_lab.trial import made_with, run_trial
from echopilot_perception.model import read_manifest


def run_cohort(
    protocol: str,
    patients: int,
    seed: int,
    jobs: int,
    out: Path,
    fresh: bool,
    console: Console,
    starts: Starts = USUAL,
) -> dict[str, Any]:
    """Run seeds `seed .. seed + patients - 1`.

    Finished ones in `out` are kept unless `fresh`, or made with another protocol file, model, code or other starts.
    """
    plan = load_protocol(protocol)
    wanted = made_with(plan, read_manifest(), starts)
    folder = out / plan.name
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    seeds = range(seed, seed + patients)
    missing = [s for s in seeds if not finished(folder, s, wanted)]
    if len(missing) < patients:
        console.print(f"{patients - len(missing)} finished trials are kept from {folder}; --fresh runs them again")
    if stale := differences(folder, missing, wanted):
        console.print(f"finished trials with another {', '.join(stale)} are run again")
    started = time.monotonic()
    run_all(partial(run_one, protocol, folder, starts), missing, jobs, console, "trials")
    results = [json.loads(result_file(folder, s).read_text()) for s in seeds]
    figures = summarise(results) | {"wall_s": time.monotonic() - started, "made_with": wanted}
    print_cohort(results, figures, console)
    for path in draw_cohort(results, figures, folder):
        console.print(str(path))
    return figures


def result_file(folder: Path, seed: int) -> Path:
    """Where the finished trial of a seed lies."""
    return folder / str(seed) / "trial.json"


def finished(folder: Path, seed: int, wanted: dict[str, str | float]) -> bool:
    """Whether the trial of a seed is there, whole, and made with what is wanted."""
    return _made_with(folder, seed) == wanted


def differences(folder: Path, seeds: list[int], wanted: dict[str, str | float]) -> list[str]:
    """What finished trials of these seeds were made with that is wanted otherwise, in words."""
    found = [made for s in seeds if (made := _made_with(folder, s)) is not None]
    keys = [key for key in wanted if any(made.get(key) != wanted[key] for made in found)]
    return list(dict.fromkeys(key.split("_")[0] for key in keys))


def _made_with(folder: Path, seed: int) -> dict[str, Any] | None:
    try:
        made = json.loads(result_file(folder, seed).read_text()).get("made_with")
    except (FileNotFoundError, ValueError):
        return None
    return made if isinstance(made, dict) else None


def run_one(
    protocol: str, folder: Path, starts: Starts, seed: int, watch: Callable[[LoopTick], None] = lambda _: None
) -> int:
    """Worker: run one trial and write its file atomically; `watch` sees every tick."""
    result = run_trial(seed, protocol, folder / str(seed), starts, watch)
    target = result_file(folder, seed)
    partial_file = target.with_suffix(".part")
    partial_file.write_text(json.dumps(result, indent=1) + "\n")
    partial_file.replace(target)
    return seed

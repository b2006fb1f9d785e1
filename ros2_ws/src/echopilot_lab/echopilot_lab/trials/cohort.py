"""Many trials in parallel processes, resumable; figures over all of them, a table and images."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_core.guarded.json_input import read_json
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_exam.record.files import free_file
from echopilot_lab.cli.shared import say_first_start
from echopilot_lab.simulated_loop import SimulatedTick
from echopilot_lab.trials.cohort_figures import summarize
from echopilot_lab.trials.cohort_plots import PLOTS, draw_cohort
from echopilot_lab.trials.cohort_table import print_cohort
from echopilot_lab.trials.start_offset import USUAL, Starts
from echopilot_lab.trials.suspicions.figures import suspicion_figures, suspicion_lines
from echopilot_lab.trials.trial import made_with, run_trial
from echopilot_lab.util.atomic_output import whole_file
from echopilot_lab.util.owned_files import claim
from echopilot_lab.util.parallel import run_all
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
    Nothing is deleted: a trial that is run again writes a new record beside the old one. Raises EchoPilotError where a
    file that is no result of ours would be replaced.
    """
    plan = load_protocol(protocol)
    wanted = made_with(plan, read_manifest(), starts)
    folder = out / plan.name
    seeds = range(seed, seed + patients)
    missing = [s for s in seeds if fresh or not finished(folder, s, wanted)]
    claim_trials(folder, missing)
    if len(missing) < patients:
        console.print(f"{patients - len(missing)} finished trials are kept from {folder}; --fresh runs them again")
    if stale := differences(folder, missing, wanted):
        console.print(f"finished trials with another {', '.join(stale)} are run again")
    say_first_start(console)
    started = time.monotonic()
    run_all(partial(run_one, protocol, folder, starts), missing, jobs, console, "trials")
    results = [read_json(result_file(folder, s), finite=False) for s in seeds]
    figures = summarize(results) | {"suspicions": suspicion_figures(results)}
    figures |= {"wall_s": time.monotonic() - started, "made_with": wanted}
    print_cohort(results, figures, console)
    for line in suspicion_lines(figures["suspicions"]):
        console.print(line)
    for path in draw_cohort(results, figures, folder):
        console.print(str(path))
    return figures


def result_file(folder: Path, seed: int) -> Path:
    """Where the finished trial of a seed lies."""
    return folder / str(seed) / "trial.json"


def finished(folder: Path, seed: int, wanted: dict[str, str | float]) -> bool:
    """Whether the trial of a seed is there, whole, and made with what is wanted."""
    return _made_with(folder, seed) == wanted


def claim_trials(folder: Path, seeds: list[int]) -> None:
    """Reserve the names of what is written; raises EchoPilotError where something else has one of them."""
    claim(folder, PLOTS)
    for seed in seeds:
        if result_file(folder, seed).exists() and _made_with(folder, seed) is None:
            raise EchoPilotError(f"{result_file(folder, seed)} is no result of a trial; give another --out")


def differences(folder: Path, seeds: list[int], wanted: dict[str, str | float]) -> list[str]:
    """What finished trials of these seeds were made with that is wanted otherwise, in words."""
    found = [made for s in seeds if (made := _made_with(folder, s)) is not None]
    keys = [key for key in wanted if any(made.get(key) != wanted[key] for made in found)]
    return list(dict.fromkeys(key.split("_")[0] for key in keys))


def _made_with(folder: Path, seed: int) -> dict[str, Any] | None:
    try:
        made = read_json(result_file(folder, seed), finite=False).get("made_with")
    except (OSError, ValueError, AttributeError):
        return None
    return made if isinstance(made, dict) else None


def run_one(
    protocol: str, folder: Path, starts: Starts, seed: int, watch: Callable[[SimulatedTick], None] = lambda _: None
) -> int:
    """Worker: run one trial and write its file atomically; `watch` sees every tick."""
    record = free_file(folder / str(seed) / "record")
    result = run_trial(seed, protocol, record, starts, watch) | {"record": record.name}
    with whole_file(result_file(folder, seed)) as file:
        file.write_text(json.dumps(result, indent=1) + "\n")
    return seed

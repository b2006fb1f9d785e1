"""Fuzzing in processes of their own, hangs and crashes included: damaged files through every reader, extreme frames."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from echopilot_lab.fuzzing.readers.run import limit_memory, run_file_cases
from echopilot_lab.fuzzing.run import FuzzOutcome, run_cases
from echopilot_perception.pipeline import Perception

CHUNK = 500
SILENCE_S = 120.0  # without a finished case: it hangs
CLIP_EVERY = 10  # cases of which one is a clip or a frame, the others files of all other readers


def is_clip(number: int) -> bool:
    """Whether a case goes through clip readers and network."""
    return number % CLIP_EVERY == CLIP_EVERY - 1


def _outcomes(seed: int, first: int, end: int, model: Path | None, folder: Path) -> Iterator[FuzzOutcome]:
    perception = Perception(model) if any(map(is_clip, range(first, end))) else None
    limit_memory()
    for number in range(first, end):
        if is_clip(number) and perception is not None:
            yield from run_cases(seed, [number], perception, folder)
        else:
            yield from run_file_cases(seed, [number], folder)


def _run_cases(seed: int, first: int, end: int, model: Path | None, at: "Synchronized[int]", file: Path) -> None:
    """Run cases in this process, which a decoder may crash; outcomes go into `file`."""
    with TemporaryDirectory() as folder, file.open("w") as lines:
        for outcome in _outcomes(seed, first, end, model, Path(folder)):
            print(json.dumps(vars(outcome)), file=lines, flush=True)
            at.value = outcome.number + 1


def run_chunk(seed: int, first: int, end: int, model: Path | None) -> list[FuzzOutcome]:
    """Outcomes of cases [first, end); a crash or hang becomes the fault of its case and the rest goes on."""
    rows: list[FuzzOutcome] = []
    while first < end:
        context = get_context("spawn")
        at = context.Value("q", first)
        with TemporaryDirectory() as folder:
            file = Path(folder) / "rows.jsonl"
            process = context.Process(target=_run_cases, args=(seed, first, end, model, at, file))
            process.start()
            last, since = first, time.monotonic()
            while process.is_alive():
                process.join(1.0)
                if at.value != last:
                    last, since = at.value, time.monotonic()
                if time.monotonic() - since > SILENCE_S:
                    process.kill()
                    process.join()
            if file.exists():
                rows += [FuzzOutcome(**json.loads(line)) for line in file.read_text().splitlines()]
        if at.value >= end:
            return rows
        fault = "hangs" if time.monotonic() - since > SILENCE_S else f"crashed the process ({process.exitcode})"
        rows.append(FuzzOutcome(at.value, "see --case", False, fault, 0.0))
        first = at.value + 1
    return rows


def fuzz(
    console: Console, cases: int = 10_000, seed: int = 1, case: int | None = None, model: Path | None = None
) -> dict[str, Any]:
    """Run the cases, or one of them alone, and print those that failed.

    Returns:
        Numbers of cases and refusals, in all and by reader, with the worst time and memory; and the failed cases.
    """
    first, end = (0, cases) if case is None else (case, case + 1)
    rows: list[FuzzOutcome] = []
    began = time.monotonic()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("fuzzing every reader", total=end - first)
        for start in range(first, end, CHUNK):
            rows += run_chunk(seed, start, min(start + CHUNK, end), model)
            progress.update(task, completed=start + CHUNK - first)
    faults = [row for row in rows if row.fault]
    for row in faults:
        console.print(f"seed {seed} case {row.number} ({row.what}): {row.fault}", style="red", markup=False)
    by_reader = _by_reader(rows)
    _show(console, by_reader)
    refused = sum(row.refused for row in rows)
    console.print(
        f"seed {seed}: {len(rows)} cases in {time.monotonic() - began:.0f} s, {refused} refused in one line, "
        f"{len(faults)} failed"
    )
    return {
        "cases": len(rows),
        "seed": seed,
        "refused": refused,
        "max_s": max(row.cpu_s for row in rows),
        "max_mb": max(row.peak_mb for row in rows),
        "by_reader": by_reader,
        "failed": [vars(f) for f in faults],
    }


def _by_reader(rows: list[FuzzOutcome]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[FuzzOutcome]] = defaultdict(list)
    for row in rows:
        groups[row.reader].append(row)
    return {
        name: {
            "cases": len(own),
            "refused": sum(row.refused for row in own),
            "failed": sum(bool(row.fault) for row in own),
            "max_s": round(max(row.cpu_s for row in own), 3),
            "max_mb": round(max(row.peak_mb for row in own), 1),
        }
        for name, own in sorted(groups.items())
    }


def _show(console: Console, by_reader: dict[str, dict[str, float]]) -> None:
    table = Table(title="readers")
    for heading in ("reader", "cases", "refused", "failed", "longest [s]", "most memory [MB]"):
        table.add_column(heading)
    for name, figures in by_reader.items():
        table.add_row(name, *(f"{value:g}" for value in figures.values()))
    console.print(table)

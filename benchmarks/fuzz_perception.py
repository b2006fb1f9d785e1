"""Damaged files and absurd frames through readers and network: `python benchmarks/fuzz_perception.py [--cases N]`.

A case that fails is replayed alone with `--seed S --case K`.
"""

import argparse
import json
import sys
import time
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import Progress

from echopilot_lab.fuzz import Outcome, run_cases
from echopilot_perception.pipeline import Perception

CHUNK = 250
SILENCE_S = 120.0  # without a finished case: it hangs


def work(seed: int, first: int, end: int, model: Path | None, at: "Synchronized[int]", file: Path) -> None:
    """Run cases in a process of their own, so that a crash of a decoder is seen; outcomes go into `file`."""
    perception = Perception(model)
    with TemporaryDirectory() as folder, file.open("w") as lines:
        for outcome in run_cases(seed, range(first, end), perception, Path(folder)):
            print(json.dumps(vars(outcome)), file=lines, flush=True)
            at.value = outcome.number + 1


def run_chunk(seed: int, first: int, end: int, model: Path | None) -> list[Outcome]:
    """Outcomes of cases [first, end); a crash or hang becomes the fault of its case and the rest goes on."""
    rows: list[Outcome] = []
    while first < end:
        context = get_context("spawn")
        at = context.Value("q", first)
        with TemporaryDirectory() as folder:
            file = Path(folder) / "rows.jsonl"
            process = context.Process(target=work, args=(seed, first, end, model, at, file))
            process.start()
            seen, since = first, time.monotonic()
            while process.is_alive():
                process.join(1.0)
                if at.value != seen:
                    seen, since = at.value, time.monotonic()
                if time.monotonic() - since > SILENCE_S:
                    process.kill()
                    process.join()
            if file.exists():
                rows += [Outcome(**json.loads(line)) for line in file.read_text().splitlines()]
        if at.value >= end:
            return rows
        fault = "hangs" if time.monotonic() - since > SILENCE_S else f"crashed the process ({process.exitcode})"
        rows.append(Outcome(at.value, "see --case", False, fault, 0.0))
        first = at.value + 1
    return rows


def main() -> int:
    """Run and print; returns the exit status, 1 where a case failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all cases (default: %(default)s)")
    parser.add_argument("--case", type=int, help="run this one alone")
    parser.add_argument("--model", type=Path, help="model folder (default: the shipped one)")
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args()
    console = Console()
    first, end = (0, given.cases) if given.case is None else (given.case, given.case + 1)
    rows: list[Outcome] = []
    began = time.monotonic()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("fuzzing perception", total=end - first)
        for start in range(first, end, CHUNK):
            rows += run_chunk(given.seed, start, min(start + CHUNK, end), given.model)
            progress.update(task, completed=start + CHUNK - first)
    faults = [row for row in rows if row.fault]
    for row in faults:
        console.print(f"seed {given.seed} case {row.number} ({row.what}): {row.fault}", style="red", markup=False)
    refused = sum(row.refused for row in rows)
    slowest = max(rows, key=lambda row: row.cpu_s)
    console.print(
        f"seed {given.seed}: {len(rows)} cases in {time.monotonic() - began:.0f} s, {refused} refused in one line, "
        f"{len(faults)} failed; slowest {slowest.cpu_s:.1f} s (case {slowest.number})"
    )
    if given.json is not None:
        figures = {"cases": len(rows), "seed": given.seed, "refused": refused, "failed": [vars(f) for f in faults]}
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(figures | {"slowest_s": slowest.cpu_s}, indent=2) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

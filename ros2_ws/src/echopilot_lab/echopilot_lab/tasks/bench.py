"""`echopilot bench tasks`: applications, shares of labels and seeds for each encoder; every result is kept."""

import hashlib
import importlib.util
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from echopilot_core import Array, EchoPilotError
from echopilot_core.guarded.array_input import read_arrays
from echopilot_lab.tasks.images import ImagePlan, task_sets
from echopilot_lab.tasks.own_images import own_application
from echopilot_lab.tasks.paired_intervals import ScoredEncoder, difference, scored
from echopilot_lab.tasks.table import draw_scores, print_scores
from echopilot_lab.util.atomic_output import whole_file
from echopilot_lab.util.owned_files import claim
from echopilot_perception.finetuning.labels.class_names import parse_class_names
from echopilot_perception.tasks.applications import (
    REPORT,
    RETRIEVAL,
    TaskApplication,
    choose_applications,
    report_text,
)
from echopilot_perception.tasks.marks import Score, said_and_true, score_of
from echopilot_perception.tasks.perturb import PERTURBATIONS, perturbed_set
from echopilot_perception.tasks.task_set import TaskSet, labeled_share

MARKS, PLOT, TABLE = "marks", "scores.png", "scores.json"
AS_THEY_ARE = "plain"
MAX_BYTES = 100_000_000
VERSION = 1  # of how tasks are learned and marked: results of another one are made again
LEAST_ENCODERS, MOST_ENCODERS = 1, 12


@dataclass(frozen=True)
class BenchPlan:
    """What is compared, on what, and how long it learns. `images` says where the images lie and how many there are."""

    encoders: tuple[str, ...]
    images: ImagePlan
    out: Path
    tasks: tuple[str, ...] = ()
    shares: tuple[float, ...] = (0.05, 1.0)
    seeds: int = 1
    steps: int = 120
    threads: int = 1
    perturbed: bool = False
    own: tuple[str, ...] = ()  # TASK=DIR: images of a user in place of the rendered ones
    classes: tuple[str, ...] = ()  # what colors and names in their masks stand for


@dataclass(frozen=True)
class _Cell:
    """One result: an encoder, an application, a share of labels and a seed."""

    encoder: int
    application: TaskApplication
    share: float
    seed: int


def bench_tasks(plan: BenchPlan, console: Console, results: Console) -> dict[str, Any]:
    """Measure every encoder on every application; what was measured before is kept from `plan.out`.

    Gives scores with intervals, and differences from the first encoder. Raises EchoPilotError with one line.
    """
    applications = list(choose_applications(plan.tasks) if plan.tasks or not plan.own else ())
    _check(plan)
    names = parse_class_names(plan.classes)
    if importlib.util.find_spec("torch") is None:
        raise EchoPilotError("bench tasks needs PyTorch, which is not installed: pip install 'echopilot[train]'")
    import torch

    from echopilot_perception.tasks.encoded import compared_encoder
    from echopilot_perception.tasks.learn import LearnPlan
    from echopilot_perception.training.distributed import choose_device

    encoders = [compared_encoder(text) for text in plan.encoders]
    if len({encoder.label for encoder in encoders}) < len(encoders):
        raise EchoPilotError("two encoders have the same name; name them: --encoder NAME=FILE")
    torch.set_num_threads(plan.threads)
    claim(plan.out, (MARKS, PLOT, TABLE))
    (plan.out / MARKS).mkdir(exist_ok=True)
    own = dict(own_application(text, names, console) for text in plan.own)
    brought = {application.name for application in own}
    rest = [application for application in applications if application.name not in brought]
    sets = task_sets(rest, plan.images, console) | {data.name: data for data in own.values()}
    applications = [*rest, *own]
    learn = LearnPlan(steps=plan.steps, device=choose_device("auto"))
    begin = time.monotonic()
    marks = _measured(plan, applications, encoders, sets, learn, console)
    found = _scores(plan, applications, encoders, sets, marks)
    figures = {
        "encoders": {
            e.label: {"file": None if e.file is None else e.file.name, "sha256": e.identity} for e in encoders
        },
        "shares": list(plan.shares),
        "seeds": plan.seeds,
        "steps": plan.steps,
        "patients": {name: _patients(data) for name, data in sets.items()},
        "tasks": found,
        "wall_s": time.monotonic() - begin,
    }
    with whole_file(plan.out / TABLE) as file:
        file.write_text(json.dumps(figures, indent=1) + "\n")
    draw_scores(figures, plan.out / PLOT)
    print_scores(figures, results)
    console.print(f"{plan.out / TABLE} and {plan.out / PLOT}", highlight=False, soft_wrap=True)
    return figures


def _check(plan: BenchPlan) -> None:
    if not LEAST_ENCODERS <= len(plan.encoders) <= MOST_ENCODERS:
        raise EchoPilotError(f"bench tasks compares 1 to {MOST_ENCODERS} encoders; give --encoder scratch or a file")
    if not plan.shares or not all(0.0 < share <= 1.0 for share in plan.shares):
        raise EchoPilotError("--share must be numbers above 0 up to 1, for example 0.05 and 1")


def _measured(
    plan: BenchPlan,
    applications: Sequence[TaskApplication],
    encoders: Sequence[Any],
    sets: dict[str, TaskSet],
    learn: Any,
    console: Console,
) -> dict[_Cell, dict[str, Array]]:
    from echopilot_perception.tasks.learn import measure

    cells = [
        _Cell(number, application, share, seed)
        for number in range(len(encoders))
        for seed in range(1, plan.seeds + 1)
        for name in sets
        for application in applications
        if application.images == name
        for share in (plan.shares if application.kind != RETRIEVAL else plan.shares[-1:])
    ]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    marks: dict[_Cell, dict[str, Array]] = {}
    with Progress(*columns, TimeRemainingColumn(), console=console, speed_estimate_period=3600.0) as progress:
        shown = progress.add_task("tasks", total=len(cells))
        seen: dict[str, Any] = {}
        of = (-1, -1, "")
        for cell in cells:
            encoder, data = encoders[cell.encoder], sets[cell.application.images]
            progress.update(shown, description=f"{encoder.label}: {cell.application.name} {100 * cell.share:g} %")
            path = plan.out / MARKS / f"{_key(cell, encoder.identity, data, plan)}.npz"
            judged = data.rows(cell.application, held_out=True)
            names = (AS_THEY_ARE, *(PERTURBATIONS if plan.perturbed and cell.share == plan.shares[-1] else ()))
            kept = _kept(path, len(judged), names)
            if kept is None:
                built = encoder.build(cell.seed)
                if of != (cell.encoder, encoder.drawn(cell.seed), data.name):
                    seen, of = {}, (cell.encoder, encoder.drawn(cell.seed), data.name)
                _encode(built, data, names, seen, learn.device)
                rows = labeled_share(data.rows(cell.application, held_out=False), cell.share, cell.seed)
                judge = {name: seen[name] for name in names}
                kept = measure(built, seen[AS_THEY_ARE], judge, cell.application, rows, cell.seed, learn)
                with whole_file(path) as partial, partial.open("wb") as file:
                    np.savez_compressed(file, **_arrays(kept, names))
            marks[cell] = kept
            progress.advance(shown)
    return marks


def _arrays(marks: dict[str, Array], names: Sequence[str]) -> dict[str, Any]:
    return {name: marks[name] for name in names}


def _key(cell: _Cell, identity: str, data: TaskSet, plan: BenchPlan) -> str:
    told = (VERSION, identity, cell.application.name, cell.share, cell.seed, plan.steps, data.fingerprint)
    return f"{cell.application.name}_{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:20]}"


def _encode(encoder: Any, data: TaskSet, names: Sequence[str], seen: dict[str, Any], device: Any) -> None:
    """Add what an encoder makes of the images, as they are and perturbed, where it is not there yet."""
    from echopilot_perception.tasks.encoded import EncodedImages, encode_images
    from echopilot_perception.tasks.learn import EncodedSet

    if AS_THEY_ARE not in seen:
        seen[AS_THEY_ARE] = EncodedSet(data, encode_images(encoder, data.images, device))
    for name in names:
        if name not in seen:
            changed, whole = perturbed_set(data, name), seen[AS_THEY_ARE].encoded
            features, dense = whole.features.clone(), whole.dense.clone()
            rows = np.flatnonzero(data.held_out)
            found = encode_images(encoder, changed.images[rows], device)
            features[rows], dense[rows] = found.features, found.dense
            seen[name] = EncodedSet(changed, EncodedImages(features, dense))


def _kept(path: Path, count: int, names: Sequence[str]) -> dict[str, Array] | None:
    """Marks of an earlier run by name, None where they are not all there."""
    try:
        found = read_arrays(path, names, MAX_BYTES)
        marks = {name: np.asarray(found[name], np.float64) for name in names}
    except (OSError, ValueError, KeyError, EchoPilotError):
        return None
    return marks if all(rows.ndim == 2 and len(rows) == count for rows in marks.values()) else None


def _scores(
    plan: BenchPlan,
    applications: Sequence[TaskApplication],
    encoders: Sequence[Any],
    sets: dict[str, TaskSet],
    marks: dict[_Cell, dict[str, Array]],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for application in applications:
        data, score = sets[application.images], score_of(application)
        patients = data.patients[data.rows(application, held_out=True)]
        shares: dict[str, Any] = {}
        for share in plan.shares if application.kind != RETRIEVAL else plan.shares[-1:]:
            of = [[marks[_Cell(k, application, share, s)] for s in range(1, plan.seeds + 1)]
                  for k in range(len(encoders))]  # fmt: skip
            rows: list[ScoredEncoder] = [scored([m[AS_THEY_ARE] for m in seeds], patients, score) for seeds in of]
            shares[f"{share:g}"] = {
                encoder.label: {
                    "score": _finite(row.score),
                    "interval": [_finite(end) for end in row.interval],
                    "of_seeds": [_finite(one) for one in row.of_seeds],
                    **_losses(of[k], score, application),
                    **(_example(of[k][0][AS_THEY_ARE]) if application.kind == REPORT else {}),
                    **({} if k == 0 else {f"against_{encoders[0].label}": _better(application, rows[0], row)}),
                }
                for k, (encoder, row) in enumerate(zip(encoders, rows, strict=True))
            }
        found[application.name] = {
            "kind": application.kind,
            "metric": application.metric,
            "higher_is_better": application.higher,
            "how": _how(application),
            "images": {"learn": len(data.rows(application, False)), "measured": len(patients)},
            "shares": shares,
        }
    return found


def _example(marks: Array) -> dict[str, Any]:
    """The report of the held-out image of which most is true, as it was written and as it should be."""
    said, true = said_and_true(max(marks, key=lambda row: int(said_and_true(row)[1].sum())))
    return {"example": {"said": report_text(said.tolist()), "true": report_text(true.tolist())}}


def _losses(seeds: Sequence[dict[str, Array]], score: Score, application: TaskApplication) -> dict[str, Any]:
    """Loss [%] of the score under each perturbation, above 0 where it became worse; nothing where none was measured."""
    plain = float(np.mean([score(m[AS_THEY_ARE]) for m in seeds]))
    losses = {}
    for name in seeds[0]:
        if name != AS_THEY_ARE:
            change = float(np.mean([score(m[name]) for m in seeds])) - plain
            losses[name] = _finite(100.0 * (-change if application.higher else change) / max(abs(plain), 1e-9))
    return {"loss_pct": losses} if losses else {}


def _how(application: TaskApplication) -> str:
    if application.kind == RETRIEVAL:
        return "no training"
    return "fine-tuned" if application.finetuned else "linear probe"


def _better(application: TaskApplication, first: ScoredEncoder, second: ScoredEncoder) -> dict[str, Any]:
    """The paired difference, and whether it is surely one for the better."""
    told = difference(first, second)
    better = (told.value > 0.0) == application.higher
    return {
        "difference": _finite(told.value),
        "interval": [_finite(end) for end in told.interval],
        "better": told.sure and better,
        "worse": told.sure and not better,
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _patients(data: TaskSet) -> dict[str, int]:
    sides = {"learn": ~data.held_out, "measured": data.held_out}
    return {side: len(np.unique(data.patients[rows])) for side, rows in sides.items()}

"""`echopilot pretrain`: images of a folder into the store, then the run, alone or as one of torchrun's processes."""

import importlib.util
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from echopilot_core import EchoPilotError
from echopilot_lab.pretraining.sources import DataSources, find_sources
from echopilot_lab.util.owned_files import claim
from echopilot_perception.pretraining.data.image import PretrainImage
from echopilot_perception.pretraining.data.store import INDEX, ImageStore, open_store, write_store
from echopilot_perception.pretraining.recipe.recipe import read_recipe
from echopilot_perception.pretraining.tree.label_tree import TREE_FILE, LabelTree, read_tree
from echopilot_perception.pretraining.tree.targets import known_share

STORE, LAST, ENCODER, BOARD = "images", "last.pt", "encoder.pth", "board"
POLL_S = 0.2  # of a process that waits for the first one's store
SHOWN_LOSSES = 50  # steps over which the first and the last losses are averaged, at most


def run_pretraining(
    data: Path, recipe: str, out: Path, console: Console, start: Path | None = None, tree: Path | None = None
) -> dict[str, Any]:
    """Pre-train an encoder on what lies below `data`; an interrupted run in `out` goes on.

    Gives the figures of the run; `finished` is False where it was stopped. Raises EchoPilotError with one line.
    """
    settings, labels = read_recipe(recipe), read_tree(TREE_FILE if tree is None else tree)
    if importlib.util.find_spec("torch") is None:
        raise EchoPilotError("pre-training needs PyTorch, which is not installed: pip install 'echopilot[train]'")
    from echopilot_perception.pretraining.run.loop import pretrain
    from echopilot_perception.training.distributed import from_environment

    processes = from_environment()
    first = processes.is_first
    sources = find_sources(data, settings.data, labels)
    if first:
        claim(out, (STORE, LAST, ENCODER, BOARD))
        store = _store(sources, out, labels, console)
        _tell(store, labels, console)
    else:
        store = _wait_for_store(out / STORE, sources.fingerprint)
    begin = time.monotonic()
    result = pretrain(store, labels, settings, out, console, start)
    seconds = time.monotonic() - begin
    if first:
        what = "finished" if result.finished else "stopped; the same command goes on"
        console.print(
            f"{what}: step {result.state.step} of {result.steps}, encoder in {out / ENCODER}",
            highlight=False,
            soft_wrap=True,
        )
    return {
        "rank": processes.rank,
        "processes": processes.size,
        "recipe": settings.name,
        "images": len(store),
        "clips": len(np.unique(store.clips)),
        "known_share": known_share(np.asarray(store.targets), labels),
        "remarks": list(store.remarks),
        "steps": result.state.step,
        "steps_in_all": result.steps,
        "finished": result.finished,
        "seconds": seconds,
        "first_losses": _mean(result.state.curve[:SHOWN_LOSSES]),
        "last_losses": _mean(result.state.curve[-SHOWN_LOSSES:]),
        "encoder": str(out / ENCODER),
    }


def _store(sources: DataSources, out: Path, tree: LabelTree, console: Console) -> ImageStore:
    """The store of an earlier run when it is of the same data, a new one otherwise."""
    folder = out / STORE
    if (folder / INDEX).exists():
        store = open_store(folder)
        if store.fingerprint == sources.fingerprint:
            console.print(f"{len(store)} images are kept from {folder}", highlight=False, soft_wrap=True)
            return store
        if (out / LAST).exists():
            raise EchoPilotError(
                f"{sources.root}, the tree or the choice of labels changed since the run in {out} began; "
                "give another --out"
            )
    remarks: list[str] = []
    columns = (TextColumn("reading images"), TextColumn("{task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("reading", total=None)

        def counted() -> Iterator[PretrainImage]:
            for image in sources.images():
                progress.advance(task)
                yield image
            remarks.extend(sources.reader.left_out.remarks())

        return write_store(folder, counted(), tree, sources.fingerprint, remarks)


def _wait_for_store(folder: Path, fingerprint: str) -> ImageStore:
    """The store that the first process makes; torchrun ends us when that one fails."""
    parent = os.getppid()
    while True:
        if (folder / INDEX).exists():
            store = open_store(folder)
            if store.fingerprint == fingerprint:
                return store
        if os.getppid() != parent:
            raise EchoPilotError("the first process ended before the images were read")
        time.sleep(POLL_S)


def _tell(store: ImageStore, tree: LabelTree, console: Console) -> None:
    shares = ", ".join(f"{level} {100 * share:.0f} %" for level, share in known_share(store.targets, tree).items())
    console.print(f"{len(store)} images; known of them: {shares}", highlight=False, soft_wrap=True)
    for line in store.remarks:
        console.print(f"note: {line}", highlight=False, soft_wrap=True)


def _mean(curve: list[dict[str, float]]) -> dict[str, float]:
    """Mean losses by name over steps; a loss that was not there in a step does not count."""
    names = sorted({name for figures in curve for name in figures})
    return {name: float(np.mean([figures[name] for figures in curve if name in figures])) for name in names}

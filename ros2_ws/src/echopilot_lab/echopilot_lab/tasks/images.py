"""The sets of images of the applications: rendered once, kept in a folder."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_core.guarded.array_input import read_arrays
from echopilot_core.guarded.bounded import one_line
from echopilot_lab.tasks.lesions import lesion_images, lesion_set
from echopilot_lab.tasks.rendered import FIRST_HELD_OUT, FIRST_SEED, rendered_set
from echopilot_lab.util.atomic_output import whole_file
from echopilot_lab.util.parallel import run_all
from echopilot_perception.tasks.applications import OVARY, RENDERED, THYROID, TaskApplication
from echopilot_perception.tasks.task_set import TaskSet

ARRAYS = ("images", "maps", "malignant")
MAX_BYTES = 20_000_000


@dataclass(frozen=True)
class ImagePlan:
    """Where images are kept, and how many patients there are to learn from and to measure on."""

    folder: Path
    patients: int = 16
    held_out: int = 16
    lesion_patients: int = 48
    lesion_held_out: int = 48
    jobs: int = 2


def task_sets(applications: Iterable[TaskApplication], plan: ImagePlan, console: Console) -> dict[str, TaskSet]:
    """The sets that the applications need, by name; what is not there yet is rendered."""
    wanted = {application.images for application in applications}
    sets = {}
    if RENDERED in wanted:
        folder = plan.folder / RENDERED
        sets[RENDERED] = rendered_set(folder, plan.patients, plan.held_out, plan.jobs, console)
    for family in (THYROID, OVARY):
        if family in wanted:
            sets[family] = _lesions(family, plan, console)
    return sets


def _lesions(family: str, plan: ImagePlan, console: Console) -> TaskSet:
    if min(plan.lesion_patients, plan.lesion_held_out) < 4:
        raise EchoPilotError("phantoms with lesions: give 4 patients or more to learn from and to measure on")
    seeds = list(range(FIRST_SEED, FIRST_SEED + plan.lesion_patients))
    held_out = list(range(FIRST_HELD_OUT, FIRST_HELD_OUT + plan.lesion_held_out))
    folder = plan.folder / family
    folder.mkdir(parents=True, exist_ok=True)
    every = [*seeds, *held_out]
    todo = [seed for seed in every if not _file(folder, seed).exists()]
    run_all(partial(_write, family, folder), todo, plan.jobs, console, f"rendering {family} phantoms")
    return lesion_set(family, seeds, held_out, [_read(_file(folder, seed)) for seed in every])


def _file(folder: Path, seed: int) -> Path:
    return folder / f"phantom_{seed:06d}.npz"


def _write(family: str, folder: Path, seed: int) -> None:
    images, maps, malignant = lesion_images(family, seed)
    with whole_file(_file(folder, seed)) as partial_file, partial_file.open("wb") as file:
        np.savez_compressed(file, images=images, maps=maps, malignant=np.array(malignant))


def _read(path: Path) -> tuple[NDArray[Any], ...]:
    try:
        arrays = read_arrays(path, ARRAYS, MAX_BYTES)
    except (OSError, ValueError) as error:
        raise EchoPilotError(f"{path} is damaged ({one_line(error, 80)}); delete it and run again") from error
    return tuple(arrays[name] for name in ARRAYS)

"""Hearts and aortas of virtual patients as a set of images with the targets of nine applications."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from echopilot_core import EchoPilotError, FindingKind, SegmentationClass, View
from echopilot_lab.datasets.probe_pose_sampling import Recipe
from echopilot_lab.datasets.training_shards import TRAIN_SEEDS, VALIDATION_SEEDS, load, render
from echopilot_lab.datasets.visible_labels import disease_cells
from echopilot_perception import grid
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.heads.sizes import NAMES
from echopilot_perception.tasks.applications import CHAMBERS, RENDERED, STANDARD_VIEWS, STATEMENTS, VESSELS
from echopilot_perception.tasks.task_set import TaskSet
from echopilot_perception.training import Samples, join
from echopilot_perception.training.samples import UNKNOWN_VIEW

FIRST_SEED, FIRST_HELD_OUT = 300_000, 650_000
"""Of patients to learn from and to measure on: seeds of training and of development."""
RECIPE = Recipe(a4c=7, aorta=9, wide=12, other=12, anywhere=2)
WIDE_M = 0.030
HALF = grid.CELLS // 2
FLAGS = (FindingKind.EFFUSION, FindingKind.THROMBUS, FindingKind.DISSECTION_FLAP)


def rendered_set(folder: Path, patients: int, held_out: int, jobs: int, console: Console) -> TaskSet:
    """Render what is not there yet, and read it. Raises EchoPilotError for counts beyond the seeds."""
    if not 2 <= patients <= TRAIN_SEEDS[1] - FIRST_SEED or not 2 <= held_out <= VALIDATION_SEEDS[1] + 50_000:
        raise EchoPilotError(f"{patients} and {held_out} patients are not possible; give 2 or more of each")
    seeds = [*range(FIRST_SEED, FIRST_SEED + patients), *range(FIRST_HELD_OUT, FIRST_HELD_OUT + held_out)]
    paths = render(folder, seeds, console, jobs, RECIPE)
    parts = [load([path]) for path in paths]
    numbers = np.repeat(seeds, [len(part) for part in parts])
    return task_set(join(parts), numbers, numbers >= FIRST_HELD_OUT)


def task_set(samples: Samples, patients: NDArray[np.int64], held_out: NDArray[np.bool_]) -> TaskSet:
    """Samples of patients (N,) as targets: labels on every second cell, lengths as if the image were 160 mm deep."""
    labels = samples.labels[:, ::2, ::2]
    calm = samples.calm.reshape(-1, HALF, 2, HALF, 2).mean(axis=(2, 4)).astype(np.float32) / 255.0
    targets: dict[str, NDArray[Any]] = {
        "chambers": _classes(labels, CHAMBERS),
        "vessel": _classes(labels, VESSELS),
        "view": samples.view.astype(np.int64),
        "landmarks": np.where(samples.landmarks_known[:, None, None], samples.landmarks, np.nan).astype(np.float32),
        "diameter": samples.sizes[:, NAMES.index("aorta_outer_ap_m")],
        "calm": np.where(samples.calm_known[:, None, None], calm, np.float32("nan")),
        "statements": _statements(samples),
        "quality": samples.quality,
    }
    return TaskSet(RENDERED, samples.image, patients.astype(np.int64), held_out, targets)


def _classes(labels: NDArray[np.uint8], classes: tuple[SegmentationClass, ...]) -> NDArray[np.uint8]:
    """Numbers 1 .. of the classes, 0 elsewhere; images that show none of them are unknown as a whole."""
    found = np.where(labels == UNKNOWN_LABEL, UNKNOWN_LABEL, 0).astype(np.uint8)
    for number, tissue in enumerate(classes, 1):
        found[labels == tissue] = number
    found[~np.isin(labels, classes).any(axis=(1, 2))] = UNKNOWN_LABEL
    return found


def _statements(samples: Samples) -> NDArray[np.int8]:
    """Flags (N, S) of STATEMENTS: 1 true, 0 false, -1 unknown."""
    flags = np.full((len(samples), len(STATEMENTS)), -1, np.int8)
    views = np.array([int(view) for view in STANDARD_VIEWS])
    told = samples.view != UNKNOWN_VIEW
    flags[:, : len(views)] = np.where(told[:, None], samples.view[:, None] == views, -1)
    for at, kind in enumerate(FLAGS, len(views)):
        known = (samples.disease != UNKNOWN_LABEL).any(axis=(1, 2))
        there = np.array([disease_cells(np.where(d == UNKNOWN_LABEL, 0, d), kind) > 0 for d in samples.disease])
        flags[:, at] = np.where(known, there, -1)
    size = samples.sizes[:, NAMES.index("aorta_outer_ap_m")]  # as if 160 mm deep: the depth is not in the samples
    shows_none = np.isnan(size) & told & (samples.view != View.AORTA_TRANS)
    flags[:, -1] = np.where(np.isfinite(size), size >= WIDE_M, np.where(shows_none, 0, -1))
    return flags

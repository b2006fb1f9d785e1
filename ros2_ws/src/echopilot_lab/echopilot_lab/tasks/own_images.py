"""Images that users bring as a set of one application, by the readers of `finetune`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_lab.finetuning.label_sources import read_labels
from echopilot_lab.tasks.rendered import task_set
from echopilot_perception.finetuning.labels.class_names import ClassNames
from echopilot_perception.finetuning.task_heads import task_head
from echopilot_perception.tasks.applications import APPLICATIONS, TaskApplication
from echopilot_perception.tasks.task_set import TaskSet
from echopilot_perception.training import stack

LABELS = {
    "chambers": "segmentation",
    "vessel": "segmentation",
    "view": "view",
    "retrieval": "view",
    "quality": "quality",
    "landmarks": "landmarks",
    "diameter": "sizes",
}
"""Applications that can be measured on images of a user, and the task of `finetune` whose labels they take."""
HELD_OUT = 0.4  # of the patients
SPLIT_SEED = 1


def own_application(text: str, classes: ClassNames, console: Console) -> tuple[TaskApplication, TaskSet]:
    """The application `TASK=DIR` on images of a folder, split by patient; EchoPilotError for bad input."""
    name, separator, folder = text.partition("=")
    if not separator or name not in LABELS:
        raise EchoPilotError(f"--own {one_line(text, 60)!r} must be TASK=DIR with a task of {', '.join(LABELS)}")
    images = read_labels(task_head(LABELS[name]), Path(folder), classes, console)
    patients = sorted({image.patient for image in images})
    if len(patients) < 4:
        raise EchoPilotError(
            f"{folder}: labels of {len(patients)} patients; give 4 or more, to measure on some of them"
        )
    count = min(max(round(HELD_OUT * len(patients)), 2), len(patients) - 2)
    chosen = set(np.random.default_rng(SPLIT_SEED).permutation(len(patients))[:count].tolist())
    numbers = np.array([patients.index(image.patient) for image in images])
    whole = task_set(stack(image.sample for image in images), numbers, np.isin(numbers, list(chosen)))
    own = f"own {name}"
    return replace(APPLICATIONS[name], images=own), replace(whole, name=own)

"""Labels of a task in a user's folder: which layout it has, and its labeled images."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from echopilot_core import EchoPilotError
from echopilot_perception.finetuning.labels.class_names import ClassNames
from echopilot_perception.finetuning.labels.coco import coco_file, read_coco
from echopilot_perception.finetuning.labels.labeled_images import LabeledImage
from echopilot_perception.finetuning.labels.mask_folder import has_masks, read_mask_folder
from echopilot_perception.finetuning.labels.table import TABLE_FILE, read_table
from echopilot_perception.finetuning.task_heads import COCO, MASKS, TABLE, TaskHead

HOW = {
    MASKS: "images/ and masks/ of the same names",
    TABLE: f"{TABLE_FILE} beside the images",
    COCO: "a JSON file in the COCO format",
}


def read_labels(task: TaskHead, folder: Path, classes: ClassNames, console: Console) -> list[LabeledImage]:
    """All labeled images of a folder; raises EchoPilotError with one line that says what the task reads."""
    made = _labels(task, folder, classes)
    columns = (TextColumn("reading labels"), TextColumn("{task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        shown, images = progress.add_task("reading", total=None), []
        for image in made:
            images.append(image)
            progress.advance(shown)
    return images


def _labels(task: TaskHead, folder: Path, classes: ClassNames) -> Iterator[LabeledImage]:
    if not folder.is_dir():
        raise EchoPilotError(f"{folder} {'is no folder' if folder.exists() else 'does not exist'}; give --labels DIR")
    if MASKS in task.labels and has_masks(folder):
        return read_mask_folder(folder, classes)
    if TABLE in task.labels and (folder / TABLE_FILE).is_file():
        return read_table(folder, task.name)
    if COCO in task.labels and not has_masks(folder) and (file := coco_file(folder)) is not None:
        return read_coco(file, task.name, classes)
    ways = ", or ".join(HOW[kind] for kind in task.labels)
    raise EchoPilotError(f"{folder} holds no labels for {task.name}; it reads {ways}")

"""The tasks that `finetune` knows: the head that learns each, the labels that teach it, the figure that judges it."""

from dataclasses import dataclass

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_perception.heads import HEADS, Head

MASKS, TABLE, COCO = "masks", "table", "coco"


@dataclass(frozen=True)
class TaskHead:
    """A task of `finetune`: `head` by name, kinds of labels, and what `metric` (a prefix) of that head says."""

    name: str
    head: str
    labels: tuple[str, ...]
    metric: str
    about: str

    @property
    def module(self) -> Head:
        """The head itself."""
        return next(head for head in HEADS if head.name == self.head)


TASK_HEADS = {
    task.name: task
    for task in (
        TaskHead("segmentation", "segmentation", (MASKS, COCO), "dice.", "outlines of structures"),
        TaskHead("view", "view", (TABLE,), "view_accuracy", "standard view, or none"),
        TaskHead("quality", "quality", (TABLE,), "quality_mae", "how usable an image is, 0 to 1"),
        TaskHead("landmarks", "landmarks", (TABLE,), "landmark_", "named points"),
        TaskHead("sizes", "sizes", (TABLE,), "size.", "diameters and volumes without an outline"),
        TaskHead("detection", "disease", (COCO,), "patch.", "boxes around findings"),
    )
}


def task_head(name: str) -> TaskHead:
    """A task by name; raises EchoPilotError that lists the tasks."""
    if name not in TASK_HEADS:
        raise EchoPilotError(f"finetune: task {one_line(name, 40)!r} is unknown; choose one of {', '.join(TASK_HEADS)}")
    return TASK_HEADS[name]

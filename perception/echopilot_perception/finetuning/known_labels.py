"""Classes and views that occur in labels, and whether there is anything to tell apart."""

import numpy as np

from echopilot_core import EchoPilotError, SegmentationClass, View
from echopilot_perception.finetuning.task_heads import TaskHead
from echopilot_perception.heads import HeadSpec
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.training.config import DEFAULT_SPEC
from echopilot_perception.training.samples import Samples


def known_spec(task: TaskHead, samples: Samples) -> HeadSpec:
    """The spec of a model of this task: the classes and views that occur in its labels.

    Raises EchoPilotError with one line when there is nothing to tell apart: a single class, view or value, or no box.
    """
    guidance = DEFAULT_SPEC.guidance
    if task.head == "segmentation":
        found = [c for c in SegmentationClass if (samples.labels == c).any()]
        classes = tuple(dict.fromkeys((SegmentationClass.BACKGROUND, *found)))
        if len(found) < 2:
            raise _nothing(task, "the class", [c.name for c in found])
        return HeadSpec(guidance, classes)
    if task.head == "view":
        views = tuple(v for v in View if (samples.view == v).any())
        if len(views) < 2:
            raise _nothing(task, "the view", [v.name for v in views])
        return HeadSpec(guidance, views=views)
    values = {
        "quality": samples.quality,
        "landmarks": samples.landmarks,
        "sizes": samples.sizes,
        "disease": samples.disease[samples.disease != UNKNOWN_LABEL].astype(np.float32),
    }[task.head]
    different = np.unique(values[np.isfinite(values)])
    if len(different) < 2:
        raise _nothing(task, "the value", [f"{value:g}" for value in different])
    return HeadSpec(guidance)


def _nothing(task: TaskHead, what: str, found: list[str]) -> EchoPilotError:
    said = f"all labels hold {what} {found[0]} alone" if found else "no label says anything"
    return EchoPilotError(f"finetune {task.name}: {said}, so there is nothing to tell apart; give images of two kinds")

"""Eleven applications after those of EchoCare's authors (README of github.com/CAIR-HKISI/EchoCare), as declarations."""

from collections.abc import Iterable
from dataclasses import dataclass

from echopilot_core import EchoPilotError, LandmarkName, SegmentationClass, View
from echopilot_core.guarded.bounded import one_line

RENDERED, THYROID, OVARY = "rendered", "thyroid", "ovary"
"""Sets of images: heart and aorta of virtual patients, and two families of phantoms with lesions."""

SEGMENTATION, CLASSIFICATION, DETECTION, LANDMARKS = "segmentation", "classification", "detection", "landmarks"
REGRESSION, ENHANCEMENT, REPORT, RETRIEVAL = "regression", "enhancement", "report", "retrieval"
DENSE = (SEGMENTATION, DETECTION, LANDMARKS, ENHANCEMENT)
"""Kinds that are answered cell by cell, on 64 x 64 cells."""

CHAMBERS = tuple(SegmentationClass[name] for name in ("LV", "LV_MYO", "LA", "RV", "RA", "AO_ROOT"))
VESSELS = tuple(SegmentationClass[name] for name in ("AO_LUMEN", "AO_WALL", "IVC"))
STANDARD_VIEWS = tuple(view for view in View if view is not View.NONE)
STATEMENTS = (
    *(f"The image shows the view {view.name}." for view in STANDARD_VIEWS),
    "There is fluid around the heart.",
    "There is a thrombus in the aorta.",
    "There is a dissection flap in the aorta.",
    "The aorta would be 30 mm wide or more if the image were 160 mm deep.",
)
"""Sentences of a report, one for each finding that an image may have; a report is those that apply, in this order."""


@dataclass(frozen=True)
class TaskApplication:
    """One application.

    Args:
        name: of the command line and of results.
        kind: how it is answered and scored.
        images: the set that it is measured on.
        target: of that set, by name.
        outputs: numbers that an answer has, for a whole image or for a cell.
        metric: what its score says, with the unit.
        higher: whether a higher score is better.
        finetuned: whether the whole encoder is trained; otherwise one linear layer on top of it (a probe), and for
            retrieval nothing.
        about: one line for people.
    """

    name: str
    kind: str
    images: str
    target: str
    outputs: int
    metric: str
    higher: bool
    finetuned: bool
    about: str


APPLICATIONS = {
    row.name: row
    for row in (
        TaskApplication("chambers", SEGMENTATION, RENDERED, "chambers", len(CHAMBERS) + 1, "mean Dice", True, True,
             "outlines of the heart's chambers, its muscle and the aortic root"),
        TaskApplication("vessel", SEGMENTATION, RENDERED, "vessel", len(VESSELS) + 1, "mean Dice", True, False,
             "outlines of aorta, its wall and the vena cava"),
        TaskApplication("view", CLASSIFICATION, RENDERED, "view", len(View), "balanced accuracy", True, True,
             "the standard view, or none"),
        TaskApplication("ovarian_mass", CLASSIFICATION, OVARY, "malignant", 2, "AUROC", True, False,
             "benign or malignant mass of an ovary, of rendered phantoms"),
        TaskApplication("thyroid_nodule", DETECTION, THYROID, "nodule", 1, "F1 of boxes at IoU 0.5", True, False,
             "nodule of the thyroid, of rendered phantoms"),
        TaskApplication("landmarks", LANDMARKS, RENDERED, "landmarks", len(LandmarkName), "mean distance, mm",
             False, True, "as if the image were 160 mm deep: hinges of the valves, apex, ends of the aortic caliper"),
        TaskApplication("diameter", REGRESSION, RENDERED, "diameter", 1, "mean relative error, %", False, False,
             "outer diameter of the abdominal aorta"),
        TaskApplication("enhancement", ENHANCEMENT, RENDERED, "calm", 1, "PSNR, dB", True, False,
             "the same image with other speckle"),
        TaskApplication("report", REPORT, RENDERED, "statements", len(STATEMENTS), "F1 of sentences", True, False,
             "sentences on view and findings"),
        TaskApplication("retrieval", RETRIEVAL, RENDERED, "view", 0, "mean average precision", True, False,
             "images of the same view among other patients, without any training"),
        TaskApplication("quality", REGRESSION, RENDERED, "quality", 1, "Spearman correlation", True, False,
             "how usable an image is"),
    )
}  # fmt: skip
CORRELATED = ("quality",)
"""Regressions that are judged by order, not by relative error."""


def choose_applications(names: Iterable[str]) -> tuple[TaskApplication, ...]:
    """Applications by name, all of them for none, in the order of the table; EchoPilotError for an unknown one."""
    wanted = tuple(names) or tuple(APPLICATIONS)
    unknown = [name for name in wanted if name not in APPLICATIONS]
    if unknown:
        raise EchoPilotError(f"task {one_line(unknown[0], 40)!r} is unknown; choose of {', '.join(APPLICATIONS)}")
    return tuple(row for name, row in APPLICATIONS.items() if name in wanted)


def report_text(present: Iterable[bool]) -> str:
    """The report of an image from its findings, in the order of STATEMENTS."""
    said = [sentence for sentence, there in zip(STATEMENTS, present, strict=True) if there]
    return " ".join(said) or "Nothing to report."

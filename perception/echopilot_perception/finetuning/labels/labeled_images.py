"""Images with labels of one task, read from files and split by patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Frame
from echopilot_perception import grid
from echopilot_perception.frames import open_clip, to_network
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.training.samples import Sample, Samples, stack

MAX_IMAGES = 200_000
LEAST_IMAGES = 4
VALIDATION_SHARE = 0.2
UNKNOWN_LABELS = np.full((grid.CELLS, grid.CELLS), UNKNOWN_LABEL, np.uint8)
UNKNOWN_LABELS.flags.writeable = False


@dataclass(frozen=True)
class LabeledImage:
    """A sample, the patient it is of, and where it comes from."""

    sample: Sample
    patient: str
    source: str


@dataclass(frozen=True)
class ReadImage:
    """The first image of a file: as the network sees it (256, 256) uint8, and as the frame that it was."""

    network: NDArray[np.uint8]
    frame: Frame
    scale_known: bool


def read_image(path: Path, depth_m: float | None = None) -> ReadImage:
    """Read an image of any kind that `frames` reads.

    Args:
        path: of the file.
        depth_m: depth of the sector [m], for files without a scale of their own; None: not known.

    Raises:
        EchoPilotError: the file cannot be read, or shows nothing (all black, or none of its values are numbers).
    """
    clip = open_clip(path, depth_m)
    frame = next(clip.frames())
    network = np.round(to_network(frame) * 255.0).astype(np.uint8)
    if not network.any():
        raise EchoPilotError(f"{path.name} shows nothing: all of it is black, or its values are no numbers")
    return ReadImage(network, frame, clip.spacing_known)


def patient_of(path: Path, root: Path) -> str:
    """The patient of an image whose labels do not name one: the folder below `root` that it lies in, else itself."""
    inside = path.relative_to(root)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def split_by_patient(images: Sequence[LabeledImage], seed: int) -> tuple[Samples, Samples, tuple[str, ...]]:
    """Samples to train and to validate on, and the patients of the latter; no patient is in both.

    Raises EchoPilotError when there are fewer than two patients, or than LEAST_IMAGES images to learn from.
    """
    patients = sorted({image.patient for image in images})
    if len(patients) < 2:
        raise EchoPilotError(
            f"labels of {len(patients)} patient are too few: one part is held out to measure on; "
            "give two patients or more (a column patient, or a folder for each)"
        )
    count = min(max(round(VALIDATION_SHARE * len(patients)), 1), len(patients) - 1)
    held_out = {patients[i] for i in np.random.default_rng(seed).permutation(len(patients))[:count]}
    parts: tuple[list[Sample], list[Sample]] = ([], [])
    for image in images:
        parts[image.patient in held_out].append(image.sample)
    if len(parts[0]) < LEAST_IMAGES:
        raise EchoPilotError(f"{len(parts[0])} images to learn from are too few; give {LEAST_IMAGES} or more")
    return stack(parts[0]), stack(parts[1]), tuple(sorted(held_out))

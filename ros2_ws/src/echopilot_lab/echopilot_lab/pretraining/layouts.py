"""Public data sets by their layout: CAMUS, EchoNet-Dynamic, MedMNIST. Of splits only the training part is read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, View
from echopilot_core.guarded.array_input import read_arrays
from echopilot_core.guarded.bounded import one_line
from echopilot_perception import grid
from echopilot_perception.pretraining.data.folders import FolderReader
from echopilot_perception.pretraining.data.image import PretrainImage, SectorShape, shown_sector
from echopilot_perception.pretraining.tree.label_tree import LabelTree
from echopilot_perception.pretraining.tree.simulator import ORGAN_OF_VIEW
from echopilot_perception.pretraining.tree.targets import ImageLabel
from echopilot_perception.training.readers import read_camus
from echopilot_perception.training.readers.echonet import echonet_videos

MNIST = "mnist"
MNIST_ARRAYS = ("train_images", "train_labels")
WHOLE = SectorShape(True, 0.0, 0.5)
LEAST_SIDE = 16
APICAL = ImageLabel((f"{ORGAN_OF_VIEW[View.A4C]}/{View.A4C.name}",), complete=False)


def echonet_folders(root: Path) -> list[Path]:
    """Folders in the layout of EchoNet-Dynamic: FileList.csv beside Videos."""
    return sorted(path.parent for path in root.rglob("FileList.csv") if (path.parent / "Videos").is_dir())


def camus_files(root: Path) -> list[Path]:
    """End-diastolic and end-systolic images in the layout of CAMUS."""
    found = (
        path for code in ("2CH", "4CH") for phase in ("ED", "ES") for path in root.rglob(f"*_{code}_{phase}.nii.gz")
    )
    return sorted(path for path in found if path.name.startswith("patient"))


def mnist_files(root: Path) -> list[Path]:
    """Files in the layout of MedMNIST, whose names hold `mnist`."""
    return sorted(path for path in root.rglob("*.npz") if MNIST in path.name.lower())


def echonet_images(folder: Path, reader: FolderReader) -> Iterator[PretrainImage]:
    """Frames of the training videos: all of them are apical four-chamber views.

    Raises EchoPilotError for a list that cannot be read; a video that is missing or damaged is left out.
    """
    for path in echonet_videos(folder):
        yield from reader.frames_of(path, APICAL)


def camus_images(files: list[Path]) -> Iterator[PretrainImage]:
    """Images with their view; raises EchoPilotError for a damaged file, or one without its mask."""
    for folder in sorted({path.parent for path in files}):
        for sample in read_camus(folder):
            view = View(sample.view)
            label = ImageLabel((f"{ORGAN_OF_VIEW[view]}/{view.name}",), complete=False)
            yield PretrainImage(sample.image, shown_sector(sample.image), folder.name, label)


def mnist_images(path: Path, tree: LabelTree) -> Iterator[PretrainImage]:
    """Training images of a MedMNIST file that is named after an organ (`breastmnist_224.npz`), as rectangles.

    Raises EchoPilotError when the name holds no organ (most of MedMNIST is no ultrasound) or the arrays are others.
    """
    organ = path.name.lower().partition(MNIST)[0].strip("_- ")
    if organ not in tree.organs:
        raise EchoPilotError(
            f"{path}: {one_line(organ, 40) or 'its name'} is no organ of the tree of labels, and most of MedMNIST is "
            "no ultrasound; take it away, or name it after its organ"
        )
    try:
        images: NDArray[Any] = read_arrays(path, MNIST_ARRAYS)[MNIST_ARRAYS[0]]
    except (OSError, ValueError) as error:
        raise EchoPilotError(f"{path} is damaged ({one_line(error, 100)})") from error
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] != 3):
        raise EchoPilotError(
            f"{path}: train_images is {images.shape} {images.dtype}, not (N, H, W) or (N, H, W, 3) uint8"
        )
    if min(images.shape[1:3]) < LEAST_SIDE:
        raise EchoPilotError(f"{path}: images of {images.shape[2]} x {images.shape[1]} px show nothing")
    label, side = ImageLabel((tree.organs[organ],)), grid.IMAGE_CELLS
    for number, image in enumerate(images):
        gray = image if image.ndim == 2 else cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
        square = cv2.resize(np.ascontiguousarray(gray), (side, side), interpolation=cv2.INTER_AREA)
        yield PretrainImage(np.asarray(square, np.uint8), WHOLE, f"{path.stem}/{number}", label)

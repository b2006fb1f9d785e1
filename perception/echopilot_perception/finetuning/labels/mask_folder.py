"""Labels as a folder of masks: `images/NAME.*` with a mask `masks/NAME.png` of the same size for each."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import MAX_IMAGE_BYTES, read_bounded
from echopilot_core.guarded.png_input import check_png
from echopilot_perception.finetuning.labels.class_names import ClassNames
from echopilot_perception.finetuning.labels.labeled_images import MAX_IMAGES, LabeledImage, patient_of, read_image
from echopilot_perception.frames.readers.kinds import IMAGE
from echopilot_perception.training.readers.place import check_same_size, classes_on_grid
from echopilot_perception.training.samples import Sample

IMAGES, MASKS = "images", "masks"


def has_masks(folder: Path) -> bool:
    """Whether a folder is laid out in this way."""
    return (folder / IMAGES).is_dir() and (folder / MASKS).is_dir()


def read_mask_folder(folder: Path, classes: ClassNames) -> Iterator[LabeledImage]:
    """Labeled images in the order of their names; folders below `images` are patients, otherwise every image is one.

    Raises EchoPilotError with one line when there is no image, a mask is missing, damaged or of another size, or holds
    a color that stands for nothing.
    """
    root = folder / IMAGES
    paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in IMAGE.suffixes and p.is_file())
    if not paths:
        raise EchoPilotError(f"{folder} holds no image in {IMAGES}; put {', '.join(IMAGE.suffixes[:3])} files there")
    if len(paths) > MAX_IMAGES:
        raise EchoPilotError(f"{folder} holds more than {MAX_IMAGES} images")
    for path in paths:
        beside = (folder / MASKS / path.relative_to(root)).with_suffix(".png")
        mask = classes.of_mask(_read_mask(beside), beside.name)
        image = read_image(path)
        check_same_size(image.frame.image, mask, path.name)
        labels = classes_on_grid(mask, image.frame.geometry)
        yield LabeledImage(Sample(image.network, labels), patient_of(path, root), path.name)


def _read_mask(path: Path) -> NDArray[np.uint8]:
    """Mask (H, W, 3) in R, G, B."""
    if not path.is_file():
        raise EchoPilotError(f"mask {path} does not exist; every image needs one")
    data = read_bounded(path, MAX_IMAGE_BYTES, path.name)
    check_png(data, path.name)
    mask = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if mask is None:
        raise EchoPilotError(f"mask {path.name} is not a readable image")
    return np.ascontiguousarray(mask[:, :, ::-1], np.uint8)

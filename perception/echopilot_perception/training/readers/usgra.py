"""usgra-seg layout: linear-probe images of nerves and vessels with color masks (github.com/tmkand/usgra-seg)."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, SegmentationClass, View
from echopilot_core.guarded.bounded import MAX_IMAGE_BYTES, read_bounded
from echopilot_core.guarded.png_input import check_png
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.training.readers.place import check_same_size, on_grid, sector_of
from echopilot_perception.training.samples import Sample

VESSEL_RGB, NERVE_RGB, NOTHING_RGB = (0, 128, 0), (128, 0, 0), (0, 0, 0)
CLASSES = {
    NOTHING_RGB: UNKNOWN_LABEL,
    VESSEL_RGB: int(SegmentationClass.AO_LUMEN),
    NERVE_RGB: int(SegmentationClass.BACKGROUND),
}
DEPTH_M = 0.04  # usual for these probes at neck, arm and groin


def read_usgra(folder: Path) -> Iterator[Sample]:
    """Samples of every images/NAME.png with its masks/NAME.png.

    Vessels become AO_LUMEN, the only class of a round vessel that we have; a nerve is certainly none of our classes;
    what is not colored is not known. The images show no standard view, which is known: NONE. Pixel spacing is not
    given, and no sample needs it. Raises EchoPilotError when there is no image, a mask is missing or of another size,
    or a mask holds another color.
    """
    paths = sorted((Path(folder) / "images").glob("*.png"))
    if not paths:
        raise EchoPilotError(f"usgra-seg: {folder} holds no images/*.png")
    for path in paths:
        image, mask = (
            _load(path, cv2.IMREAD_GRAYSCALE),
            _load(path.parents[1] / "masks" / path.name, cv2.IMREAD_COLOR),
        )
        check_same_size(image, mask, path.name)
        sector = sector_of(image[None], path.name)
        yield on_grid(image, _classes(mask, path.name), sector, DEPTH_M / sector.depth_px, View.NONE)


def _load(path: Path, flags: int) -> NDArray[np.uint8]:
    if not path.is_file():
        raise EchoPilotError(f"usgra-seg: {path} does not exist")
    data = read_bounded(path, MAX_IMAGE_BYTES, f"usgra-seg: {path.name}")
    check_png(data, f"usgra-seg: {path.name}")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if image is None:
        raise EchoPilotError(f"usgra-seg: {path.name} is not a readable image")
    return np.asarray(image, np.uint8)


def _classes(mask: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    classes = np.empty(mask.shape[:2], np.uint8)
    assigned = np.zeros(mask.shape[:2], np.bool_)
    for color, tissue in CLASSES.items():
        here = (mask == color[::-1]).all(axis=2)
        classes[here] = tissue
        assigned |= here
    if not assigned.all():
        blue, green, red = mask[~assigned][0].tolist()
        raise EchoPilotError(
            f"{name}: the mask holds the color {(red, green, blue)}; "
            f"known are {VESSEL_RGB} vessel, {NERVE_RGB} nerve and {NOTHING_RGB}"
        )
    return classes

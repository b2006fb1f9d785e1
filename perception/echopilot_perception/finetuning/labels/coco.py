"""Labels as COCO (cocodataset.org, format-data): one JSON file with outlines as polygons, or boxes."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, SegmentationClass
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.json_input import read_json
from echopilot_perception import grid
from echopilot_perception.finetuning.labels.class_names import ClassNames
from echopilot_perception.finetuning.labels.labeled_images import (
    MAX_IMAGES,
    UNKNOWN_LABELS,
    LabeledImage,
    ReadImage,
    patient_of,
    read_image,
)
from echopilot_perception.heads.disease import KINDS
from echopilot_perception.training.readers.place import classes_on_grid
from echopilot_perception.training.samples import Sample

FOLDERS = ("", "images")  # below the folder, where a file may lie
BLOCK = grid.CELLS // grid.COARSE_CELLS
FINDINGS = {kind.name: 1 << bit for bit, kind in enumerate(KINDS)}
Annotations = dict[int, list[tuple[str, Mapping[str, Any]]]]


def coco_file(folder: Path) -> Path | None:
    """The COCO file of a folder, None where there is none; EchoPilotError where there are several JSON files."""
    files = sorted(folder.glob("*.json"))
    if len(files) > 1:
        raise EchoPilotError(f"{folder} holds {len(files)} JSON files; leave the one with the labels")
    return files[0] if files else None


def read_coco(file: Path, task: str, classes: ClassNames) -> Iterator[LabeledImage]:
    """Labeled images in the order of the file; an image may have a key `patient`.

    Args:
        file: COCO JSON beside its images, or beside a folder `images` of them.
        task: segmentation (outlines of classes) or detection (boxes of findings, by their names).
        classes: what the names of categories stand for.

    Raises:
        EchoPilotError: anything in it cannot be meant, or an image cannot be read.
    """
    document = read_json(file, file.name)
    try:
        categories = {int(row["id"]): str(row["name"]) for row in document["categories"]}
        images = [(int(row["id"]), str(row["file_name"]), str(row.get("patient", ""))) for row in document["images"]]
        annotations: Annotations = {}
        for row in document["annotations"]:
            annotations.setdefault(int(row["image_id"]), []).append((categories[int(row["category_id"])], row))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise EchoPilotError(f"{file.name} is not in the COCO format ({one_line(error, 80)})") from error
    if not images or len(images) > MAX_IMAGES:
        raise EchoPilotError(f"{file.name} lists {len(images)} images; give 1 to {MAX_IMAGES}")
    for number, name, patient in images:
        path = _place(file, name)
        image = read_image(path)
        found = annotations.get(number, [])
        sample = _outlines(image, found, classes, name) if task == "segmentation" else _boxes(image, found, name)
        yield LabeledImage(sample, patient or patient_of(path, path.parents[len(PurePosixPath(name).parts) - 1]), name)


def _place(file: Path, name: str) -> Path:
    inside = PurePosixPath(name)
    if inside.parts and not inside.is_absolute() and ".." not in inside.parts:
        for folder in FOLDERS:
            if (file.parent / folder / inside).is_file():
                return file.parent / folder / inside
    raise EchoPilotError(f"{file.name}: no file '{one_line(name, 60)}' in {file.parent} or its folder images")


def _outlines(image: ReadImage, found: list[tuple[str, Mapping[str, Any]]], classes: ClassNames, name: str) -> Sample:
    mask = np.full(image.frame.image.shape, SegmentationClass.BACKGROUND, np.uint8)
    for category, row in found:
        value = classes.of_name(category, name)
        outlines = row.get("segmentation")
        if not isinstance(outlines, list) or not outlines:
            raise EchoPilotError(f"{one_line(name, 60)}: an outline is no list of polygons (run lengths are not read)")
        cv2.fillPoly(mask, [_polygon(points, name) for points in outlines], value)
    return Sample(image.network, classes_on_grid(mask, image.frame.geometry))


def _polygon(points: Any, name: str) -> NDArray[np.int32]:
    numbers = _numbers(points, name)
    if len(numbers) < 6 or len(numbers) % 2:
        raise EchoPilotError(f"{one_line(name, 60)}: an outline has {len(numbers)} numbers; x and y of three points")
    return np.round(numbers.reshape(-1, 2)).astype(np.int32)


def _boxes(image: ReadImage, found: list[tuple[str, Mapping[str, Any]]], name: str) -> Sample:
    bits = np.zeros(image.frame.image.shape, np.uint8)
    for category, row in found:
        if category not in FINDINGS:
            raise EchoPilotError(
                f"{one_line(name, 60)}: category {one_line(category, 40)} is no finding of the graph; "
                f"choose one of {', '.join(FINDINGS)}"
            )
        box = _numbers(row.get("bbox"), name)
        if len(box) != 4 or not (box[2:] > 0.0).all():
            raise EchoPilotError(f"{one_line(name, 60)}: a box is x, y, width and height, the latter above 0")
        left, top, right, bottom = (max(round(float(v)), 0) for v in (*box[:2], *(box[:2] + box[2:])))
        bits[top:bottom, left:right] |= FINDINGS[category]
    cells = classes_on_grid(bits, image.frame.geometry)
    cells[cells > sum(FINDINGS.values())] = 0  # beyond the image
    coarse = np.bitwise_or.reduce(
        cells.reshape(grid.COARSE_CELLS, BLOCK, grid.COARSE_CELLS, BLOCK).swapaxes(1, 2).reshape(-1, BLOCK * BLOCK), 1
    )
    disease = coarse.reshape(grid.COARSE_CELLS, grid.COARSE_CELLS)
    return Sample(image.network, UNKNOWN_LABELS, disease=disease.astype(np.uint8))


def _numbers(given: Any, name: str) -> NDArray[np.float64]:
    try:
        numbers = np.array(given, np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.array([np.nan])
    if numbers.ndim != 1 or not np.isfinite(numbers).all() or np.abs(numbers).max(initial=0.0) > 1e6:
        raise EchoPilotError(f"{one_line(name, 60)}: an outline or a box is no list of usual numbers")
    return numbers

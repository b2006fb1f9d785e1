"""Labels as a table: `labels.csv` beside the images, a row for an image, or for a landmark of one."""

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from echopilot_core import EchoPilotError, LandmarkName, View
from echopilot_core.guarded.bounded import one_line, read_text
from echopilot_perception import grid
from echopilot_perception.finetuning.labels.labeled_images import (
    MAX_IMAGES,
    UNKNOWN_LABELS,
    LabeledImage,
    ReadImage,
    patient_of,
    read_image,
)
from echopilot_perception.heads.sizes import NAMES, POWERS
from echopilot_perception.training.samples import Sample

TABLE_FILE = "labels.csv"
MAX_BYTES = 64_000_000
SIZE_COLUMNS = {"aorta_outer_ap_mm": (NAMES[0], 1e-3), "root_mm": (NAMES[1], 1e-3), "lv_volume_ml": (NAMES[2], 1e-6)}
"""Columns of sizes with the name of what is meant and the unit in SI."""
COLUMNS = {
    "view": ("view",),
    "quality": ("quality",),
    "landmarks": ("landmark", "x_px", "y_px"),
    "sizes": tuple(SIZE_COLUMNS),
}
OPTIONAL = ("patient", "depth_mm", "note")
Row = dict[str, str]


def read_table(folder: Path, task: str) -> Iterator[LabeledImage]:
    """Labeled images of a task of COLUMNS, in the order of the table.

    Rows with the same file are one image. `depth_mm` is the depth of the sector of a file without a scale, which sizes
    need. Raises EchoPilotError that names the row for anything that cannot be meant.
    """
    for name, rows in _by_file(folder, task).items():
        path, (number, first) = folder / PurePosixPath(name), rows[0]
        where = f"{TABLE_FILE}, row {number}"
        if not name or ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute() or not path.is_file():
            raise EchoPilotError(f"{where}: no file '{one_line(name, 60)}' in {folder}")
        depth = first.get("depth_mm", "")
        image = read_image(path, 1e-3 * _number(depth, 1.0, 1000.0, f"{where}: depth_mm") if depth else None)
        yield LabeledImage(_sample(task, image, rows), first.get("patient", "") or patient_of(path, folder), name)


def _by_file(folder: Path, task: str) -> dict[str, list[tuple[int, Row]]]:
    if not (folder / TABLE_FILE).is_file():
        raise EchoPilotError(f"{folder} holds no {TABLE_FILE}, a table with file, {', '.join(COLUMNS[task])}")
    reader = csv.DictReader(io.StringIO(read_text(folder / TABLE_FILE, MAX_BYTES), newline=""), strict=True)
    needed = ("file", *(COLUMNS[task] if task != "sizes" else ()))
    found: dict[str, list[tuple[int, Row]]] = {}
    try:
        names = [name.strip() for name in reader.fieldnames or ()]
        if not set(needed) <= set(names) or (task == "sizes" and not set(SIZE_COLUMNS) & set(names)):
            one_of = f" and one of {', '.join(SIZE_COLUMNS)}" if task == "sizes" else ""
            raise EchoPilotError(
                f"{TABLE_FILE}: {task} needs the columns {', '.join(needed)}{one_of}, and may have "
                f"{', '.join(OPTIONAL)}; it has {one_line(', '.join(names), 80) or 'none'}"
            )
        reader.fieldnames = names
        for number, cells in enumerate(reader, 2):
            if None in cells or any(cells[name] is None for name in needed):
                raise EchoPilotError(f"{TABLE_FILE}, row {number}: it has another number of cells than the first row")
            row = {key: (value or "").strip() for key, value in cells.items()}
            found.setdefault(row["file"], []).append((number, row))
            if task != "landmarks" and len(found[row["file"]]) > 1:
                raise EchoPilotError(f"{TABLE_FILE}, row {number}: {one_line(row['file'], 60)} has a row already")
            if len(found) > MAX_IMAGES:
                raise EchoPilotError(f"{TABLE_FILE} names more than {MAX_IMAGES} images")
    except csv.Error as error:
        raise EchoPilotError(f"{TABLE_FILE}, line {reader.line_num}: {one_line(error, 80)}") from error
    if not found:
        raise EchoPilotError(f"{TABLE_FILE} has no rows")
    return found


def _sample(task: str, image: ReadImage, rows: list[tuple[int, Row]]) -> Sample:
    number, row = rows[0]
    where = f"{TABLE_FILE}, row {number}"
    if task == "view":
        if row["view"] not in View.__members__:
            valid = ", ".join(view.name for view in View)
            raise EchoPilotError(f"{where}: view '{one_line(row['view'], 40)}' is not known; choose one of {valid}")
        return Sample(image.network, UNKNOWN_LABELS, view=int(View[row["view"]]))
    if task == "quality":
        return Sample(image.network, UNKNOWN_LABELS, quality=_number(row["quality"], 0.0, 1.0, f"{where}: quality"))
    if task == "sizes":
        return Sample(image.network, UNKNOWN_LABELS, sizes=_sizes(image, row, where))
    points = np.full((len(LandmarkName), 2), np.nan, np.float32)
    names = [name.name for name in LandmarkName]
    geometry = image.frame.geometry
    for number, row in rows:
        where = f"{TABLE_FILE}, row {number}"
        if row["landmark"] not in names:
            said = one_line(row["landmark"], 40)
            raise EchoPilotError(f"{where}: landmark '{said}' is not known; choose one of {', '.join(names)}")
        height, width = image.frame.image.shape
        x = _number(row["x_px"], 0.0, width, f"{where}: x_px") - geometry.origin_u_px
        y = _number(row["y_px"], 0.0, height, f"{where}: y_px") - geometry.origin_v_px
        at_m = np.array([x * geometry.spacing_x_m, y * geometry.spacing_y_m])
        points[names.index(row["landmark"])] = at_m / grid.grid_of(geometry).scale
    return Sample(image.network, UNKNOWN_LABELS, landmarks=points, landmarks_known=True)


def _sizes(image: ReadImage, row: Row, where: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    if not image.scale_known:
        raise EchoPilotError(f"{where}: the file has no scale; say how deep its sector is in a column depth_mm")
    sizes = np.full(len(NAMES), np.nan, np.float32)
    scale = grid.grid_of(image.frame.geometry).scale
    for column, (name, unit) in SIZE_COLUMNS.items():
        if row.get(column, ""):
            at = NAMES.index(name)
            sizes[at] = unit * _number(row[column], 1e-3, 1e4, f"{where}: {column}") / scale ** POWERS[at]
    return sizes


def _number(text: str, low: float, high: float, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise EchoPilotError(f"{where} is '{one_line(text, 40)}'; give a number from {low:g} to {high:g}")
    return value

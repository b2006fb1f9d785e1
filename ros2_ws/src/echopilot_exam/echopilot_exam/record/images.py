"""Image files and label maps of a record: lossless PNG, NPZ for single label maps."""

import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, LabelMap, SegmentationClass
from echopilot_core.guarded.array_input import read_arrays
from echopilot_core.guarded.bounded import MAX_IMAGE_BYTES, InputFileError, read_bounded
from echopilot_core.guarded.png_input import check_png
from echopilot_exam.record.files import replace_file

MAX_LABELS = 4_000_000  # cells of one label map; ours have 16384
MAX_LABELS_BYTES = 40_000_000


def png(image: NDArray[np.uint8]) -> bytes:
    """A grayscale image (H, W) as PNG."""
    ok, data = cv2.imencode(".png", image)
    if not ok:
        raise EchoPilotError(f"an image of shape {image.shape} cannot be written as PNG")
    return bytes(data.tobytes())


def read_png(path: Path) -> NDArray[np.uint8]:
    """Grayscale image (H, W); OSError or InputFileError when the file is no whole PNG or claims too many pixels."""
    data = read_bounded(path, MAX_IMAGE_BYTES)
    check_png(data, path.name)
    return decode_png(data, path.name)


def decode_png(data: bytes, where: str) -> NDArray[np.uint8]:
    """Grayscale image (H, W) of a PNG that `check_png` has passed; InputFileError when it cannot be decoded."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        raise InputFileError(f"{where} is no image: {error.err}") from error
    if image is None:
        raise InputFileError(f"{where} is no image")
    return np.asarray(image, np.uint8)


def check_labels(labels: NDArray[np.generic], spacing_m: float, origin_m: tuple[float, float], where: str) -> None:
    """Raise InputFileError unless `labels` are classes on a grid (H, W) of believable size and place."""
    if labels.ndim != 2 or not 0 < labels.size <= MAX_LABELS or labels.dtype.kind not in "ui":
        raise InputFileError(f"{where}: labels of shape {labels.shape} {labels.dtype}; whole numbers (H, W) are read")
    if labels.min() < 0 or labels.max() >= len(SegmentationClass):
        raise InputFileError(f"{where}: labels must be classes, 0 to {len(SegmentationClass) - 1}")
    if not (1e-6 <= spacing_m <= 0.1 and max(map(abs, origin_m)) <= 10.0):
        raise InputFileError(f"{where}: cells of {spacing_m:g} m from {origin_m} m are no label map")


def write_labels(path: Path, label_map: LabelMap) -> None:
    """One label map as NPZ: labels, origin_m, spacing_m."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        labels=label_map.labels,
        origin_m=np.array([label_map.origin_x_m, label_map.origin_y_m]),
        spacing_m=np.array(label_map.spacing_m),
    )
    replace_file(path, buffer.getvalue(), sync=False)


def read_labels(path: Path) -> LabelMap:
    """The label map of an NPZ file; FileNotFoundError, or InputFileError for a damaged or implausible one."""
    data = read_arrays(path, ("labels", "origin_m", "spacing_m"), MAX_LABELS_BYTES)
    origin, spacing = data["origin_m"], data["spacing_m"]
    if origin.shape != (2,) or spacing.shape != () or any(a.dtype.kind not in "fiu" for a in (origin, spacing)):
        raise InputFileError(f"{path.name}: origin_m must be two numbers, spacing_m one")
    origin_m, spacing_m = (float(origin[0]), float(origin[1])), float(spacing)
    check_labels(data["labels"], spacing_m, origin_m, path.name)
    return LabelMap(data["labels"].astype(np.uint8), *origin_m, spacing_m)

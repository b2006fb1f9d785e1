"""Pictures and label maps of a record as files: PNG without loss, NPZ for single label maps."""

import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, LabelMap
from echopilot_exam.record.files import replace_file


def png(image: NDArray[np.uint8]) -> bytes:
    """A grey picture (H, W) as PNG."""
    ok, data = cv2.imencode(".png", image)
    if not ok:
        raise EchoPilotError(f"a picture of shape {image.shape} cannot be written as PNG")
    return bytes(data.tobytes())


def read_png(path: Path) -> NDArray[np.uint8]:
    """A grey picture (H, W); raises ValueError when the file holds none."""
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ValueError(f"{path.name} is no picture")
    return np.asarray(image, np.uint8)


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
    """The label map of an NPZ file; raises what NumPy raises for a damaged one."""
    with np.load(path, allow_pickle=False) as data:
        origin = data["origin_m"]
        return LabelMap(data["labels"].astype(np.uint8), float(origin[0]), float(origin[1]), float(data["spacing_m"]))

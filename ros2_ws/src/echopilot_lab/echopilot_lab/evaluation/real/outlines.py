"""Outlines that a person drew on frames of a clip, `STEM_outlines.json` beside it, and Dice against them."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import SegmentationClass
from echopilot_core.guarded.bounded import InputFileError
from echopilot_core.guarded.json_input import read_json

SUFFIX = "_outlines.json"
MAX_FRAMES, MAX_CORNERS, MAX_PX = 20_000, 5_000, 20_000.0
SHIFT = 4  # bits after the binary point of a corner
NAMES: dict[str, SegmentationClass] = {
    tissue.name: tissue for tissue in SegmentationClass if tissue is not SegmentationClass.BACKGROUND
}

Polygon = NDArray[np.float64]
Outlines = dict[int, dict[SegmentationClass, Polygon]]


@dataclass(frozen=True)
class ClassDice:
    """Overlap of one class with its outline in one frame, 0 to 1."""

    frame: int
    tissue: SegmentationClass
    dice: float


def outlines_beside(clip: Path) -> Outlines:
    """Polygons (N, 2) [pixels of the clip: column, row] by frame and class; {} without a file.

    The file: `{"frames": {"12": {"LV": [[column, row], ...], "phase": "any word"}}}`. Raises InputFileError for
    anything else, with the frame.
    """
    path = clip.with_name(f"{clip.stem}{SUFFIX}")
    return read_outlines(path) if path.is_file() else {}


def read_outlines(path: Path) -> Outlines:
    """The polygons of a file; see `outlines_beside`."""
    document = read_json(path)
    frames = document.get("frames") if isinstance(document, dict) else None
    if not isinstance(frames, dict) or not 0 < len(frames) <= MAX_FRAMES:
        raise InputFileError(f'{path.name}: it needs "frames", by their numbers')
    found: Outlines = {}
    for number, shapes in frames.items():
        if not (number.isascii() and number.isdigit() and len(number) <= 6 and isinstance(shapes, dict)):
            raise InputFileError(f"{path.name}: frames have numbers from 0 on, and outlines by class")
        polygons: dict[SegmentationClass, Polygon] = {
            NAMES[n]: _polygon(path, number, n, corners) for n, corners in shapes.items() if n in NAMES
        }
        if not polygons:
            raise InputFileError(f"{path.name}, frame {number}: no outline of {', '.join(NAMES)}")
        found[int(number)] = polygons
    return found


def dice_of(frame: int, labels: NDArray[np.uint8], outlines: dict[SegmentationClass, Polygon]) -> list[ClassDice]:
    """Dice of every outlined class with the labels (H, W) in pixels of the clip."""
    found = []
    for tissue, polygon in outlines.items():
        drawn = np.zeros(labels.shape, np.uint8)
        cv2.fillPoly(drawn, [np.rint(polygon * 2**SHIFT).astype(np.int32)], 1, shift=SHIFT)
        true, said = drawn > 0, labels == tissue
        total = int(true.sum()) + int(said.sum())
        dice = 2.0 * int((true & said).sum()) / total if total else math.nan
        found.append(ClassDice(frame, tissue, dice))
    return [row for row in found if math.isfinite(row.dice)]


def _polygon(path: Path, number: str, name: str, corners: Any) -> Polygon:
    try:
        polygon = np.asarray(corners, dtype=np.float64)
    except (TypeError, ValueError):
        polygon = np.zeros(0)
    sound = polygon.ndim == 2 and polygon.shape[1] == 2 and 3 <= len(polygon) <= MAX_CORNERS
    if not sound or not np.isfinite(polygon).all() or np.abs(polygon).max() > MAX_PX:
        raise InputFileError(f"{path.name}, frame {number}: {name} must be at least three corners [column, row] in px")
    return polygon

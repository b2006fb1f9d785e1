"""EchoNet-Dynamic layout: A4C videos with the LV outlined at end diastole and end systole (Ouyang et al. 2020)."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, SegmentationClass, View
from echopilot_core.guarded.bounded import MAX_TABLE_BYTES, one_line, read_text
from echopilot_perception.frames.image_placement import ASSUMED_DEPTH_M
from echopilot_perception.frames.readers.video import read_video
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.training.readers.place import on_grid, sector_of
from echopilot_perception.training.samples import Sample

SPLITS = ("TRAIN", "VAL", "TEST")
FILE_COLUMNS = ("FileName", "EF", "ESV", "EDV", "Split")
TRACING_COLUMNS = ("FileName", "X1", "Y1", "X2", "Y2", "Frame")
DEPTHS_M = (0.08, 0.30)  # of an image: beyond these, a stated volume and its outline do not belong together
LARGEST = 1e5  # of a coordinate [px], a frame or a volume [mL]
M3_PER_ML = 1e-6


@dataclass(frozen=True)
class _Tracing:
    """Chords (M, 4) of x1, y1, x2, y2 [px]: the long axis, then disks across it from one end to the other."""

    frame: int
    chords: NDArray[np.float64]

    def outline(self) -> NDArray[np.float64]:
        """Polygon (2 M - 2, 2) through the ends of the disks."""
        return np.concatenate([self.chords[1:, :2], self.chords[:0:-1, 2:]])

    def volume_px3(self) -> float:
        """Sum of circular disks (single-plane method, Lang et al. 2015)."""
        lengths = np.hypot(self.chords[:, 2] - self.chords[:, 0], self.chords[:, 3] - self.chords[:, 1])
        return float(0.25 * np.pi * (lengths[1:] ** 2).mean() * lengths[0])


def read_echonet(folder: Path, split: str = "TRAIN", mirrored: bool = False) -> Iterator[Sample]:
    """Samples of the outlined frames of every video of a split: Videos/*.avi, FileList.csv, VolumeTracings.csv.

    Pixel spacing is not given. The scale is the one at which the outlines, taken as stacks of disks, have the stated
    EDV and ESV together; only where that gives an image below 80 or above 300 mm, 160 mm of depth are assumed and the
    volume counts as not known. Around the LV nothing is known. `mirrored` turns images whose marker is on the other
    side than ours (image right is +x of the probe). Raises EchoPilotError when a file, a column or a frame is missing.
    """
    root = Path(folder)
    files = _listed(root, split)
    tracings = _tracings(root / "VolumeTracings.csv")
    for row in files:
        name = row["FileName"].removesuffix(".avi")
        if name in tracings:  # a few videos have none
            yield from _samples(root / "Videos" / f"{name}.avi", tracings[name], row, mirrored)


def echonet_videos(folder: Path, split: str = "TRAIN") -> list[Path]:
    """Paths of the videos of a split, whether they exist or not; raises EchoPilotError as `read_echonet` does."""
    return [
        Path(folder) / "Videos" / f"{row['FileName'].removesuffix('.avi')}.avi" for row in _listed(Path(folder), split)
    ]


def _listed(root: Path, split: str) -> list[dict[str, str]]:
    if split not in SPLITS:
        raise EchoPilotError(f"EchoNet: split {split} is unknown; choose {', '.join(SPLITS)}")
    files = [row for row in _table(root / "FileList.csv", FILE_COLUMNS) if row["Split"].upper() == split]
    if not files:
        raise EchoPilotError(f"EchoNet: FileList.csv lists no video of split {split}")
    return files


def _samples(path: Path, tracings: list[_Tracing], row: dict[str, str], mirrored: bool) -> Iterator[Sample]:
    if not path.is_file():
        raise EchoPilotError(f"EchoNet: video {path} does not exist")
    images = read_video(path).gray
    late = [t.frame for t in tracings if not 0 <= t.frame < len(images)]
    if late:
        raise EchoPilotError(f"EchoNet: {path.name} has {len(images)} frames, but frame {late[0]} is outlined")
    sector = sector_of(images[:, :, ::-1] if mirrored else images, path.name)
    by_size = sorted(tracings, key=_Tracing.volume_px3, reverse=True)
    stated_m3 = [M3_PER_ML * _number(row, key) for key in ("EDV", "ESV")][: len(by_size)]
    drawn_px3 = sum(t.volume_px3() for t in by_size[:2])
    spacing_m = float(np.cbrt(sum(stated_m3) / drawn_px3)) if drawn_px3 > 0 else 0.0
    if not DEPTHS_M[0] <= spacing_m * images.shape[1] <= DEPTHS_M[1]:
        spacing_m, stated_m3 = ASSUMED_DEPTH_M / sector.depth_px, []
    volumes_m3 = stated_m3 + [float("nan")] * (len(by_size) - len(stated_m3))
    for tracing, volume_m3 in zip(by_size, volumes_m3, strict=True):
        image = images[tracing.frame]
        classes = np.full(image.shape, UNKNOWN_LABEL, np.uint8)
        cv2.fillPoly(classes, [np.round(tracing.outline()).astype(np.int32)], int(SegmentationClass.LV))
        if mirrored:
            image, classes = np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(classes[:, ::-1])
        yield on_grid(image, classes, sector, spacing_m, View.A4C, volume_m3)


def _tracings(path: Path) -> dict[str, list[_Tracing]]:
    chords: dict[str, dict[int, list[list[float]]]] = {}
    for row in _table(path, TRACING_COLUMNS):
        frames = chords.setdefault(row["FileName"].removesuffix(".avi"), {})
        chord = [_number(row, key) for key in ("X1", "Y1", "X2", "Y2")]
        frames.setdefault(int(_number(row, "Frame")), []).append(chord)
    short = [name for name, frames in chords.items() if min(len(rows) for rows in frames.values()) < 3]
    if short:
        raise EchoPilotError(f"EchoNet: an outline of {short[0]} has fewer than a long axis and two disks")
    return {
        name: [_Tracing(frame, np.array(rows)) for frame, rows in sorted(frames.items())]
        for name, frames in chords.items()
    }


def _table(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    if not path.is_file():
        raise EchoPilotError(f"EchoNet: {path} does not exist")
    text = read_text(path, MAX_TABLE_BYTES, f"EchoNet: {path.name}")
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""))
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise EchoPilotError(f"EchoNet: {path.name} lacks the columns {', '.join(missing)}")
        rows = list(reader)
    except csv.Error as error:
        raise EchoPilotError(f"EchoNet: {path.name} is no table: {one_line(error)}") from error
    short = [k for k, row in enumerate(rows, 2) if any(row[name] is None for name in columns)]
    if short:
        raise EchoPilotError(f"EchoNet: {path.name}, line {short[0]} is cut off")
    return rows


def _number(row: dict[str, str], key: str) -> float:
    try:
        value = float(row[key])
    except (TypeError, ValueError):
        value = float("nan")
    if not abs(value) <= LARGEST:
        name = one_line(row["FileName"], 60)
        raise EchoPilotError(f"EchoNet: {key} of {name} is no number: {one_line(row[key], 40)}")
    return value

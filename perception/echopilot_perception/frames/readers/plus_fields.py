"""Fields that tracked-ultrasound recorders write for each frame of a sequence (Plus and IGSIO sequence files)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import MAX_ARRAY_BYTES, one_line, read_bounded
from echopilot_perception.frames.frame_times import FrameTimes, assumed, of_stamps
from echopilot_perception.frames.image_sequence import Region

ORIENTATION = "UltrasoundImageOrientation"
SPACING_RANGE_MM = (1e-3, 10.0)
MOST_BYTES = 8 * MAX_ARRAY_BYTES  # of a file of samples


def valid_frames(fields: Mapping[str, str], count: int) -> list[int]:
    """Frames whose `ImageStatus` is OK, or not told."""
    return [k for k in range(count) if fields.get(f"Seq_Frame{k:04d}_ImageStatus", "OK").strip() in ("OK", "")]


def stamps(fields: Mapping[str, str], valid: list[int]) -> FrameTimes:
    """Times of the frames `valid` by their `Timestamp` [s]."""
    try:
        seconds = [float(fields[f"Seq_Frame{k:04d}_Timestamp"]) for k in valid]
    except (KeyError, ValueError):
        return assumed(len(valid))
    return of_stamps(seconds, "Timestamp")


def upright(frame: NDArray[Any], orientation: str) -> NDArray[Any]:
    """Turn a frame (H, W) or (H, W, C) so that rows go away from the probe and columns towards its marked side.

    The two letters are the directions of the columns and the rows in the file: M or U, marked or unmarked side; F or N,
    far or near. A third letter counts frames of volumes.
    """
    across, down = orientation[:1], orientation[1:2]
    if across in ("F", "N") and down in ("M", "U"):  # beams lie along the rows
        frame, across, down = frame.swapaxes(0, 1), down, across
    if down == "N":
        frame = frame[::-1]
    if across == "U":
        frame = frame[:, ::-1]
    return frame


def spacing_region(x_mm: float, y_mm: float, width: int, height: int) -> Region | None:
    """The whole image with its pixel spacing; None for spacings that are none, as 1 1 is, which stands for unknown."""
    low, high = SPACING_RANGE_MM
    if (x_mm, y_mm) == (1.0, 1.0) or not (low < x_mm < high and low < y_mm < high):
        return None
    return Region(0, 0, width, height, x_mm * 1e-3, y_mm * 1e-3)


def data_beside(header: Path, name: str) -> bytes:
    """Bytes of the file of samples that a header names; only files in its own folder are read."""
    if Path(name).name != name or name in ("", ".", ".."):
        raise EchoPilotError(f"{header.name}: its data lie in {one_line(name, 60)!a}; put them beside it in one file")
    try:
        return read_bounded(header.with_name(name), MOST_BYTES)
    except FileNotFoundError:
        raise EchoPilotError(
            f"{header.name}: its data file {one_line(name, 60)!a} is not in the same folder; put it there"
        ) from None

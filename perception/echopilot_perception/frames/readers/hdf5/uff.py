"""Beamformed data of USTB's ultrasound file format: envelope on a linear or sector scan, shown in decibels.

Source of the layout: ustb.no, classes uff.beamformed_data, uff.linear_scan and uff.sector_scan; MATLAB writes the axes
of an array in the reverse order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_perception.frames.frame_times import assumed
from echopilot_perception.frames.image_sequence import ImageSequence, Region, gather
from echopilot_perception.frames.readers.hdf5.access import checked, checked_limit, member, numbers, quiet
from echopilot_perception.frames.readers.plus_fields import spacing_region
from echopilot_perception.frames.readers.samples import DYNAMIC_RANGE_DB, scaled

CLASS = "uff.beamformed_data"
SCANS = {"uff.linear_scan": ("x_axis", "z_axis"), "uff.sector_scan": ("azimuth_axis", "depth_axis")}
ROWS = 700  # of a scan-converted image, about the depth of a scanner's screen
EVEN = 0.02  # of a step: axes are even


@dataclass(frozen=True)
class Scan:
    """Positions of the samples: lateral axis [m] or [rad], and depth [m]."""

    is_sector: bool
    lateral: NDArray[np.float64]
    depth_m: NDArray[np.float64]


def beamformed(file: Any) -> Any:
    """The first group of beamformed data in the file, or one level below; None without one."""
    groups = [member(file, name) for name in file]
    below = [member(group, name) for group in groups if hasattr(group, "keys") for name in group]
    return next((group for group in (*groups, *below) if _class(group) == CLASS), None)


def read_beamformed(group: Any, path: Path) -> ImageSequence:
    """Images of beamformed data, 60 dB below the largest value of the clip; raises EchoPilotError."""
    scan = _scan(group, path)
    data = member(group, "data")
    parts = [member(data, name) for name in ("real", "imag")] if hasattr(data, "keys") else [data]
    for part in parts:
        checked(part, path.name)
    frames, axis_last = _layout(parts[0].shape, len(scan.lateral) * len(scan.depth_m), path)
    if any(part.shape != parts[0].shape for part in parts):
        raise EchoPilotError(f"{path.name}: real and imaginary part differ in size")
    grid = _Grid.of(scan)
    limit = checked_limit(path, grid.width, grid.height, frames)
    checked_limit(path, len(scan.lateral), len(scan.depth_m), 2 * frames * len(parts))
    top = _largest(parts, frames, axis_last, path)

    def images() -> Iterator[NDArray[np.uint8]]:
        for k in range(frames):
            with quiet():
                decibels = 20.0 * np.log10(_envelope(parts, k, axis_last) / top)
            lines = decibels.reshape(len(scan.lateral), len(scan.depth_m)).T
            yield grid.image(scaled(lines, -DYNAMIC_RANGE_DB, 0.0))

    gray, colored = gather(images(), path.name, limit)
    times = assumed(len(gray), "the frame rate in the file is that of a video to be written")
    return ImageSequence(gray, times, colored, grid.region())


def _layout(shape: tuple[int, ...], pixels: int, path: Path) -> tuple[int, bool]:
    """Number of frames, and whether pixels are the last axis; more than one channel or wave is refused."""
    is_last = shape[-1:] == (pixels,)
    if not is_last and shape[:1] != (pixels,):
        raise EchoPilotError(f"{path.name}: {'x'.join(map(str, shape))} values on a scan of {pixels} points")
    full = (1,) * (4 - len(shape)) + shape if is_last else shape + (1,) * (4 - len(shape))
    frames, between = (full[0], full[1:3]) if is_last else (full[3], full[1:3])
    if len(full) != 4 or max(between) > 1:
        raise EchoPilotError(f"{path.name}: beamformed data of several channels or waves; sum them up first")
    return int(frames), is_last


def _envelope(parts: list[Any], frame: int, is_last: bool) -> NDArray[np.float64]:
    """Magnitude (P,) of one frame."""
    values = []
    for part in parts:
        shape = part.shape
        if is_last:
            picked = part[(frame, *([0] * (len(shape) - 2)))] if len(shape) == 4 else part[(0,) * (len(shape) - 1)]
        else:
            picked = part[(slice(None), *([0] * (min(len(shape), 3) - 1)), *((frame,) if len(shape) == 4 else ()))]
        values.append(np.asarray(picked, np.float64).ravel())
    return np.hypot(*values) if len(values) == 2 else values[0]


def _largest(parts: list[Any], frames: int, is_last: bool, path: Path) -> float:
    low, high = np.inf, 0.0
    for k in range(frames):
        found = _envelope(parts, k, is_last)
        found = found[np.isfinite(found)]
        low, high = min(low, float(found.min(initial=np.inf))), max(high, float(found.max(initial=0.0)))
    if low < 0.0:
        raise EchoPilotError(f"{path.name}: beamformed data with negative values, thus before envelope detection")
    if high <= 0.0:
        raise EchoPilotError(f"{path.name}: beamformed data without any value above 0")
    return high


def _scan(group: Any, path: Path) -> Scan:
    found = member(group, "scan")
    kind = _class(found)
    if kind not in SCANS:
        raise EchoPilotError(f"{path.name}: a scan of {one_line(kind or 'no class', 40)}; read are {', '.join(SCANS)}")
    lateral, depth = (numbers(member(found, name), f"{path.name}, {name}") for name in SCANS[kind])
    for axis, name in ((lateral, SCANS[kind][0]), (depth, SCANS[kind][1])):
        steps = np.diff(axis)
        if len(axis) < 2 or not (steps > 0).all() or np.ptp(steps) > EVEN * steps.mean() + 1e-9:
            raise EchoPilotError(f"{path.name}: {name} is not even; only even axes are read")
    if kind == "uff.sector_scan":
        origin = member(found, "origin")
        if origin is not None and int(np.max(origin.attrs.get("size", 1))) > 1:
            raise EchoPilotError(f"{path.name}: a sector scan of several origins; scan-convert it first")
        if depth[0] < 0.0 or np.abs(lateral).max() > np.pi / 2:
            raise EchoPilotError(f"{path.name}: a sector scan beyond 90 degrees or above its origin")
    return Scan(kind == "uff.sector_scan", lateral, depth)


@dataclass(frozen=True)
class _Grid:
    """Pixels of the image, and where each lies among the samples (columns, rows); no maps where they are the same."""

    width: int
    height: int
    spacing_m: tuple[float, float]
    maps: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    @classmethod
    def of(cls, scan: Scan) -> "_Grid":
        step_m, lateral_step = float(np.diff(scan.depth_m).mean()), float(np.diff(scan.lateral).mean())
        if not scan.is_sector:
            return cls(len(scan.lateral), len(scan.depth_m), (lateral_step, step_m))
        reach_m = float(scan.depth_m[-1])
        left_m, right_m = (reach_m * np.sin(angle) for angle in (min(scan.lateral[0], 0.0), max(scan.lateral[-1], 0.0)))
        top_m = float(scan.depth_m[0] * np.cos(np.abs(scan.lateral).max()))
        pixel_m = max((reach_m - top_m) / ROWS, step_m)
        width, height = (int(np.ceil(length / pixel_m)) + 1 for length in (right_m - left_m, reach_m - top_m))
        x, z = np.meshgrid(left_m + pixel_m * np.arange(width), top_m + pixel_m * np.arange(height))
        column = (np.arctan2(x, z) - scan.lateral[0]) / lateral_step
        row = (np.hypot(x, z) - scan.depth_m[0]) / step_m
        return cls(width, height, (pixel_m, pixel_m), (column.astype(np.float32), row.astype(np.float32)))

    def image(self, lines: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The image (H, W) of samples (depths, beams)."""
        if self.maps is None:
            return lines
        return np.asarray(cv2.remap(lines, *self.maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), np.uint8)

    def region(self) -> Region | None:
        """The whole image with its spacing."""
        x_m, y_m = self.spacing_m
        return spacing_region(x_m * 1e3, y_m * 1e3, self.width, self.height)


def _class(group: Any) -> str:
    """MATLAB class that a group is marked with."""
    if not hasattr(group, "attrs") or "class" not in group.attrs:
        return ""
    raw = group.attrs["class"]
    raw = raw.ravel()[0] if isinstance(raw, np.ndarray) and raw.size else raw
    return raw.decode("latin-1") if isinstance(raw, bytes) else str(raw)

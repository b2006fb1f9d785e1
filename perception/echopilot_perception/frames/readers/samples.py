"""Samples of any type as 8-bit gray levels, by one rule for all file types."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError

DYNAMIC_RANGE_DB = 60.0  # of images in decibels, whose largest value is 0
FLOAT_BYTES = 4


def eight_bits(
    frames: Iterable[NDArray[Any]], name: str, limit: int, full: int | None = None
) -> Iterator[NDArray[np.uint8]]:
    """Frames as uint8: such frames as they are, wider ones stretched by the extremes of the whole clip.

    Args:
        frames: arrays of one type, (H, W) or (H, W, C).
        name: of the file, for messages.
        limit: of bytes of 8-bit samples; wider ones are kept until all are seen.
        full: largest value that the samples can have, by default that of their type.

    Raises:
        EchoPilotError: types differ, complex numbers, or more samples than `limit`.
    """
    kept: list[NDArray[Any]] = []
    kind: np.dtype[Any] | None = None
    size = 0
    low, high = np.inf, -np.inf
    for frame in frames:
        if kind is not None and frame.dtype != kind:
            raise EchoPilotError(f"{name}: images of {frame.dtype} after images of {kind}; give images of one kind")
        kind = frame.dtype
        if kind == np.uint8:
            yield frame
            continue
        if kind.kind not in "iuf":
            raise EchoPilotError(f"{name}: samples of type {kind} are no gray levels")
        kept.append(np.asarray(frame, np.float32) if kind.itemsize > FLOAT_BYTES or kind.kind == "f" else frame)
        size += frame.size
        if size > limit:
            raise EchoPilotError(f"{name}: more than {limit / 1e6:.0f} MB of images; cut it")
        finite = frame[np.isfinite(frame)] if kind.kind == "f" else frame
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if kept and kind is not None:
        bounds = _bounds(low, high, kind, full)
        for k, frame in enumerate(kept):
            kept[k] = frame[:0]
            yield scaled(frame, *bounds)


def scaled(frame: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Samples from `low` to `high` as 0 to 255; NaN is 0."""
    levels = (np.asarray(frame, np.float32) - np.float32(low)) * np.float32(255.0 / max(high - low, 1e-12))
    return np.asarray(np.rint(np.clip(np.nan_to_num(levels, nan=0.0, posinf=255.0, neginf=0.0), 0.0, 255.0)), np.uint8)


def _bounds(low: float, high: float, kind: np.dtype[Any], full: int | None) -> tuple[float, float]:
    """Values shown black and white.

    Samples that use more than half of a usual range (1 as float, 8 bits, the full range) keep it, so that the same
    image has the same levels in every file type; others are stretched by the largest value of the clip. Negative ones
    begin at the least value; float ones without a positive value are decibels.
    """
    if not np.isfinite((low, high)).all() or high <= low == 0.0:
        return 0.0, 255.0
    if low < 0.0:
        decibels = kind.kind == "f" and high <= 0.0 and low > -1000.0
        return (-DYNAMIC_RANGE_DB, 0.0) if decibels else (low, high)
    tops = [255.0, float(full) if full else 65535.0 if kind.kind == "f" else float(np.iinfo(kind).max)]
    if kind.kind == "f":
        tops.insert(0, 1.0)
    for top in tops:
        if top / 2 < high <= top:
            return 0.0, top
    return 0.0, high

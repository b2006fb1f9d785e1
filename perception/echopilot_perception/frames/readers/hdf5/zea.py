"""Scan-converted images of zea files (tue-bmd/zea data format): data/image_sc, or data/image on an even grid."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception.frames.frame_times import FrameTimes, assumed, of_stamps
from echopilot_perception.frames.image_sequence import ImageSequence, Region, gather
from echopilot_perception.frames.readers.hdf5.access import checked, checked_limit, member, numbers
from echopilot_perception.frames.readers.plus_fields import spacing_region
from echopilot_perception.frames.readers.samples import eight_bits

EVEN = 0.02  # of a step
MAX_TRANSMITS = 2_000_000


@dataclass(frozen=True)
class Found:
    """Values (N, H, W) of images and their spacing [m] of columns and rows, where it is told."""

    values: Any
    spacing_m: tuple[float, float] | None


def images_of(file: Any) -> Found | None:
    """The scan-converted images of a file, None where it holds none."""
    data = member(file, "data")
    converted = member(data, "image_sc")
    if converted is not None:
        values = member(converted, "values") if hasattr(converted, "keys") else converted
        return Found(values, _grid(converted))
    image = member(data, "image")
    spacing = _grid(image)
    return Found(member(image, "values"), spacing) if spacing is not None else None


def read_images(file: Any, found: Found, path: Path) -> ImageSequence:
    """Images of a file; raises EchoPilotError."""
    values = found.values
    checked(values, path.name)
    shape = values.shape[:-1] if len(values.shape) == 4 and values.shape[-1] == 1 else values.shape
    if len(shape) not in (2, 3):
        raise EchoPilotError(f"{path.name}: images of shape {values.shape}; frames, rows and columns are read")
    count, height, width = (1, *shape) if len(shape) == 2 else shape
    limit = checked_limit(path, width, height, count)

    def frames() -> Iterator[NDArray[Any]]:
        for k in range(count):
            frame = np.asarray(values[k] if len(shape) == 3 else values[()]).reshape(height, width)
            yield frame.astype(frame.dtype.newbyteorder("="), copy=False)

    gray, colored = gather(eight_bits(frames(), path.name, limit), path.name, limit)
    region: Region | None = None
    if found.spacing_m is not None:
        region = spacing_region(found.spacing_m[0] * 1e3, found.spacing_m[1] * 1e3, width, height)
    return ImageSequence(gray, _times(file, count), colored, region)


def _grid(group: Any) -> tuple[float, float] | None:
    """Spacing [m] of an even grid by the `coordinates` (..., H, W, 3) of x, y and z; None for any other."""
    found = member(group, "coordinates")
    if found is None or len(found.shape) < 3 or found.shape[-1] != 3 or min(found.shape[-3:-1]) < 2:
        return None
    checked(found, "coordinates")
    first = np.asarray(found[(0,) * (len(found.shape) - 3)] if len(found.shape) > 3 else found[()], np.float64)
    x, z = first[..., 0], first[..., 2]
    steps = float(np.diff(x[0]).mean()), float(np.diff(z[:, 0]).mean())
    if min(steps) <= 0.0 or not np.isfinite(steps).all():
        return None
    even_x = x[0, 0] + steps[0] * np.arange(x.shape[1])
    even_z = z[0, 0] + steps[1] * np.arange(z.shape[0])
    is_even = (
        np.abs(x - even_x).max() <= EVEN * steps[0] * 10 and np.abs(z - even_z[:, None]).max() <= EVEN * steps[1] * 10
    )
    return steps if is_even else None


def _times(file: Any, count: int) -> FrameTimes:
    """Times by the time from each transmit to the next, summed up over a frame."""
    waits = member(member(file, "scan"), "time_to_next_transmit")
    if waits is None or waits.shape[:1] != (count,) or count < 2:
        return assumed(count)
    checked(waits, "time_to_next_transmit")
    if waits.size > MAX_TRANSMITS:
        return assumed(count)
    steps_s = numbers(waits, "time_to_next_transmit", MAX_TRANSMITS).reshape(count, -1).sum(axis=1)
    return of_stamps(np.concatenate([[0.0], np.cumsum(steps_s[:-1])]), "times between transmits")

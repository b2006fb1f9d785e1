"""Guarded access to groups and arrays of an HDF5 file: links, other files, sizes and chunks."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception.frames.image_sequence import check_clip, unpacked_limit

MAX_CHUNK_BYTES = 400_000_000
MAX_AXIS = 100_000


def member(group: Any, name: str) -> Any:
    """A group or data set inside `group` of this file; None where there is none, or a link to elsewhere."""
    import h5py

    if group is None or not isinstance(group, h5py.Group):
        return None
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        return None
    return group.get(name)


def numbers(data: Any, where: str, most: int = MAX_AXIS) -> NDArray[np.float64]:
    """The few finite numbers of a data set as (N,) float64."""
    checked(data, where)
    if prod(data.shape) > most:
        raise EchoPilotError(f"{where}: {prod(data.shape)} numbers where at most {most} are expected")
    found = np.asarray(data[()], np.float64).ravel()
    if not np.isfinite(found).all():
        raise EchoPilotError(f"{where}: numbers that are not finite")
    return found


def checked(data: Any, where: str) -> None:
    """Raise EchoPilotError unless `data` is a data set of real numbers in its own file, in bounded chunks."""
    import h5py

    if not isinstance(data, h5py.Dataset) or data.dtype.kind not in "iuf":
        raise EchoPilotError(f"{where}: no array of numbers")
    if data.is_virtual or data.external:
        raise EchoPilotError(f"{where}: its numbers lie in other files; write them into one")
    if data.chunks and prod(data.chunks) * data.dtype.itemsize > MAX_CHUNK_BYTES:
        raise EchoPilotError(f"{where}: chunks of more than {MAX_CHUNK_BYTES / 1e6:.0f} MB")


def checked_limit(path: Path, width: int, height: int, count: int) -> int:
    """Bytes that the gray images of the file may have; raises EchoPilotError for a claim beyond them."""
    limit = unpacked_limit(path.stat().st_size)
    check_clip(width, height, count, limit, path.name)
    return limit


@contextmanager
def quiet() -> Iterator[None]:
    """Without NumPy's words on logarithms of zero."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        yield

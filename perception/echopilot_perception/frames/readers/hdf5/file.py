"""Images in HDF5 files of ultrasound research: USTB's UFF (.uff) and zea."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_perception.frames.image_sequence import ImageSequence, check_clip, unpacked_limit

MAX_CHUNK_BYTES = 400_000_000
MAX_AXIS = 100_000
RAW = ("raw_data", "aligned_data", "beamformed_data", "envelope_data", "channel_data")


def read_hdf5(path: Path) -> ImageSequence:
    """Read the images of a UFF or zea file; raises EchoPilotError in plain words where it holds data before images."""
    import h5py

    from echopilot_perception.frames.readers.hdf5.uff import beamformed, read_beamformed
    from echopilot_perception.frames.readers.hdf5.zea import images_of, read_images

    try:
        with h5py.File(path, "r") as file:
            group = beamformed(file)
            if group is not None:
                return read_beamformed(group, path)
            found = images_of(file)
            if found is not None:
                return read_images(file, found, path)
            held = [name for name in ("channel_data", *_names(member(file, "data"))) if name in RAW or name == "image"]
    except EchoPilotError:
        raise
    except Exception as error:  # h5py raises every kind for damaged files
        raise EchoPilotError(f"{path.name} is not a readable HDF5 file: {one_line(error, 120)}") from error
    if "image" in held:
        raise EchoPilotError(f"{path.name} holds images before scan conversion; write data/image_sc into it")
    raise EchoPilotError(
        f"{path.name} holds no images (of USTB: beamformed data; of zea: data/image_sc); raw channel data is not read"
    )


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


def _names(group: Any) -> list[str]:
    import h5py

    return list(group.keys()) if isinstance(group, h5py.Group) else []

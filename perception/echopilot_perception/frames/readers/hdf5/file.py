"""Images in HDF5 files of ultrasound research: USTB's UFF (.uff) and zea."""

from pathlib import Path
from typing import Any

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_perception.frames.image_sequence import ImageSequence
from echopilot_perception.frames.readers.hdf5.access import member
from echopilot_perception.frames.readers.hdf5.uff import beamformed, read_beamformed
from echopilot_perception.frames.readers.hdf5.zea import images_of, read_images

RAW = ("raw_data", "aligned_data", "beamformed_data", "envelope_data", "channel_data")


def read_hdf5(path: Path) -> ImageSequence:
    """Read the images of a UFF or zea file; raises EchoPilotError in plain words where it holds data before images."""
    import h5py

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


def _names(group: Any) -> list[str]:
    import h5py

    return list(group.keys()) if isinstance(group, h5py.Group) else []

"""Small valid clips of other programs, made in memory: animations, pages, NRRD, HDF5 and ROS 2 bags."""

import gzip
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image

STEP_MS = 40
IMAGE = "sensor_msgs/msg/Image"


def other_kinds(gray: NDArray[np.uint8]) -> dict[str, bytes]:
    """Bytes of valid clips of the images (N, H, W) by file name."""
    files = {f"animation.{suffix}": _animation(gray, suffix) for suffix in ("gif", "webp", "png", "tif")}
    files |= {"plain.nrrd": _nrrd(gray, "raw"), "packed.nrrd": _nrrd(gray, "gzip")}
    files |= {"beamformed.uff": _uff(gray), "converted.hdf5": _zea(gray)}
    return files | {f"bag.{suffix}": _bag(gray, suffix) for suffix in ("mcap", "db3")}


def _animation(gray: NDArray[np.uint8], suffix: str) -> bytes:
    first, *rest = (Image.fromarray(image) for image in gray)
    buffer, kind = io.BytesIO(), {"tif": "TIFF"}.get(suffix, suffix.upper())
    first.save(buffer, kind, save_all=True, append_images=rest, **({} if suffix == "tif" else {"duration": STEP_MS}))
    return buffer.getvalue()


def _nrrd(gray: NDArray[np.uint8], encoding: str) -> bytes:
    count, height, width = gray.shape
    lines = [
        "NRRD0005",
        "type: uint8",
        "dimension: 4",
        f"sizes: {width} {height} 1 {count}",
        "space: left-posterior-superior",
        "space directions: (0.5,0,0) (0,0.5,0) (0,0,1) none",
        "kinds: domain domain domain list",
        f"encoding: {encoding}",
        *(f"Seq_Frame{k:04d}_Timestamp:={7417.0 + 0.1 * k}" for k in range(count)),
        "UltrasoundImageOrientation:=MFA",
    ]
    body = gray.tobytes()
    return ("\n".join(lines) + "\n\n").encode() + (gzip.compress(body) if encoding == "gzip" else body)


def _uff(gray: NDArray[np.uint8]) -> bytes:
    count, height, width = gray.shape
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        group = file.create_group("b_data")
        group.attrs["class"] = "uff.beamformed_data"
        group["data"] = 10.0 ** ((gray.transpose(0, 2, 1).reshape(count, 1, 1, -1) / 255.0 - 1.0) * 3.0)
        group["scan/x_axis"], group["scan/z_axis"] = 5e-4 * np.arange(width), 5e-4 * np.arange(height)
        group["scan"].attrs["class"] = "uff.linear_scan"
    return buffer.getvalue()


def _zea(gray: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("data/image_sc", data=gray, chunks=(1, *gray.shape[1:]), compression="gzip")
        file["scan/time_to_next_transmit"] = np.full((len(gray), 4), 0.01)
    return buffer.getvalue()


def _bag(gray: NDArray[np.uint8], suffix: str) -> bytes:
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    types = get_typestore(Stores.ROS2_JAZZY)
    kinds: Any = types.types
    height, width = gray.shape[1:]
    plugin = StoragePlugin.MCAP if suffix == "mcap" else StoragePlugin.SQLITE3
    with TemporaryDirectory() as folder:
        with Writer(Path(folder) / "bag", version=9, storage_plugin=plugin) as writer:
            connection = writer.add_connection("/probe/image", IMAGE, typestore=types)
            for k, image in enumerate(gray):
                stamp = kinds["builtin_interfaces/msg/Time"](0, k * STEP_MS * 10**6)
                header = kinds["std_msgs/msg/Header"](stamp, "probe")
                message = kinds[IMAGE](header, height, width, "mono8", 0, width, image.ravel())
                writer.write(connection, k * STEP_MS * 10**6, types.serialize_cdr(message, IMAGE))
        return next((Path(folder) / "bag").glob(f"*.{suffix}")).read_bytes()

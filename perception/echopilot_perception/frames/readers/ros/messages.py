"""Messages sensor_msgs/Image and CompressedImage as arrays (REP-118; sensor_msgs/image_encodings)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import MAX_IMAGE_BYTES, one_line
from echopilot_perception.frames.image_sequence import MAX_BYTES, check_size
from echopilot_perception.frames.readers.images import count_frames, opened, samples

IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
IMAGE_TYPES = (IMAGE, COMPRESSED)
ENCODINGS: dict[str, tuple[str, tuple[int, ...]]] = {  # type of a sample, and which of them are gray, or red to blue
    "mono8": ("u1", (0,)),
    "8UC1": ("u1", (0,)),
    "mono16": ("u2", (0,)),
    "16UC1": ("u2", (0,)),
    "32FC1": ("f4", (0,)),
    "rgb8": ("u1", (0, 1, 2)),
    "bgr8": ("u1", (2, 1, 0)),
    "8UC3": ("u1", (2, 1, 0)),
    "rgba8": ("u1", (0, 1, 2, 3)),
    "bgra8": ("u1", (2, 1, 0, 3)),
    "8UC4": ("u1", (2, 1, 0, 3)),
}


def decoded(message: Any, kind: str, name: str) -> NDArray[Any]:
    """Samples (H, W) or RGB (H, W, 3) of a message of `kind` in the bag `name`; raises EchoPilotError."""
    return _compressed(message, name) if kind == COMPRESSED else _raw(message, name)


def _raw(message: Any, name: str) -> NDArray[Any]:
    encoding = str(message.encoding)
    if encoding not in ENCODINGS:
        raise EchoPilotError(f"{name}: images in {one_line(encoding, 30)!a}; read are {', '.join(ENCODINGS)}")
    code, order = ENCODINGS[encoding]
    height, width, step = int(message.height), int(message.width), int(message.step)
    check_size(width, height, name)
    dtype = np.dtype((">" if message.is_bigendian else "<") + code)
    row = width * len(order) * dtype.itemsize
    data = np.ascontiguousarray(message.data).view(np.uint8)
    if step < row or data.size < step * (height - 1) + row:
        raise EchoPilotError(f"{name}: an image of {width} x {height} px in {data.size} bytes; it is damaged")
    rows = np.lib.stride_tricks.as_strided(data, (height, row), (step, 1), writeable=False)
    image = np.ascontiguousarray(rows).view(dtype).astype(dtype.newbyteorder("=")).reshape(height, width, len(order))
    if len(order) == 1:
        return np.asarray(image[..., 0])
    return np.asarray(image[..., order[:3]])  # opacity of a camera image says nothing


def _compressed(message: Any, name: str) -> NDArray[Any]:
    """An image in a file format of its own, told by its content."""
    if "compressedDepth" in str(message.format):
        raise EchoPilotError(f"{name}: a depth image ({one_line(message.format, 40)!a}) is no ultrasound image")
    data = np.ascontiguousarray(message.data).tobytes()
    if len(data) > MAX_IMAGE_BYTES:
        raise EchoPilotError(
            f"{name}: an image of {len(data) / 1e6:.0f} MB; at most {MAX_IMAGE_BYTES / 1e6:.0f} are read"
        )
    with opened(data, name) as image:
        if count_frames(image) > 1:
            raise EchoPilotError(f"{name}: an animation in a message; one image in each is read")
        return next(samples(image, data, name, MAX_BYTES))

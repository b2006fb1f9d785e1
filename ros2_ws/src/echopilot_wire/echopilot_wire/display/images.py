"""Image and CompressedImage of pixels in `us_image`."""

import numpy as np
from numpy.typing import NDArray

from echopilot_wire.basic import to_header, to_octets
from echopilot_wire.store import Message, sensor_msgs

FRAME_ID = "us_image"
_ENCODINGS = {1: "mono8", 3: "rgb8"}
"""By number of channels."""


def to_image(stamp_ns: int, pixels: NDArray[np.uint8]) -> Message:
    """Gray pixels (H, W) as mono8, color (H, W, 3) as rgb8; ValueError for another shape."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[-1]
    if pixels.ndim not in (2, 3) or channels not in _ENCODINGS:
        raise ValueError(f"an image has shape {pixels.shape}; valid: (H, W) and (H, W, 3)")
    height, width = pixels.shape[:2]
    header = to_header(stamp_ns, FRAME_ID)
    return sensor_msgs.Image(header, height, width, _ENCODINGS[channels], 0, width * channels, to_octets(pixels))


def to_compressed(stamp_ns: int, jpeg: bytes) -> Message:
    """An image as the bytes of a JPEG file."""
    return sensor_msgs.CompressedImage(to_header(stamp_ns, FRAME_ID), "jpeg", np.frombuffer(jpeg, np.uint8))

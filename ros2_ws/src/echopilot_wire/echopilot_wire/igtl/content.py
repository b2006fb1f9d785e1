"""Contents of the OpenIGTLink messages IMAGE, TRANSFORM, STRING and STATUS.

OpenIGTLink counts in millimeters and names the center of an image; here are meters and the center of pixel (0, 0).
"""

from dataclasses import dataclass
from struct import Struct, error

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array, se3
from echopilot_wire.igtl.envelope import ASCII, UTF8

IMAGE = Struct(">HBBBB3H12f6H")
TRANSFORM = Struct(">12f")
TEXT = Struct(">HH")
STATUS = Struct(">HQ20s")
STATUS_OK = 1
LITTLE, BIG = 2, 1
LPS, RAS = 2, 1
SAMPLES = {2: "i1", 3: "u1", 4: "i2", 5: "u2", 6: "i4", 7: "u4", 10: "f4", 11: "f8"}
_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_SQUARE = 1e-3  # cosine between the axes of an image that are still perpendicular


@dataclass(frozen=True)
class IgtlImage:
    """A single image: samples (H, W) or (H, W, 3), size of a pixel (x, y) [m], and where it is.

    `T_world_image` (4, 4) [m] maps x right, y down from the center of pixel (0, 0) to the sender's world, in LPS axes.
    """

    samples: NDArray[np.generic]
    spacing_m: tuple[float, float]
    T_world_image: Array


@dataclass(frozen=True)
class IgtlStatus:
    """State of a device: `code` 1 is OK, others are faults of the protocol's list."""

    code: int
    name: str = ""
    message: str = ""


def from_igtl_image(content: bytes) -> IgtlImage:
    """Content of an IMAGE; ValueError for volumes, parts of images, unknown samples and axes that are none."""
    try:
        fields = IMAGE.unpack_from(content)
    except error as problem:
        raise ValueError(f"an image without its header: {problem}") from problem
    channels, kind, order, system, width, height, slices = fields[1:8]
    if slices != 1 or fields[20:23] != (0, 0, 0) or fields[23:] != fields[5:8]:
        raise ValueError(f"an image of {width} x {height} x {slices}; whole single images are read")
    if kind not in SAMPLES or channels not in (1, 3):
        raise ValueError(
            f"samples of type {kind} in {channels} channels; read are 1 or 3 of {', '.join(SAMPLES.values())}"
        )
    dtype = np.dtype(("<" if order == LITTLE else ">") + SAMPLES[kind])
    if len(content) - IMAGE.size != width * height * channels * dtype.itemsize:
        raise ValueError(f"an image of {width} x {height} in {len(content) - IMAGE.size} bytes")
    samples = np.frombuffer(content, dtype, offset=IMAGE.size).astype(dtype.newbyteorder("="), copy=False)
    shape = (height, width) if channels == 1 else (height, width, channels)
    x, y, _, center = 1e-3 * np.array(fields[8:20], dtype=np.float64).reshape(4, 3)
    size = np.linalg.norm(x), np.linalg.norm(y)
    if not np.isfinite([x, y, center]).all() or min(size) <= 0.0 or abs(x @ y) > _SQUARE * size[0] * size[1]:
        raise ValueError("an image whose axes are not perpendicular")
    x, y = x / size[0], y - (y @ x) * x / size[0] ** 2
    y = y / np.linalg.norm(y)
    corner = center - 0.5 * (width - 1) * size[0] * x - 0.5 * (height - 1) * size[1] * y
    T = se3.transform(np.column_stack([x, y, np.cross(x, y)]), corner)
    return IgtlImage(samples.reshape(shape), (float(size[0]), float(size[1])), _TO_LPS @ T if system == RAS else T)


def to_igtl_image(image: IgtlImage) -> bytes:
    """Content of an IMAGE in LPS; ValueError for samples that OpenIGTLink has no type for."""
    samples = np.ascontiguousarray(image.samples)
    kinds = {name: number for number, name in SAMPLES.items()}
    if samples.dtype.str[1:] not in kinds or samples.ndim not in (2, 3):
        raise ValueError(f"samples {samples.dtype} {samples.shape}; OpenIGTLink has {', '.join(kinds)}")
    height, width = samples.shape[:2]
    T, (sx, sy) = image.T_world_image, image.spacing_m
    center = T[:3, 3] + 0.5 * (width - 1) * sx * T[:3, 0] + 0.5 * (height - 1) * sy * T[:3, 1]
    axes_mm = 1e3 * np.concatenate([sx * T[:3, 0], sy * T[:3, 1], 1e-3 * T[:3, 2], center])
    channels = samples.shape[2] if samples.ndim == 3 else 1
    order = BIG if samples.dtype.str[0] == ">" else LITTLE
    size = (width, height, 1)
    head = (1, channels, kinds[samples.dtype.str[1:]], order, LPS)
    return IMAGE.pack(*head, *size, *axes_mm.tolist(), 0, 0, 0, *size) + samples.tobytes()


def from_igtl_transform(content: bytes) -> Array:
    """Content of a TRANSFORM as (4, 4) [m]; ValueError where it is no rigid motion."""
    try:
        columns = np.array(TRANSFORM.unpack(content), dtype=np.float64).reshape(4, 3)
    except error as problem:
        raise ValueError(f"no transform: {problem}") from problem
    T = np.eye(4)
    T[:3] = columns.T
    T[:3, 3] *= 1e-3
    if not np.isfinite(T).all() or not se3.is_rigid(T, 1e-3):
        raise ValueError("a transform that is no rigid motion")
    return T


def to_igtl_transform(T: Array) -> bytes:
    """Content of a TRANSFORM from (4, 4) [m]."""
    return TRANSFORM.pack(*T[:3, :3].T.reshape(-1).tolist(), *(1e3 * T[:3, 3]).tolist())


def from_igtl_string(content: bytes) -> str:
    """Content of a STRING; ValueError for sizes that do not fit and character sets other than ASCII and UTF-8."""
    if len(content) < TEXT.size or (size := TEXT.unpack_from(content)[1]) != len(content) - TEXT.size:
        raise ValueError(f"a string of {len(content)} bytes that does not have the length that it announces")
    charset = TEXT.unpack_from(content)[0]
    if charset not in (ASCII, UTF8):
        raise ValueError(f"a string in character set {charset}; read are 3 (ASCII) and 106 (UTF-8)")
    return content[TEXT.size : TEXT.size + size].decode("utf-8")


def to_igtl_string(text: str) -> bytes:
    """Content of a STRING; ValueError above 65535 bytes."""
    data = text.encode("utf-8")
    if len(data) > 0xFFFF:
        raise ValueError(f"a string of {len(data)} bytes; at most 65535 fit")
    return TEXT.pack(ASCII if text.isascii() else UTF8, len(data)) + data


def from_igtl_status(content: bytes) -> IgtlStatus:
    """Content of a STATUS; ValueError when it is too short."""
    if len(content) < STATUS.size:
        raise ValueError(f"a status of {len(content)} bytes; it has at least {STATUS.size}")
    code, _, name = STATUS.unpack_from(content)
    texts = (part.split(b"\0")[0].decode("latin-1").strip() for part in (name, content[STATUS.size :]))
    return IgtlStatus(code, *texts)


def to_igtl_status(status: IgtlStatus) -> bytes:
    """Content of a STATUS."""
    return (
        STATUS.pack(status.code, 0, status.name.encode("ascii")[:20])
        + status.message.encode("ascii", "replace")
        + b"\0"
    )

"""Fuzz cases for perception: damaged files and extreme frames, each made from a seed and its number alone."""

import io
from dataclasses import dataclass, replace

import numpy as np
import pydicom
from numpy.typing import NDArray

from echopilot_core import Frame, ProbeGeometry, ProbeKind, SectorBox
from echopilot_lab.fuzzing.files import made_files, written

FRAME_SHARE = 0.16  # of the cases are frames, the others files
ABSURD = (0.0, -1.0, np.nan, np.inf, -np.inf, 1e-30, 1e30, 1e308, -1e308)
TYPES = (np.uint8, np.uint16, np.int16, np.float32, np.float64, np.bool_)
SUFFIXES: tuple[str, ...] = (
    *(
        ".dcm",
        ".png",
        ".jpg",
        ".gif",
        ".tif",
        ".mp4",
        ".avi",
        ".webm",
        ".mha",
        ".mhd",
        ".nrrd",
        ".uff",
        ".mcap",
        ".db3",
    ),
    *(".txt", ""),
)
EDITS: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("Rows", (0, 1, 47, 49, 65_535)),
    ("Columns", (0, 1, 63, 65, 65_535)),
    ("NumberOfFrames", (0, 1, 2, 4, 1_000_000, -3)),
    ("BitsAllocated", (0, 1, 8, 12, 16, 32, 64)),
    ("BitsStored", (0, 1, 7, 12, 40)),
    ("SamplesPerPixel", (0, 1, 2, 3, 4)),
    ("PixelRepresentation", (0, 1, 7)),
    ("PlanarConfiguration", (0, 1, 9)),
    ("PhotometricInterpretation", ("MONOCHROME1", "RGB", "YBR_FULL_422", "YBR_ICT", "PALETTE COLOR", "", "LOVELY")),
    ("FrameTime", ("0", "-40", "1e300", "0.001")),
    ("FrameTimeVector", ([0, -1, 5], [0, 0, 0], [1e30] * 3, [5])),
    ("CineRate", ("0", "-5")),
)
SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5", "1.2.3.4", "")


@dataclass(frozen=True)
class Case:
    """One case: either a file of `name` with `data`, or a frame."""

    number: int
    what: str
    name: str = ""
    data: bytes = b""
    frame: Frame | None = None


def make_case(seed: int, number: int) -> Case:
    """The case `number` of `seed`; the same every time."""
    rng = np.random.default_rng([seed, number])
    if rng.random() < FRAME_SHARE:
        return Case(number, "frame", frame=_frame(rng))
    files = made_files()
    name = sorted(files)[int(rng.integers(len(files)))]
    data, suffix = files[name], name[name.rindex(".") :]
    choice = int(rng.integers(10))
    if choice == 0:
        return Case(number, f"{name} as it is", f"case{suffix}", data)
    if choice == 1:
        suffix = SUFFIXES[int(rng.integers(len(SUFFIXES)))]
        return Case(number, f"{name} called {suffix}", f"case{suffix}", data)
    if choice == 2:
        return Case(number, f"rubbish called {suffix}", f"case{suffix}", _rubbish(rng))
    if choice in (3, 4) and suffix == ".dcm":
        return Case(number, f"{name} with other tags", "case.dcm", _edited(rng, data))
    return Case(number, f"{name} damaged", f"case{suffix}", damaged(rng, data))


def _pick(rng: np.random.Generator, options: tuple[object, ...]) -> object:
    return options[int(rng.integers(len(options)))]


def _rubbish(rng: np.random.Generator) -> bytes:
    size = int(rng.integers(0, 3000))
    if rng.random() < 0.3:
        return b"this is not a clip\n" * (size // 20)
    start = _pick(
        rng,
        (
            b"",
            b"\x89PNG\r\n\x1a\n",
            bytes(128) + b"DICM",
            b"RIFF\0\0\0\0AVI ",
            b"ObjectType = Image\n",
            b"\xff\xd8\xff",
            b"GIF89a",
            b"NRRD0005\n",
            b"\x89HDF\r\n\x1a\n",
            b"\x89MCAP0\r\n",
            b"SQLite format 3\0",
        ),
    )
    assert isinstance(start, bytes)
    return start + rng.bytes(size)


def damaged(rng: np.random.Generator, data: bytes) -> bytes:
    """Cut off, flipped bits, a piece removed, repeated or overwritten; up to three times over."""
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(len(data) + 1))
        if rng.random() < 0.5:
            at = min(at, int(rng.integers(1200)))  # headers are where it hurts
        length = int(rng.integers(1, 64))
        match int(rng.integers(5)):
            case 0:
                data = data[:at]
            case 1:
                data = data[:at] + data[at + length :]
            case 2:
                data = data[:at] + data[at : at + length] + data[at:]
            case 3:
                data = data[:at] + rng.bytes(length) + data[at + length :]
            case _:
                flipped = np.frombuffer(data, np.uint8).copy()
                if flipped.size:
                    where = rng.integers(flipped.size, size=int(rng.integers(1, 12)))
                    flipped[where] ^= np.uint8(1) << rng.integers(8, size=len(where)).astype(np.uint8)
                data = flipped.tobytes()
    return data


def _edited(rng: np.random.Generator, data: bytes) -> bytes:
    """The same DICOM data set with one to three values that lie."""
    item = pydicom.dcmread(io.BytesIO(data))
    pixels = item.PixelData
    for _ in range(int(rng.integers(1, 4))):
        choice = int(rng.integers(len(EDITS) + 4))
        if choice < len(EDITS):
            keyword, values = EDITS[choice]
            value = _pick(rng, values)
            setattr(item, keyword, list(value) if isinstance(value, list) else value)
        elif choice == len(EDITS):
            item.PixelData = pixels[: int(rng.integers(len(pixels)))]
        elif choice == len(EDITS) + 1 and "PixelData" in item:
            del item.PixelData
        elif choice == len(EDITS) + 2:
            region = item.SequenceOfUltrasoundRegions[0]
            region.PhysicalDeltaX = _pick(rng, (0.0, -0.05, float("nan"), 1e300, float("inf")))
            region.RegionLocationMaxX1 = _pick(rng, (0, 4_000_000_000, 5))
        else:
            item.file_meta.TransferSyntaxUID = _pick(rng, SYNTAXES)
    try:
        return written(item)
    except Exception:  # pydicom refuses to write some lies
        return data[: int(rng.integers(len(data)))]


def _frame(rng: np.random.Generator) -> Frame:
    """A small frame with up to three absurd properties."""
    height, width = (int(v) for v in rng.integers(1, 200, 2))
    image: NDArray[np.generic] = np.asarray(rng.integers(0, 256, (height, width)), np.uint8)
    spacing = float(10.0 ** rng.uniform(-4.5, -2.2))
    geometry = ProbeGeometry(
        kind=ProbeKind(int(rng.integers(3))),
        radius_m=float(rng.choice([0.0, 0.02, 0.06])),
        opening_angle_rad=float(rng.uniform(0.0, 2.0)),
        aperture_m=float(rng.uniform(0.0, 0.06)),
        depth_m=float(10.0 ** rng.uniform(-2.5, -0.3)),
        spacing_x_m=spacing,
        spacing_y_m=spacing * float(rng.uniform(0.5, 2.0)),
        origin_u_px=float(rng.uniform(-width, 2 * width)),
        origin_v_px=float(rng.uniform(-height, height)),
        frequency_hz=0.0,
    )
    box = SectorBox(0, 0, width, height)
    for _ in range(int(rng.integers(0, 4))):
        match int(rng.integers(6)):
            case 0:
                fields = ("radius_m", "opening_angle_rad", "aperture_m", "depth_m", "spacing_x_m", "spacing_y_m")
                name = str(_pick(rng, (*fields, "origin_u_px", "origin_v_px")))
                geometry = replace(geometry, **{name: _pick(rng, ABSURD)})  # type: ignore[arg-type]
            case 1:
                box = SectorBox(*(int(v) for v in rng.integers(-50, 250, 4)))
            case 2:
                image = np.nan_to_num(image).astype(TYPES[int(rng.integers(len(TYPES)))])
                if image.dtype.kind == "f":
                    image = np.where(np.asarray(image) > 200, np.nan, image)
            case 3:
                image = np.stack([image] * int(rng.integers(0, 5) or 1), axis=-1) if image.ndim == 2 else image[:0]
            case 4:
                image = np.full_like(image, _pick(rng, (0, 1, 255)))
            case _:
                image = image[:: int(rng.integers(1, 3)), ::-1]
    return Frame(0, int(rng.integers(1 << 31)), image, geometry, box)  # type: ignore[arg-type]

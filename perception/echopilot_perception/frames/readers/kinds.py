"""Kinds of files that are clips, by suffix and by content."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from echopilot_core.guarded.bounded import open_regular

WORDS = (
    "a DICOM file, video, animation, image, MetaImage, NRRD, HDF5 or MCAP file, or a folder of images, of one DICOM "
    "series or of a ROS 2 bag"
)
TOPIC_MARK = "::"  # BAG::/topic


@dataclass(frozen=True)
class ClipKind:
    """Files of one family: its name and the suffixes that they have."""

    name: str
    suffixes: tuple[str, ...]


DICOM = ClipKind("DICOM", (".dcm", ".dicom", ".ima"))
VIDEO = ClipKind("video", (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"))
IMAGE = ClipKind("image", (".png", ".apng", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"))
METAIMAGE = ClipKind("MetaImage", (".mha", ".mhd"))
NRRD = ClipKind("NRRD", (".nrrd", ".nhdr"))
HDF5 = ClipKind("HDF5", (".uff", ".hdf5", ".h5"))
BAG = ClipKind("ROS 2 bag", (".mcap", ".db3"))
KINDS = (DICOM, VIDEO, IMAGE, METAIMAGE, NRRD, HDF5, BAG)
BY_SUFFIX: Mapping[str, ClipKind] = {suffix: kind for kind in KINDS for suffix in kind.suffixes}
SUFFIXES = tuple(BY_SUFFIX)

DATA_SET_TYPES = (b"UL", b"UI", b"OB", b"CS", b"SH", b"LO", b"DA", b"TM")  # with which a bare data set may begin
SHORT_BYTES = 64  # of a first value without a type


def split_topic(path: Path) -> tuple[Path, str]:
    """A path and the topic behind `::`, empty where there is none."""
    text = str(path)
    if TOPIC_MARK not in text or path.exists():
        return path, ""
    name, _, topic = text.rpartition(TOPIC_MARK)
    return Path(name), topic


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM by its content: with the preamble of PS3.10, or a data set alone, as old writers left it.

    Such a data set begins with the group 0002 or 0008 and either an explicit type or a short length.
    """
    with open_regular(path, path.name) as file:
        start = file.read(132)
    if start[128:] == b"DICM":
        return True
    if start[:2] not in (b"\x02\x00", b"\x08\x00") or len(start) < 132 or start[3:4] != b"\x00":
        return False
    return start[4:6] in DATA_SET_TYPES or int.from_bytes(start[4:8], "little") <= SHORT_BYTES

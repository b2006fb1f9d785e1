"""Kinds of files that are clips, by suffix and by content, and the choice of their reader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import open_regular
from echopilot_perception.frames.image_sequence import ImageSequence

WORDS = (
    "a DICOM file, video, animation, image, MetaImage, NRRD, HDF5 or MCAP file, or a folder of images, of one DICOM "
    "series or of a ROS 2 bag"
)
TOPIC_MARK = "::"  # BAG::/topic


@dataclass(frozen=True)
class Kind:
    """Files with one of `suffixes`, read by `function` of `module` beside this one: imported when it is needed."""

    suffixes: tuple[str, ...]
    module: str
    function: str

    def read(self, path: Path) -> ImageSequence:
        """Read a file of this kind."""
        module = import_module(f"echopilot_perception.frames.readers.{self.module}")
        reader: Callable[[Path], ImageSequence] = getattr(module, self.function)
        return reader(path)


DICOM = Kind((".dcm", ".dicom", ".ima"), "dicom.file", "read_dicom")
VIDEO = Kind((".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"), "video", "read_video")
IMAGE = Kind((".png", ".apng", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"), "images", "read_image_file")
METAIMAGE = Kind((".mha", ".mhd"), "metaimage", "read_metaimage")
NRRD = Kind((".nrrd", ".nhdr"), "nrrd_file", "read_nrrd")
HDF5 = Kind((".uff", ".hdf5", ".h5"), "hdf5.file", "read_hdf5")
BAG = Kind((".mcap", ".db3"), "ros.bag", "read_bag")
KINDS = (DICOM, VIDEO, IMAGE, METAIMAGE, NRRD, HDF5, BAG)
BY_SUFFIX: Mapping[str, Kind] = {suffix: kind for kind in KINDS for suffix in kind.suffixes}
SUFFIXES = tuple(BY_SUFFIX)


def read_clip(path: Path) -> ImageSequence:
    """All frames of the file, folder or `BAG::/topic` at `path`.

    Raises EchoPilotError with one line when it does not exist, is no clip or cannot be read.
    """
    file, topic = split_topic(path)
    if not file.exists():
        raise EchoPilotError(f"clip {path} does not exist")
    try:
        if topic or _is_bag_folder(file):
            from echopilot_perception.frames.readers.ros.bag import read_bag

            return read_bag(file, topic)
        if file.is_dir():
            from echopilot_perception.frames.readers.folder import read_folder

            return read_folder(file)
        return _kind(file).read(file)
    except OSError as error:
        raise EchoPilotError(f"{file.name} cannot be read: {error.strerror or type(error).__name__}") from error


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
    return start[4:6] in (b"UL", b"UI", b"OB", b"CS", b"SH", b"LO", b"DA", b"TM") or (
        int.from_bytes(start[4:8], "little") <= 64
    )


def _kind(file: Path) -> Kind:
    """The kind of a file by its suffix, or DICOM by its content."""
    with open_regular(file, file.name) as opened:
        if not opened.read(1):
            raise EchoPilotError(f"{file.name} is empty: 0 bytes")
    kind = BY_SUFFIX.get(file.suffix.lower())
    if kind is None and is_dicom(file):
        kind = DICOM
    if kind is None:
        raise EchoPilotError(f"{file.name} is not a clip; give {WORDS} ({', '.join(SUFFIXES)})")
    return kind


def _is_bag_folder(path: Path) -> bool:
    return path.is_dir() and any(
        p.suffix.lower() in BAG.suffixes or p.name.endswith(".db3.zstd") for p in path.iterdir()
    )

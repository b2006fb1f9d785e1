"""The reader of a clip, chosen by what lies at its path; libraries are imported when they are needed."""

from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import open_regular
from echopilot_perception.frames.image_sequence import ImageSequence
from echopilot_perception.frames.readers.kinds import (
    BAG,
    BY_SUFFIX,
    DICOM,
    HDF5,
    IMAGE,
    METAIMAGE,
    NRRD,
    SUFFIXES,
    WORDS,
    ClipKind,
    is_dicom,
    split_topic,
)
from echopilot_perception.frames.readers.video import read_video  # quiets FFmpeg before anything opens a video


def read_clip(path: Path) -> ImageSequence:
    """All frames of the file, folder or `BAG::/topic` at `path`.

    Raises EchoPilotError with one line when it does not exist, is no clip or cannot be read.
    """
    file, topic = split_topic(path)
    try:
        if not file.exists():
            raise EchoPilotError(f"clip {path} does not exist")
        if topic or _is_bag_folder(file):
            from echopilot_perception.frames.readers.ros.bag import read_bag

            return read_bag(file, topic)
        if file.is_dir():
            from echopilot_perception.frames.readers.folder import read_folder

            return read_folder(file)
        return _read_file(file, _kind(file))
    except OSError as error:
        raise EchoPilotError(f"{file.name} cannot be read: {error.strerror or type(error).__name__}") from error


def _kind(file: Path) -> ClipKind:
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


def _read_file(file: Path, kind: ClipKind) -> ImageSequence:
    if kind is DICOM:
        from echopilot_perception.frames.readers.dicom.file import read_dicom

        return read_dicom(file)
    if kind is IMAGE:
        from echopilot_perception.frames.readers.images import read_image_file

        return read_image_file(file)
    if kind is METAIMAGE:
        from echopilot_perception.frames.readers.metaimage import read_metaimage

        return read_metaimage(file)
    if kind is NRRD:
        from echopilot_perception.frames.readers.nrrd_file import read_nrrd

        return read_nrrd(file)
    if kind is HDF5:
        from echopilot_perception.frames.readers.hdf5.file import read_hdf5

        return read_hdf5(file)
    if kind is BAG:
        from echopilot_perception.frames.readers.ros.bag import read_bag

        return read_bag(file)
    return read_video(file)


def _is_bag_folder(path: Path) -> bool:
    if not path.is_dir():
        return False
    return any(file.suffix.lower() in BAG.suffixes or file.name.endswith(".db3.zstd") for file in path.iterdir())

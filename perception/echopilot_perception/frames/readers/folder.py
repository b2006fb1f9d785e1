"""Folders: numbered images in natural order, or the files of a DICOM series."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import MAX_IMAGE_BYTES, one_line, read_bounded
from echopilot_perception.frames.frame_times import assumed
from echopilot_perception.frames.image_sequence import MAX_FRAMES, ImageSequence, gather, unpacked_limit
from echopilot_perception.frames.readers.images import count_frames, opened, read_image_file, samples
from echopilot_perception.frames.readers.kinds import BY_SUFFIX, DICOM, IMAGE, is_dicom
from echopilot_perception.frames.readers.samples import eight_bits

OTHERS = ("thumbs.db", "desktop.ini", "icon\r", "dicomdir")  # what systems and media put beside files
DEPTH = 4  # of folders: a DICOM export has patient, study and series
SHOWN = 5
MAX_CLIPS = 500  # of one examination
ANIMATED = (".gif", ".webp", ".apng")  # images that are often clips


def read_folder(path: Path) -> ImageSequence:
    """Read a folder as one clip.

    Images count in natural order (2 before 10); hidden files are passed over. A folder without images may hold DICOM
    files, in folders of its own too. Raises EchoPilotError with the clips in it where it holds several.
    """
    files = visible_files(path)
    images = [file for file in files if BY_SUFFIX.get(file.suffix.lower()) is IMAGE]
    if images:
        return _read_images(path, images, _left(files, images))
    dicom = [file for file in _tree(path, DEPTH) if _may_be_dicom(file)]
    if dicom:
        from echopilot_perception.frames.readers.dicom.series import read_series

        return read_series(path, dicom)
    clips = [file for file in files if file.suffix.lower() in BY_SUFFIX]
    if clips:
        raise EchoPilotError(f"{path.name} holds no images but clips; give one of them: {_listed(clips)}")
    raise EchoPilotError(f"{path.name} holds no image ({', '.join(IMAGE.suffixes)}) and no DICOM file")


def clips_in_folder(path: Path, depth: int = DEPTH) -> list[Path]:
    """Files of a folder and of those in it that are clips of their own, in natural order.

    A folder that holds several images and nothing else, or DICOM objects of one image each, is one clip and stands for
    itself; DICOM objects without images are passed over.
    """
    found = [file for file in visible_files(path) if file.suffix.lower() in BY_SUFFIX or is_dicom(file)]
    kinds = {BY_SUFFIX.get(file.suffix.lower(), DICOM) for file in found}
    stills = [file for file in found if file.suffix.lower() not in ANIMATED]
    clips = found
    if kinds == {IMAGE} and len(stills) == len(found) > 1:
        clips = [path]
    elif DICOM in kinds:
        from echopilot_perception.frames.readers.dicom.series import image_counts

        counts = image_counts([file for file in found if BY_SUFFIX.get(file.suffix.lower(), DICOM) is DICOM])
        if kinds == {DICOM} and len(counts) > 1 and set(counts.values()) == {1}:
            clips = [path]
        else:
            clips = [file for file in found if counts.get(file, 1) > 0]
    for folder in sorted(_folders(path) if depth > 1 else [], key=lambda p: natural(p.name)):
        clips += clips_in_folder(folder, depth - 1)
        if len(clips) > MAX_CLIPS:
            raise EchoPilotError(f"{path.name} holds more than {MAX_CLIPS} clips; give the folder of one examination")
    return clips


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorting key of a name: numbers in it count as numbers."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)


def visible_files(path: Path) -> list[Path]:
    """Files of a folder in natural order, without hidden ones and those that systems leave."""
    found = [p for p in path.iterdir() if not p.name.startswith(".") and p.name.lower() not in OTHERS and p.is_file()]
    return sorted(found, key=lambda file: (natural(file.name), file.name))


def _tree(path: Path, depth: int) -> list[Path]:
    """Visible files of a folder and of those in it."""
    found = visible_files(path)
    if depth > 1:
        for folder in sorted(_folders(path), key=lambda p: natural(p.name)):
            found += _tree(folder, depth - 1)
            if len(found) > MAX_FRAMES:
                raise EchoPilotError(f"{path.name} holds more than {MAX_FRAMES} files; give the folder of one series")
    return found


def _folders(path: Path) -> list[Path]:
    """Visible folders in a folder; links are not followed."""
    return [p for p in path.iterdir() if p.is_dir() and not p.name.startswith(".") and not p.is_symlink()]


def _may_be_dicom(file: Path) -> bool:
    kind = BY_SUFFIX.get(file.suffix.lower())
    return kind is DICOM or (kind is None and is_dicom(file))


def _read_images(path: Path, files: list[Path], left: str) -> ImageSequence:
    if len(files) > MAX_FRAMES:
        raise EchoPilotError(f"{path.name}: {len(files)} images; at most {MAX_FRAMES} are read; split the folder")
    if len(files) == 1:
        return read_image_file(files[0])
    limit = unpacked_limit(sum(file.stat().st_size for file in files))
    gray, colored = gather(eight_bits(_images(files, limit), path.name, limit), path.name, limit)
    return ImageSequence(gray, assumed(len(gray), "images have none"), colored, remarks=(left,) if left else ())


def _images(files: list[Path], limit: int) -> Iterator[NDArray[Any]]:
    for file in files:
        data = read_bounded(file, MAX_IMAGE_BYTES, file.name)
        with opened(data, file.name) as image:
            if count_frames(image) > 1:
                raise EchoPilotError(f"{file.name} in the folder is a clip of its own; give it alone")
            yield from samples(image, data, file.name, limit)


def _left(files: list[Path], images: list[Path]) -> str:
    """A remark on files of other kinds beside the images."""
    others = [file for file in files if file not in images and file.suffix.lower() in BY_SUFFIX]
    return f"read {len(images)} images; not read: {_listed(others)}" if others else ""


def _listed(files: list[Path]) -> str:
    shown = ", ".join(one_line(file.name, 60) for file in files[:SHOWN])
    return shown + (f" and {len(files) - SHOWN} more" if len(files) > SHOWN else "")

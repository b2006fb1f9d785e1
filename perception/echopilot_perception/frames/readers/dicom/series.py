"""Folders of DICOM files: one clip out of the images of a series."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_perception.frames.frame_times import FrameTimes, assumed, of_stamps
from echopilot_perception.frames.image_sequence import MAX_FRAMES, ImageSequence, gather, unpacked_limit
from echopilot_perception.frames.readers.dicom.file import check_image, load, one_line_errors, read_dicom
from echopilot_perception.frames.readers.dicom.modality import check_modality, is_ultrasound
from echopilot_perception.frames.readers.dicom.pixels import shown_images
from echopilot_perception.frames.readers.dicom.scale import scale_of

DIRECTORY = "1.2.840.10008.1.3.10"  # Media Storage Directory, whatever its name
LONGEST_STEP_S = 0.5  # between images of a moving heart; stills lie further apart
TIMES = (("AcquisitionDateTime", "Acquisition DateTime"), ("ContentTime", "Content Time"))


@dataclass(frozen=True)
class Item:
    """One object with images: its file, header, series, number of frames and size."""

    file: Path
    header: Dataset
    series: str
    frames: int
    size: tuple[int, int]


def read_series(path: Path, files: list[Path]) -> ImageSequence:
    """Read the DICOM `files` of the folder `path` as one clip.

    The images of one series count in the order of Instance Number, else of their time, else of their names. Of several
    series, or several clips in a series, the largest is read, and a remark says so. Raises EchoPilotError.
    """
    with one_line_errors(path.name):
        items = _items(path, files)
        series: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            series[item.series].append(item)
        chosen = max(series.values(), key=lambda group: sum(item.frames for item in group))
        remarks = []
        if len(series) > 1:
            what = one_line(chosen[0].header.get("SeriesDescription", "") or "", 40)
            remarks.append(
                f"{len(series)} series in the folder; read is the largest"
                + (f", {what!a}" if what else "")
                + f", {sum(item.frames for item in chosen)} frames; give a file or folder to choose another"
            )
        clip = max(chosen, key=lambda item: item.frames)
        if clip.frames > 1 or len(chosen) == 1:
            if len(chosen) > 1:
                remarks.append(f"{len(chosen)} clips in the series; read is the longest, {_name(clip, path)}")
            found = read_dicom(clip.file)
            return _with(found, (*remarks, *found.remarks))
        return _one_by_one(path, chosen, remarks)


def image_counts(files: list[Path]) -> dict[Path, int]:
    """Images of DICOM `files`: 0 for objects that hold none, such as directories and reports; 1 where none is told."""
    counts = {}
    for file in files:
        try:
            with one_line_errors(file.name):
                header = load(file, pixels=False)
                counts[file] = int(header.get("NumberOfFrames", 1) or 1) if "Rows" in header else 0
        except EchoPilotError:
            counts[file] = 1  # whoever opens it says what is wrong
    return counts


def _items(path: Path, files: list[Path]) -> list[Item]:
    """Objects of ultrasound with images; other modalities alone are refused."""
    items: list[Item] = []
    other: Dataset | None = None
    for file in files:
        with one_line_errors(file.name):
            header = load(file, pixels=False)
            if str(header.file_meta.get("MediaStorageSOPClassUID", "")) == DIRECTORY or "Rows" not in header:
                continue  # a directory, a report, a presentation
            if not is_ultrasound(header):
                other = other or header
                continue
            check_modality(header, file.name)
            size = int(header.Columns), int(header.Rows)
            frames = int(header.get("NumberOfFrames", 1) or 1)
            items.append(Item(file, header, str(header.get("SeriesInstanceUID", "")), frames, size))
    if not items and other is not None:
        check_modality(other, path.name)
    if not items:
        raise EchoPilotError(f"{path.name} holds DICOM files but none with images")
    return items


def _one_by_one(path: Path, chosen: list[Item], remarks: list[str]) -> ImageSequence:
    """The clip of objects with one image each."""
    sizes: dict[tuple[int, int], list[Item]] = defaultdict(list)
    for item in chosen:
        sizes[item.size].append(item)
    alike = max(sizes.values(), key=len)
    if len(sizes) > 1:
        width, height = alike[0].size
        remarks.append(
            f"images of {len(sizes)} sizes in the series; read are the {len(alike)} of {width} x {height} px"
        )
    if len(alike) > MAX_FRAMES:
        raise EchoPilotError(f"{path.name}: {len(alike)} images; at most {MAX_FRAMES} are read; split the folder")
    ordered = _ordered(alike)
    limit = unpacked_limit(sum(item.file.stat().st_size for item in ordered))
    gray, colored = gather(shown_images(_loaded(ordered, limit), path.name, limit), path.name, limit)
    scales = {scale_of(item.header)[0] for item in ordered}
    region = scales.pop() if len(scales) == 1 else None
    if len(scales) > 0 and region is None:
        remarks.append("the images of the series differ in scale")
    preset = one_line(ordered[0].header.get("SeriesDescription", "") or "", 64)
    return ImageSequence(gray, _times(ordered), colored, region, preset, tuple(remarks))


def _loaded(items: list[Item], limit: int) -> Iterator[tuple[Dataset, str]]:
    for item in items:
        data = load(item.file)
        check_image(data, item.file.name, limit)
        yield data, item.file.name


def _ordered(items: list[Item]) -> list[Item]:
    """Items by the first field that tells all of them apart; in the order of their names without such a field."""
    fields: list[tuple[str, Callable[[Any], float]]] = [("InstanceNumber", _number)]
    fields += [(field, _seconds) for field, _ in TIMES]
    for field, value_of in fields:
        values = [value_of(item.header.get(field)) for item in items]
        if all(math.isfinite(value) for value in values) and len(set(values)) == len(values):
            return [item for _, item in sorted(zip(values, items, strict=True), key=lambda pair: pair[0])]
    return items


def _times(items: list[Item]) -> FrameTimes:
    for field, words in TIMES:
        stamps = [_seconds(item.header.get(field)) for item in items]
        found = of_stamps(stamps, words)
        if found.known and len(stamps) > 1 and np.diff(stamps).max() <= LONGEST_STEP_S:
            return found
    return assumed(len(items), "the images of the series have none that fit a clip")


def _number(raw: Any) -> float:
    try:
        return float(raw)
    except (TypeError, ValueError):
        return math.nan


def _seconds(raw: Any) -> float:
    """Seconds of a day by a DICOM time HHMMSS.F, or of a date and time; NaN for anything else (PS3.5 6.2)."""
    whole, _, part = str(raw or "").partition(".")
    part = part.split("+")[0].split("-")[0]
    clock = whole[-6:]
    if len(whole) not in (6, 14) or not clock.isdecimal() or (part and not part.isdecimal()):
        return math.nan
    return int(clock[:2]) * 3600 + int(clock[2:4]) * 60 + int(clock[4:]) + float(f"0.{part or 0}")


def _with(found: ImageSequence, remarks: tuple[str, ...]) -> ImageSequence:
    return ImageSequence(found.gray, found.times, found.colored, found.region, found.preset, remarks)


def _name(item: Item, path: Path) -> str:
    return one_line(item.file.relative_to(path), 80)

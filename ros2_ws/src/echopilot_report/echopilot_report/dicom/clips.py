"""Images of a record as clips and stills, and the location of each exam frame in the image objects."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from echopilot_core import SCALE_UNKNOWN, ProbeGeometry, SectorBox, View
from echopilot_exam.record import ExamRecord, KeyFrameRecord
from echopilot_exam.record.images import read_png
from echopilot_exam.record.model import ClipRecord

SWEEP_REASON = "along the sweep"


@dataclass(frozen=True)
class StillImage:
    """One image (H, W) uint8 with its geometry."""

    sequence: int
    stamp_ns: int
    view: View
    image: NDArray[np.uint8]
    geometry: ProbeGeometry
    sector: SectorBox
    calibrated: bool = True  # whether the scale of the image is known


@dataclass(frozen=True)
class ClipImages:
    """Images of one size in the order of their stamps."""

    name: str
    view: View
    stills: tuple[StillImage, ...]


def still_of(key: KeyFrameRecord) -> StillImage | None:
    """The image of a key frame; None when its file cannot be read."""
    try:
        image = read_png(key.image_path)
    except (ValueError, OSError):
        return None
    gray, calibrated = np.asarray(image, np.uint8), key.preset != SCALE_UNKNOWN
    return StillImage(key.sequence, key.stamp_ns, key.view, gray, key.geometry, key.sector, calibrated)


def clips_of(record: ExamRecord) -> tuple[ClipImages, ...]:
    """Every clip of the record; of an older record without clips, the images kept along a sweep.

    Images that cannot be read, or are of another size than the first, are left out; fewer than two are no clip.
    """
    found = [(clip.name, clip.view, list(_stills(clip))) for clip in record.clips] or _along_sweeps(record)
    clips = []
    for name, view, stills in found:
        same = tuple(s for s in stills if s.image.shape == stills[0].image.shape and s.geometry == stills[0].geometry)
        if len(same) > 1:
            clips.append(ClipImages(name, view, same))
    return tuple(clips)


def _stills(clip: ClipRecord) -> Iterator[StillImage]:
    for frame in sorted(clip.frames, key=lambda f: f.stamp_ns):
        try:
            image, calibrated = clip.image(frame), clip.imaging.calibrated
            yield StillImage(frame.sequence, frame.stamp_ns, clip.view, image, clip.geometry, clip.sector, calibrated)
        except (ValueError, OSError):
            continue


def _along_sweeps(record: ExamRecord) -> list[tuple[str, View, list[StillImage]]]:
    along = sorted((k for k in record.keyframes if k.reason == SWEEP_REASON), key=lambda k: (k.view, k.stamp_ns))
    return [
        (f"{view.name}-sweep", view, [still for still in map(still_of, keys) if still is not None])
        for view, keys in groupby(along, key=lambda k: k.view)
    ]


@dataclass(frozen=True)
class Place:
    """One exam frame in an image object; `number` counts from 1 in a clip and is None in a single image."""

    still: StillImage
    sop_class: str
    sop_uid: str
    number: int | None


def places_of(images: Iterable[tuple[Dataset, tuple[StillImage, ...]]]) -> dict[int, Place]:
    """Location by exam frame; a single image takes precedence over a clip."""
    places: dict[int, Place] = {}
    for data, stills in images:
        several = len(stills) > 1
        for number, still in enumerate(stills, 1):
            place = Place(still, str(data.SOPClassUID), str(data.SOPInstanceUID), number if several else None)
            if not several or still.sequence not in places:
                places[still.sequence] = place
    return places

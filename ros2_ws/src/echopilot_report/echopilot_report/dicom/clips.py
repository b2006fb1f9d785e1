"""The pictures of a record as clips: runs of frames of one view that belong together."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import ProbeGeometry, SectorBox, View
from echopilot_exam.record import ExamRecord, KeyFrameRecord
from echopilot_exam.record.model import ClipRecord

SWEEP_REASON = "along the sweep"


@dataclass(frozen=True)
class Still:
    """One picture (H, W) uint8 with its geometry."""

    sequence: int
    stamp_ns: int
    view: View
    image: NDArray[np.uint8]
    geometry: ProbeGeometry
    sector: SectorBox


@dataclass(frozen=True)
class Clip:
    """Pictures of one size in the order of their stamps."""

    name: str
    view: View
    stills: tuple[Still, ...]


def still_of(key: KeyFrameRecord) -> Still | None:
    """The picture of a key frame; None when its file cannot be read."""
    image = cv2.imread(str(key.image_path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        return None
    return Still(key.sequence, key.stamp_ns, key.view, np.asarray(image, np.uint8), key.geometry, key.sector)


def clips_of(record: ExamRecord) -> tuple[Clip, ...]:
    """Every clip of the record; of an older record without clips, the pictures kept along a sweep.

    Pictures that cannot be read, or are of another size than the first, are left out; fewer than two are no clip.
    """
    found = [(clip.name, clip.view, list(_stills(clip))) for clip in record.clips] or _along_sweeps(record)
    clips = []
    for name, view, stills in found:
        same = tuple(s for s in stills if s.image.shape == stills[0].image.shape and s.geometry == stills[0].geometry)
        if len(same) > 1:
            clips.append(Clip(name, view, same))
    return tuple(clips)


def _stills(clip: ClipRecord) -> Iterator[Still]:
    for frame in sorted(clip.frames, key=lambda f: f.stamp_ns):
        try:
            yield Still(frame.sequence, frame.stamp_ns, clip.view, clip.image(frame), clip.geometry, clip.sector)
        except (ValueError, OSError):
            continue


def _along_sweeps(record: ExamRecord) -> list[tuple[str, View, list[Still]]]:
    along = sorted((k for k in record.keyframes if k.reason == SWEEP_REASON), key=lambda k: (k.view, k.stamp_ns))
    return [
        (f"{view.name}-sweep", view, [still for still in map(still_of, keys) if still is not None])
        for view, keys in groupby(along, key=lambda k: k.view)
    ]

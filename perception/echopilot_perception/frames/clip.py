"""Recorded clips as sequences of frames with geometry, from every kind of file in `readers.kinds`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import (
    EchoPilotError,
    Frame,
    ImagingMode,
    ImagingParameters,
    MarkerSide,
    ProbeGeometry,
    SectorBox,
    to_ns,
)
from echopilot_perception.frames.frame_store import let_go
from echopilot_perception.frames.frame_times import ASSUMED_RATE_HZ, FrameTimes
from echopilot_perception.frames.image_placement import SCALE_OF_FILE, check_depth, exchange_sides, place_images
from echopilot_perception.frames.readers.reading import read_clip

TRACE_REMARK = "a spectrum or an M-mode with a small image beside it: no view is named, nothing is measured"


@dataclass(frozen=True)
class Clip:
    """All frames of a clip in order. `spacing_known` is False when the depth of 160 mm is only assumed.

    `mirrored` says that left and right were exchanged on request; `geometry.marker_side` is that of the display.
    The same of time says `times.known`: without it the frames run at 30 per second, and nothing is to be timed.
    """

    path: Path
    frame_times_s: NDArray[np.float64]
    geometry: ProbeGeometry
    sector: SectorBox
    imaging: ImagingParameters
    spacing_known: bool
    images: NDArray[np.uint8]  # (N, H, W)
    times: FrameTimes  # where `frame_times_s` come from
    notes: tuple[str, ...] = ()  # remarks of the reader
    mirrored: bool = False
    scale_source: str = ""  # where the scale is from, or why there is none

    def __len__(self) -> int:
        return len(self.images)

    @property
    def frame_rate_hz(self) -> float:
        """Mean rate of the clip's own frame times; 30 for a single image."""
        span_s = float(self.frame_times_s[-1] - self.frame_times_s[0])
        return (len(self.images) - 1) / span_s if span_s > 0 else ASSUMED_RATE_HZ

    @property
    def remarks(self) -> tuple[str, ...]:
        """One line on each thing that the file does not give, for the log, the summary and the report."""
        scale = (f"scale from {self.scale_source}",) if self.scale_source not in ("", SCALE_OF_FILE) else ()
        if not self.spacing_known:
            scale = (f"no scale ({self.scale_source}): no lengths, areas or volumes",)
        trace = (TRACE_REMARK,) if self.imaging.mode is ImagingMode.OTHER else ()
        return (*scale, *trace, *self._side_remarks, *((self.times.remark,) if self.times.remark else ()), *self.notes)

    @property
    def _side_remarks(self) -> tuple[str, ...]:
        if self.mirrored:
            return ("left and right were exchanged, as asked for",)
        if self.geometry.marker_side is MarkerSide.LEFT:
            return ("the marker is on the left: a heart is mirrored; --mirror turns it",)
        return ()

    def frames(self) -> Iterator[Frame]:
        """Frames stamped with the clip's own times, sequence 0, 1, ...; those of a long clip take memory one by one."""
        for i, image in enumerate(self.images):
            yield Frame(to_ns(float(self.frame_times_s[i])), i, image, self.geometry, self.sector, self.imaging)
            let_go(self.images)


def open_clip(path: Path, depth_m: float | None = None, mirror: bool = False) -> Clip:
    """Read a clip and find its sector.

    Args:
        path: of any kind that `readers.kinds` lists; `BAG::/topic` names a topic of a bag.
        depth_m: depth from the face to the end of the sector [m], for files without a scale of their own.
        mirror: exchange left and right, for displays with the index marker on the left.

    Raises:
        EchoPilotError: one line, when the path does not exist or is no readable clip, when the depth is not one of
            ultrasound, or when the file has a scale already.

    Without a sector the whole image (or the file's own region) is used.
    """
    path = Path(path)
    if depth_m is not None:
        check_depth(depth_m)
    images = read_clip(path)
    if images.region is not None and depth_m is not None:
        raise EchoPilotError(f"{path.name} has a scale of its own; the depth is for files without one")
    if mirror:
        images = exchange_sides(images)
    place = place_images(images, depth_m, mirror)
    times = images.times
    return Clip(
        path,
        times.seconds,
        place.geometry,
        place.sector,
        place.imaging,
        place.scale_known,
        images.gray,
        times,
        images.remarks,
        mirror,
        place.scale_source,
    )

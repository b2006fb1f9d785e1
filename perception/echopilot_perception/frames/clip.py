"""Recorded clips as sequences of frames with geometry, from every kind of file in `readers.kinds`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import (
    SCALE_UNKNOWN,
    Frame,
    ImagingParameters,
    MarkerSide,
    ProbeGeometry,
    ProbeKind,
    SectorBox,
    to_ns,
)
from echopilot_perception.frames.frame_times import ASSUMED_RATE_HZ, FrameTimes
from echopilot_perception.frames.image_sequence import Region
from echopilot_perception.frames.readers.reading import read_clip
from echopilot_perception.frames.sector import Sector, find_sector

ASSUMED_DEPTH_M = 0.16
MIN_DEPTH_SHARE = 0.7  # of what the file's own region leaves below the face: a sector less deep is only bright so far


@dataclass(frozen=True)
class Clip:
    """All frames of a clip in order. `spacing_known` is False when the depth of 160 mm is only assumed.

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
        scale = () if self.spacing_known else ("no scale in the file: no lengths, areas or volumes",)
        return (*scale, *((self.times.remark,) if self.times.remark else ()), *self.notes)

    def frames(self) -> Iterator[Frame]:
        """Frames stamped with the clip's own times, sequence 0, 1, ..."""
        for i, image in enumerate(self.images):
            yield Frame(to_ns(float(self.frame_times_s[i])), i, image, self.geometry, self.sector, self.imaging)


def open_clip(path: Path) -> Clip:
    """Read a clip and find its sector.

    `path` may name a topic of a bag: `BAG::/topic`. Raises EchoPilotError with one line when it does not exist or is
    of no kind that `readers.kinds` lists. Without a sector the whole image (or the file's own region) is used.
    """
    path = Path(path)
    images = read_clip(path)
    region = images.region
    if region is None:
        found = find_sector(images.gray, images.colored)
        shift = (0, 0)
    else:
        cut = (slice(region.top_px, region.bottom_px), slice(region.left_px, region.right_px))
        found = _deepened(find_sector(images.gray[:, cut[0], cut[1]], images.colored[cut]), region)
        shift = (region.left_px, region.top_px)
    height, width = images.gray.shape[1:]
    sector = found if found is not None else _whole(region, width, height)
    geometry = _geometry(sector, shift if found is not None else (0, 0), region)
    box = _shifted(sector.box, shift if found is not None else (0, 0), width, height)
    preset = images.preset if region is not None else SCALE_UNKNOWN
    imaging = ImagingParameters(preset=preset, depth_m=geometry.depth_m)
    times = images.times
    return Clip(path, times.seconds, geometry, box, imaging, region is not None, images.gray, times, images.remarks)


def _whole(region: Region | None, width: int, height: int) -> Sector:
    box = SectorBox(0, 0, width, height)
    if region is not None:
        box = SectorBox(region.left_px, region.top_px, region.right_px, region.bottom_px)
    across, down = box.right_px - box.left_px, box.bottom_px - box.top_px
    middle = (box.left_px + box.right_px - 1) / 2
    return Sector(ProbeKind.LINEAR, middle, float(box.top_px), 0.0, float(down), 0.0, float(across), box)


def _deepened(sector: Sector | None, region: Region) -> Sector | None:
    """The sector down to the end of the file's own region where its lower part is dark."""
    if sector is None:
        return None
    end_px = region.bottom_px - region.top_px
    depth_px = end_px - sector.origin_v_px
    if sector.depth_px >= MIN_DEPTH_SHARE * depth_px:
        return sector
    reach_px = (sector.radius_px + depth_px) * np.sin(sector.opening_rad / 2)
    half_px = int(np.ceil(reach_px)) if sector.kind != ProbeKind.LINEAR else 0
    middle_px = round(sector.origin_u_px)
    box = SectorBox(
        max(min(sector.box.left_px, middle_px - half_px), 0),
        sector.box.top_px,
        min(max(sector.box.right_px, middle_px + half_px + 1), region.right_px - region.left_px),
        end_px,
    )
    return replace(sector, depth_px=depth_px, box=box)


def _geometry(sector: Sector, shift: tuple[int, int], region: Region | None) -> ProbeGeometry:
    if region is None:
        spacing_x_m = spacing_y_m = ASSUMED_DEPTH_M / max(sector.depth_px, 1.0)
    else:
        spacing_x_m, spacing_y_m = region.spacing_x_m, region.spacing_y_m
    return ProbeGeometry(
        kind=sector.kind,
        radius_m=sector.radius_px * spacing_y_m,
        opening_angle_rad=sector.opening_rad,
        aperture_m=sector.width_px * spacing_x_m,
        depth_m=sector.depth_px * spacing_y_m,
        spacing_x_m=spacing_x_m,
        spacing_y_m=spacing_y_m,
        origin_u_px=sector.origin_u_px + shift[0],
        origin_v_px=sector.origin_v_px + shift[1],
        frequency_hz=0.0,
        marker_side=MarkerSide.UNKNOWN,
    )


def _shifted(box: SectorBox, shift: tuple[int, int], width: int, height: int) -> SectorBox:
    left, top = max(box.left_px + shift[0], 0), max(box.top_px + shift[1], 0)
    return SectorBox(left, top, min(box.right_px + shift[0], width), min(box.bottom_px + shift[1], height))

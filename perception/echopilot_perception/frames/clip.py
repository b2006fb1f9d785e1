"""Recorded clips as sequences of frames with geometry, from every kind of file in `readers.kinds`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import (
    SCALE_UNKNOWN,
    EchoPilotError,
    Frame,
    ImagingMode,
    ImagingParameters,
    MarkerSide,
    ProbeGeometry,
    ProbeKind,
    SectorBox,
    to_ns,
)
from echopilot_perception.frames.frame_times import ASSUMED_RATE_HZ, FrameTimes
from echopilot_perception.frames.image_sequence import ImageSequence, Region
from echopilot_perception.frames.readers.reading import read_clip
from echopilot_perception.frames.sector import Sector, find_sector
from echopilot_perception.frames.sector.marker import marker_side

ASSUMED_DEPTH_M = 0.16
TRACE_REMARK = "a spectrum or an M-mode with a small image beside it: no view is named, nothing is measured"
DEPTHS_M = (0.01, 0.4)  # that a user may state
MIN_DEPTH_SHARE = 0.7  # of what the file's own region leaves below the face: a sector less deep is only bright so far


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
        """Frames stamped with the clip's own times, sequence 0, 1, ..."""
        for i, image in enumerate(self.images):
            yield Frame(to_ns(float(self.frame_times_s[i])), i, image, self.geometry, self.sector, self.imaging)


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
    if depth_m is not None and not DEPTHS_M[0] <= depth_m <= DEPTHS_M[1]:
        low, high = (f"{100.0 * limit:.0f}" for limit in DEPTHS_M)
        raise EchoPilotError(f"a depth of {100.0 * depth_m:.4g} cm is none of ultrasound; give {low} to {high} cm")
    images = read_clip(path)
    region = images.region
    if region is not None and depth_m is not None:
        raise EchoPilotError(f"{path.name} has a scale of its own; the depth is for files without one")
    if mirror:
        images = _mirrored(images)
        region = images.region
    if region is None:
        found = find_sector(images.gray, images.colored)
        shift = (0, 0)
    else:
        cut = (slice(region.top_px, region.bottom_px), slice(region.left_px, region.right_px))
        found = find_sector(images.gray[:, cut[0], cut[1]], images.colored[cut])
        if images.gray.shape[1:] != (region.bottom_px - region.top_px, region.right_px - region.left_px):
            found = _deepened(found, region)  # a region that is the whole screen says nothing of the sector's end
        shift = (region.left_px, region.top_px)
    height, width = images.gray.shape[1:]
    sector = found if found is not None else _whole(region, width, height)
    shift = shift if found is not None else (0, 0)
    geometry = _geometry(sector, shift, region, depth_m or ASSUMED_DEPTH_M)
    geometry = replace(geometry, marker_side=_marker(images, sector, shift, mirror))
    box = _shifted(sector.box, shift, width, height)
    known = region is not None or depth_m is not None
    preset = images.preset if known else SCALE_UNKNOWN
    mode = ImagingMode.OTHER if sector.beside_trace else ImagingMode.B
    imaging = ImagingParameters(preset=preset, depth_m=geometry.depth_m, mode=mode)
    times = images.times
    return Clip(path, times.seconds, geometry, box, imaging, known, images.gray, times, images.remarks, mirror)


def _mirrored(images: ImageSequence) -> ImageSequence:
    """Left and right exchanged in images, mask and region."""
    region, width = images.region, images.gray.shape[2]
    if region is not None:
        region = replace(region, left_px=width - region.right_px, right_px=width - region.left_px)
    turned = np.ascontiguousarray(images.gray[:, :, ::-1]), np.ascontiguousarray(images.colored[:, ::-1])
    return replace(images, gray=turned[0], colored=turned[1], region=region)


def _marker(images: ImageSequence, sector: Sector, shift: tuple[int, int], mirrored: bool) -> MarkerSide:
    """Side of the index marker on the display that the clip came from."""
    placed = replace(sector, origin_u_px=sector.origin_u_px + shift[0], origin_v_px=sector.origin_v_px + shift[1])
    side = marker_side(images.gray, placed)
    if not mirrored or side is MarkerSide.UNKNOWN:
        return side
    return MarkerSide.LEFT if side is MarkerSide.RIGHT else MarkerSide.RIGHT


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


def _geometry(sector: Sector, shift: tuple[int, int], region: Region | None, depth_m: float) -> ProbeGeometry:
    if region is None:
        spacing_x_m = spacing_y_m = depth_m / max(sector.depth_px, 1.0)
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
    )


def _shifted(box: SectorBox, shift: tuple[int, int], width: int, height: int) -> SectorBox:
    left, top = max(box.left_px + shift[0], 0), max(box.top_px + shift[1], 0)
    return SectorBox(left, top, min(box.right_px + shift[0], width), min(box.bottom_px + shift[1], height))

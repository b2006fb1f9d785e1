"""Placement of the ultrasound on a screen: sector, size of a pixel and side, from images of one scanner."""

from dataclasses import dataclass, replace

import numpy as np

from echopilot_core import (
    SCALE_UNKNOWN,
    EchoPilotError,
    ImagingMode,
    ImagingParameters,
    MarkerSide,
    ProbeGeometry,
    ProbeKind,
    SectorBox,
)
from echopilot_perception.frames.frame_store import FrameStore
from echopilot_perception.frames.image_sequence import ImageSequence, Region
from echopilot_perception.frames.scale.reading import ScaleReading, read_scale
from echopilot_perception.frames.sector import Sector, find_sector
from echopilot_perception.frames.sector.marker import marker_side

SCALE_OF_FILE = "the file"
"""Source of a scale that the file itself gives."""
ASSUMED_DEPTH_M = 0.16
DEPTHS_M = (0.01, 0.4)  # that a user may state
STATED_ERROR = 0.1  # of a stated depth, beside the one that the screen shows
MIN_DEPTH_SHARE = 0.7  # of what the file's own region leaves below the face: a sector less deep is only bright so far


@dataclass(frozen=True)
class ImagePlacement:
    """Geometry of images, the box of the sector in them, and the settings that they show.

    `scale_known` is False when the depth of 160 mm is only assumed; `imaging.preset` says so as well. `scale_source`
    says in words where the scale is from, or why there is none.
    """

    geometry: ProbeGeometry
    sector: SectorBox
    imaging: ImagingParameters
    scale_known: bool
    scale_source: str = ""


def check_depth(depth_m: float) -> None:
    """Raise EchoPilotError for a depth that no ultrasound image has."""
    if not DEPTHS_M[0] <= depth_m <= DEPTHS_M[1]:
        low, high = (f"{100.0 * limit:.0f}" for limit in DEPTHS_M)
        raise EchoPilotError(f"a depth of {100.0 * depth_m:.4g} cm is none of ultrasound; give {low} to {high} cm")


def place_images(images: ImageSequence, depth_m: float | None, mirrored: bool) -> ImagePlacement:
    """Find the sector in images (already turned where `mirrored`); without one the whole image or region is used.

    Args:
        images: of one scanner with one setting; more than one, so that motion tells the sector from the screen.
        depth_m: depth from the face to the end of the sector [m] for images without a region of known scale.
        mirrored: left and right were exchanged, so that the marker was on the other side of the display.
    """
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
    reading = _scale(images, found, depth_m, mirrored)
    spacing_m = reading.spacing_m or ASSUMED_DEPTH_M / max(sector.depth_px, 1.0)
    geometry = _geometry(sector, shift, region, spacing_m)
    geometry = replace(geometry, marker_side=_marker(images, sector, shift, mirrored))
    box = _shifted(sector.box, shift, width, height)
    known = reading.spacing_m is not None
    preset = images.preset if known else SCALE_UNKNOWN
    mode = ImagingMode.OTHER if sector.beside_trace else ImagingMode.B
    imaging = ImagingParameters(preset=preset, depth_m=geometry.depth_m, mode=mode)
    return ImagePlacement(geometry, box, imaging, known, reading.source)


def _scale(images: ImageSequence, sector: Sector | None, depth_m: float | None, mirrored: bool) -> ScaleReading:
    """Scale from the file, from a stated depth, or from the screen; where the last two differ, words say so."""
    if images.region is not None:
        return ScaleReading(images.region.spacing_y_m, SCALE_OF_FILE)
    if sector is None:
        reading, depth_px = ScaleReading(None, "no sector was found"), float(images.gray.shape[1])
    else:
        reading, depth_px = read_scale(images.gray, sector, mirrored), max(sector.depth_px, 1.0)
    if depth_m is None:
        return reading
    source, shown_m = "the stated depth", (reading.spacing_m or 0.0) * depth_px
    if reading.spacing_m is not None and abs(shown_m - depth_m) > STATED_ERROR * depth_m:
        source += f" of {1e2 * depth_m:.1f} cm, although {reading.source} ({1e2 * shown_m:.1f} cm)"
    return ScaleReading(depth_m / depth_px, source)


def exchange_sides(images: ImageSequence) -> ImageSequence:
    """Left and right exchanged in images, mask and region."""
    region, width = images.region, images.gray.shape[2]
    if region is not None:
        region = replace(region, left_px=width - region.right_px, right_px=width - region.left_px)
    store = FrameStore()
    for image in images.gray:
        store.add(image[:, ::-1])
    return replace(images, gray=store.stack(), colored=np.ascontiguousarray(images.colored[:, ::-1]), region=region)


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


def _geometry(sector: Sector, shift: tuple[int, int], region: Region | None, spacing_m: float) -> ProbeGeometry:
    if region is None:
        spacing_x_m = spacing_y_m = spacing_m
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

"""Search for the sector of a screen: a fan first, then a rectangle."""

from dataclasses import replace
from heapq import nlargest

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import ProbeKind, SectorBox
from echopilot_perception.frames.sector.content import find_content, rectangle
from echopilot_perception.frames.sector.corners import fan_of_corners
from echopilot_perception.frames.sector.fan import Fan, deepened, fan_of
from echopilot_perception.frames.sector.model import Sector
from echopilot_perception.frames.sector.parts import mask_of, parts_of, raw_mask, soft
from echopilot_perception.frames.sector.polar import wedge_of
from echopilot_perception.frames.sector.refine import FanOutline, refined
from echopilot_perception.frames.sector.screen import MAX_IMAGES, Screen, screen_of
from echopilot_perception.frames.sector.sides import left_sides

THRESHOLDS = (4, 8, 20)  # gray values beside black from which a pixel has content: faint, usual, bright echoes
EDGE_THRESHOLD = 8
FINALISTS = 16
MARGIN = 0.06  # of the outer radius: around a found fan, for a closer look
MIN_MERIT = 1.62  # of a fan
PANEL_WIDTH, PANEL_TOP = 0.6, 0.2  # of the screen: width and first row of a spectrum or M-mode
ABOVE = 0.02  # of the screen: what the small image above a trace covers
SMALL_FAN = 0.5  # of the screen's width: fans above a trace are narrower
CONVEX_FROM = 0.12  # face radius over outer radius from which a fan has a curved face
PHASED_FROM_RAD = np.deg2rad(74.0)  # wider fans come from phased arrays, however dark their near field is
LARGE_PX = 1280  # long side from which rectangles are looked for in a smaller copy
MAX_HALF_RAD = np.deg2rad(63.0)  # of the opening: no scanner shows wider fans
MIN_SIZE_PX = 16.0  # sectors less deep or wide are none
CUT_SHARE = 0.03  # of the screen's height: a straight top that is nearer to its border was cut there


def find_sector(images: NDArray[np.uint8], colored: NDArray[np.bool_] | None = None) -> Sector | None:
    """Find the sector in images (N, H, W) of one clip; None when the screen holds nothing like one.

    A fan between corner marks that the scanner draws is taken as it is. Otherwise one is taken where straight sides
    that meet in an apex are confirmed in polar form and agree better with the screen than any upright band; otherwise
    the rectangle around what moves most. `colored` (H, W) are pixels that ever had color: no rectangle is built on
    them.
    """
    if min(images.shape[1:]) < MIN_SIZE_PX or images[:: max(len(images) // MAX_IMAGES, 1)].max() == 0:
        return None
    screen, searched = screen_of(images), images
    marked = fan_of_corners(screen, mask_of(screen, THRESHOLDS[0]))
    if marked is not None:
        return _fan_sector(_outline_of(marked, screen), marked.merit, images.shape[1:])
    fan = best_fan(screen)
    end = _panel_row(screen)
    if end is not None and (fan is None or fan.wedge.v + 0.5 * (fan.near + fan.far) > end):
        upper = images[:, : round(screen.original(end))]
        if min(upper.shape[1:]) >= MIN_SIZE_PX and upper.any():
            part = screen_of(upper, screen.black)
            small = best_fan(part)
            if small is not None:
                screen, fan, searched = part, small, upper
    if fan is not None:
        found = _fan_sector(_closer(searched, screen, fan), fan.merit, images.shape[1:])
        if found is not None:
            small = found.box.right_px - found.box.left_px < SMALL_FAN * images.shape[2]
            return replace(found, beside_trace=end is not None and small)
    band = _band(images, colored)
    return replace(band, beside_trace=True) if band is not None and _has_image_above(screen, end) else band


def _has_image_above(screen: Screen, end: int | None) -> bool:
    """Whether something larger than text lies above a spectrum or M-mode that begins in row `end`."""
    return end is not None and bool(mask_of(screen, THRESHOLDS[0])[:end].mean() * end >= ABOVE * screen.gray.shape[0])


def _band(images: NDArray[np.uint8], colored: NDArray[np.bool_] | None) -> Sector | None:
    """The rectangle around what moves most; large screens are searched in a smaller copy."""
    height, width = images.shape[1:]
    scale = min(LARGE_PX / max(height, width), 1.0)
    if scale < 1.0:
        picked = images[:: max(len(images) // MAX_IMAGES, 1)]
        size = (round(width * scale), round(height * scale))
        images = np.stack([cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in picked])
        if colored is not None:
            colored = cv2.resize(colored.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0
    content = find_content(images, colored)
    if content is None:
        return None
    small = rectangle(content)
    left, top, right, bottom = (
        round(edge / scale) for edge in (small.left_px, small.top_px, small.right_px, small.bottom_px)
    )
    box = SectorBox(left, top, min(right, width), min(bottom, height))
    middle, depth, across = (left + box.right_px - 1) / 2, box.bottom_px - top, box.right_px - left
    if min(depth, across) < MIN_SIZE_PX:
        return None
    return Sector(ProbeKind.LINEAR, middle, float(top), 0.0, float(depth), 0.0, float(across), box)


def best_fan(screen: Screen) -> Fan | None:
    """The fan of a screen, in px of its copy; None where a band agrees better or nothing is good enough."""
    masks = [mask_of(screen, threshold) for threshold in THRESHOLDS]
    total = float(masks[0].sum())
    found: list[Fan] = []
    for mask in masks:
        even = soft(mask)
        rights = left_sides(np.ascontiguousarray(mask[:, ::-1]))
        for left in left_sides(mask):
            for right in rights:
                fan = fan_of(even, total, wedge_of(left, right, mask.shape[1]))
                if fan is not None:
                    found.append(fan)
    if not found:
        return None
    faint, usual = parts_of(masks[0]), soft(masks[1])
    last = [deepened(faint, usual, fan) for fan in nlargest(FINALISTS, found, key=lambda fan: fan.merit)]
    best = max((fan for fan in last if fan is not None), key=lambda fan: fan.merit, default=None)
    return best if best is not None and best.merit >= MIN_MERIT else None


def _panel_row(screen: Screen) -> int | None:
    """First row of a spectrum or M-mode: the first part nearly as wide as the screen, if it begins well below the top.

    What lies above it is narrow and apart; an image of a linear probe that a dark band cuts is wide above the band too.
    """
    parts = cv2.connectedComponentsWithStats(mask_of(screen, THRESHOLDS[0]))[2][1:]
    height, width = screen.gray.shape
    tops = parts[parts[:, cv2.CC_STAT_WIDTH] >= PANEL_WIDTH * width, cv2.CC_STAT_TOP]
    return int(tops.min()) if len(tops) and tops.min() >= PANEL_TOP * height else None


def _outline_of(fan: Fan, screen: Screen) -> FanOutline:
    """A fan as it is, in px of the original."""
    there = fan.mapped(1.0 / screen.scale, screen.original(fan.wedge.u), screen.original(fan.wedge.v))
    return FanOutline(there.wedge, there.near, there.far, None)


def _closer(images: NDArray[np.uint8], screen: Screen, fan: Fan) -> FanOutline:
    """FanOutline in px of the original, from a copy of the part of the screen that the fan covers."""
    wedge, around = fan.wedge, MARGIN * fan.far
    left, right = (fan.far * float(np.sin(lean)) for _, lean in wedge.leans)
    edges = (wedge.u - left - around, wedge.v - around, wedge.u + right + around, wedge.v + fan.far + around)
    u0, v0, u1, v1 = (round(screen.original(edge)) for edge in edges)
    u0, v0, u1, v1 = max(u0, 0), max(v0, 0), min(u1, images.shape[2]), min(v1, images.shape[1])
    near = screen_of(images[:, v0:v1, u0:u1], screen.black)
    zoom = near.scale / screen.scale
    apex = near.copied(screen.original(wedge.u) - u0), near.copied(screen.original(wedge.v) - v0)
    raw, even = soft(raw_mask(near, EDGE_THRESHOLD)), soft(mask_of(near, EDGE_THRESHOLD, zoom))
    outline = refined(fan.mapped(zoom, *apex), raw, even)
    at = outline.wedge
    found = replace(at, u=near.original(at.u) + u0, v=near.original(at.v) + v0)
    row = None if outline.flat_row is None else near.original(outline.flat_row) + v0
    return FanOutline(found, outline.near / near.scale, outline.far / near.scale, row)


def _fan_sector(outline: FanOutline, merit: float, shape: tuple[int, ...]) -> Sector | None:
    wedge = outline.wedge
    half = 0.5 * (wedge.left_rad + wedge.right_rad)
    if abs(wedge.left_rad - wedge.right_rad) > 2.0 * np.deg2rad(3.0):  # one side is cut off: the other one tells
        half = max(wedge.left_rad, wedge.right_rad)
    if half > MAX_HALF_RAD:
        return None
    u, v, near, far, row = wedge.u, wedge.v, outline.near, outline.far, outline.flat_row
    cut = row is not None and v < 0 and row < CUT_SHARE * shape[0]
    curved = near > CONVEX_FROM * far and 2.0 * half < PHASED_FROM_RAD and not cut
    radius = near if curved else 0.0
    reach, top = far * float(np.sin(half)), v + radius * float(np.cos(half))
    box = SectorBox(
        int(max(np.floor(u - reach), 0)),
        int(max(np.floor(top), 0)),
        int(min(np.ceil(u + reach) + 1, shape[1])),
        int(min(np.ceil(v + far) + 1, shape[0])),
    )
    if min(far - radius, box.right_px - box.left_px, box.bottom_px - box.top_px) < MIN_SIZE_PX:
        return None
    kind = ProbeKind.CONVEX if curved else ProbeKind.PHASED
    width = 2.0 * near * float(np.sin(half))
    return Sector(kind, u, v + radius, radius, far - radius, 2.0 * half, width, box, merit)

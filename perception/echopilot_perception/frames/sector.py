"""Detection of the ultrasound sector on a screen: fan or rectangle, among text, rulers and traces."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import ProbeKind, SectorBox
from echopilot_perception.frames.content import Content, find_content, rectangle

SIDE_ANGLES_RAD = (np.deg2rad(8.0), np.deg2rad(65.0))  # of a fan's side from the vertical
MIN_SIDE = 0.25  # of the region's height: shorter straight sides are no fan
CONVEX_FROM = 0.12  # face radius over outer radius from which a fan has a curved face
PHASED_FROM_RAD = np.deg2rad(74.0)  # wider fans come from phased arrays, however dark their near field is
MIN_BLOB = 0.002  # of the screen: smaller parts under a fan do not show that it goes deeper
MIN_SIZE_PX = 16.0  # sectors less deep or wide are none


@dataclass(frozen=True)
class Sector:
    """A found sector in pixels.

    `origin` is the center of the face. For fans `radius_px` reaches from the apex of the fan to the face and
    `depth_px` from the face to the deepest sample; for rectangles `width_px` is the aperture.
    """

    kind: ProbeKind
    origin_u_px: float
    origin_v_px: float
    radius_px: float
    depth_px: float
    opening_rad: float
    width_px: float
    box: SectorBox


@dataclass(frozen=True)
class _Side:
    """A straight side: points p + t d with d (du, dv) pointing down."""

    point: NDArray[np.float64]
    direction: NDArray[np.float64]


def find_sector(images: NDArray[np.uint8], colored: NDArray[np.bool_] | None = None) -> Sector | None:
    """Find the sector in images (N, H, W) of one clip; None when the screen holds nothing like one.

    The convex hull of the part of the screen that moves most (`content.py`) gives two straight sides, whose meeting
    point is the apex. Without them it is a rectangle.
    """
    content = find_content(images, colored)
    if content is None:
        return None
    rows, columns = np.nonzero(content.main)
    height = int(rows.max()) + 1 - int(rows.min())
    hull = cv2.convexHull(np.column_stack([columns, rows]).astype(np.int32))[:, 0, :].astype(np.float64)
    sides = [_side(hull, sign, MIN_SIDE * height) for sign in (-1.0, 1.0)]
    found = None
    if sides[0] is not None and sides[1] is not None:
        found = _fan(sides[0], sides[1], rows, columns, content)
    if found is None:
        found = _rectangle(rectangle(content))
    return found if min(found.depth_px, found.box.right_px - found.box.left_px) >= MIN_SIZE_PX else None


def _rectangle(box: SectorBox) -> Sector:
    middle, depth, width = (box.left_px + box.right_px - 1) / 2, box.bottom_px - box.top_px, box.right_px - box.left_px
    return Sector(ProbeKind.LINEAR, middle, float(box.top_px), 0.0, float(depth), 0.0, float(width), box)


def _side(hull: NDArray[np.float64], sign: float, min_length: float) -> _Side | None:
    """The dominant straight side on the left (-1) or right (+1) of a hull (M, 2) of (u, v)."""
    ends = np.roll(hull, -1, axis=0)
    steps = ends - hull
    steps *= np.where(steps[:, 1:] < 0, -1.0, 1.0)
    length = np.hypot(steps[:, 0], steps[:, 1])
    lean = np.arctan2(steps[:, 0], steps[:, 1]) * sign
    middle = (hull + ends) / 2
    outer = (middle[:, 0] - hull[:, 0].mean()) * sign > 0
    good = outer & (lean > SIDE_ANGLES_RAD[0]) & (lean < SIDE_ANGLES_RAD[1]) & (length > 0)
    if not good.any():
        return None
    votes = [length[good & (np.abs(lean - a) < np.deg2rad(4.0))].sum() for a in lean[good]]
    peak = lean[good][int(np.argmax(votes))]
    if max(votes) < min_length:
        return None
    chosen = good & (np.abs(lean - peak) < np.deg2rad(4.0))
    weight = length[chosen] / length[chosen].sum()
    direction = (weight[:, None] * steps[chosen] / length[chosen, None]).sum(axis=0)
    return _Side((weight[:, None] * middle[chosen]).sum(axis=0), direction / np.linalg.norm(direction))


def _fan(
    left: _Side, right: _Side, rows: NDArray[np.int64], columns: NDArray[np.int64], content: Content
) -> Sector | None:
    crossing = np.column_stack([left.direction, -right.direction])
    if abs(np.linalg.det(crossing)) < 1e-3:
        return None
    t = np.linalg.solve(crossing, right.point - left.point)
    u, v = left.point + t[0] * left.direction
    half = 0.5 * (np.arctan2(right.direction[0], right.direction[1]) - np.arctan2(left.direction[0], left.direction[1]))
    du, dv = columns - u, rows - v
    central = np.abs(np.arctan2(du, dv)) < 0.6 * half
    if not central.any() or half <= 0:
        return None
    reach = np.hypot(du[central], dv[central])
    near, far = float(np.percentile(reach, 0.1)), float(np.percentile(reach, 99.95))
    far = max(far, _deepest(content, float(u), float(v), float(half)))
    shape = content.main.shape
    curved = near > CONVEX_FROM * far and 2.0 * half < PHASED_FROM_RAD
    radius = near if curved else 0.0
    kind = ProbeKind.CONVEX if curved else ProbeKind.PHASED
    width = 2.0 * near * float(np.sin(half))
    reach_u = far * float(np.sin(half))
    top = v + radius * np.cos(half) if curved else v
    box = SectorBox(
        int(max(np.floor(u - reach_u), 0)),
        int(max(np.floor(top), 0)),
        int(min(np.ceil(u + reach_u) + 1, shape[1])),
        int(min(np.ceil(v + far) + 1, shape[0])),
    )
    return Sector(kind, float(u), float(v) + radius, radius, far - radius, 2.0 * float(half), width, box)


def _deepest(content: Content, u: float, v: float, half: float) -> float:
    """Reach of the parts that lie apart from the main one but inside its fan: a dark band may cut them off."""
    reach = 0.0
    for part in np.nonzero(content.areas >= MIN_BLOB * content.parts.size)[0]:
        if part == 0:
            continue
        rows, columns = np.nonzero(content.parts == part)
        angle = np.abs(np.arctan2(columns - u, rows - v))
        if float(angle.max()) < 0.8 * half:
            reach = max(reach, float(np.percentile(np.hypot(columns - u, rows - v), 99.95)))
    return reach

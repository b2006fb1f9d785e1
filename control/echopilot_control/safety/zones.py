"""Workspace of the probe: a box around the patient, nothing above the suprasternal notch, nothing in marked zones."""

from dataclasses import dataclass
from math import hypot

import numpy as np

from echopilot_control.body_axes import body_axes
from echopilot_control.vectors import length
from echopilot_core import Array, BodyLandmarks, BodySurface, EchoPilotError
from echopilot_core.guarded.bounded import one_line

ZONE_MARGIN_M = 0.020  # keep this far below the notch and off every marked zone
MAX_ZONES = 100
_ZONE_HEIGHT_M = 0.10  # the zone ends this high above the notch
DEEP_M = 0.010  # so far inside a zone stopping is not enough
_BOX_HALF_M = np.array([0.45, 0.60, 0.45])
_NEAR_M = 0.060
_UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class Zone:
    """A ball that the probe must keep out of: a breast, a wound, a drain. Center (3,) [m] in base on the skin."""

    name: str
    center_m: Array
    radius_m: float


@dataclass(frozen=True)
class MarkedZone:
    """A zone as an operator gives it: left and towards the head of the xiphoid, along the bed [m]."""

    name: str
    left_m: float
    head_m: float
    radius_m: float


def read_zones(text: str) -> tuple[MarkedZone, ...]:
    """Zones out of "NAME LEFT HEAD RADIUS; ..." [m]; EchoPilotError for anything else."""
    zones = []
    for part in filter(None, (one_line(p) for p in text.split(";"))):
        try:
            name, *numbers = part.split()
            left_m, head_m, radius_m = map(float, numbers)
        except ValueError:
            raise EchoPilotError(f"zone '{part}': expected NAME LEFT HEAD RADIUS, meters from the xiphoid") from None
        if not (abs(left_m) <= 0.5 and abs(head_m) <= 0.5 and 0.0 < radius_m <= 0.2):
            raise EchoPilotError(f"zone '{part}': valid are places within 0.5 m and a radius above 0 and up to 0.2 m")
        zones.append(MarkedZone(name, left_m, head_m, radius_m))
    if len(zones) > MAX_ZONES:
        raise EchoPilotError(f"{len(zones)} zones; at most {MAX_ZONES} can be marked")
    return tuple(zones)


def on_skin(marked: tuple[MarkedZone, ...], landmarks: BodyLandmarks, surface: BodySurface) -> tuple[Zone, ...]:
    """Put marked zones onto the skin that the camera sees, at the height of the points closest to the mark.

    A zone whose mark has no skin within 60 mm, or landmarks that are not those of a body, has no place and is left out.
    """
    try:
        body_axes(landmarks)
    except EchoPilotError:
        return ()
    along = superior_axis(landmarks)
    superior = along - float(along @ _UP) * _UP
    superior = superior / max(float(np.linalg.norm(superior)), 1e-9)
    left = np.cross(-_UP, superior)
    points = surface.finite_points_m()
    zones = []
    for zone in marked:
        place = landmarks.xiphoid_m + zone.left_m * left + zone.head_m * superior
        away = ((points[:, :2] - place[:2]) ** 2).sum(axis=1)
        if not len(points) or float(away.min()) > _NEAR_M**2:
            continue
        nearest = np.argsort(away)[:12]
        place = np.array([place[0], place[1], float(np.median(points[nearest, 2]))])
        zones.append(Zone(zone.name, place, zone.radius_m))
    return tuple(zones)


def superior_axis(landmarks: BodyLandmarks) -> Array:
    """Unit vector (3,) in `base` from navel to notch."""
    axis = landmarks.notch_m - landmarks.navel_m
    return axis / max(length(axis), 1e-9)


def above_notch_m(position_m: Array, landmarks: BodyLandmarks) -> float:
    """How far (3,) [m] lies past the border of the forbidden zone [m]; negative outside it."""
    (x, y, z), (a, b, c), (d, e, f) = position_m.tolist(), landmarks.notch_m.tolist(), landmarks.navel_m.tolist()
    if z - c > _ZONE_HEIGHT_M:
        return -_ZONE_HEIGHT_M
    along = (x - a) * (a - d) + (y - b) * (b - e) + (z - c) * (c - f)
    return float(along / max(hypot(a - d, b - e, c - f), 1e-9)) + ZONE_MARGIN_M


def inside_m(position_m: Array, zone: Zone) -> float:
    """How far (3,) [m] lies past the margin around a marked zone [m]; negative outside it."""
    return zone.radius_m + ZONE_MARGIN_M - length(position_m - zone.center_m)


def keep_out(
    linear_m_s: Array, position_m: Array, landmarks: BodyLandmarks | None, zones: tuple[Zone, ...] = ()
) -> Array:
    """Remove from a velocity (3,) what leads into a zone or out of the box.

    Args:
        linear_m_s: velocity (3,) in `base`.
        position_m: origin of the probe (3,) in `base`.
        landmarks: of the box around the body and of the notch; without them only zones count.
        zones: forbidden zones.

    Returns:
        The velocity (3,) without its forbidden part.
    """
    allowed = linear_m_s.copy()
    for zone in zones:
        if inside_m(position_m, zone) > 0.0:
            inward = zone.center_m - position_m
            inward = inward / max(float(np.linalg.norm(inward)), 1e-9)
            allowed -= max(float(allowed @ inward), 0.0) * inward
    if landmarks is None:
        return allowed
    if above_notch_m(position_m, landmarks) > 0.0:
        axis = superior_axis(landmarks)
        allowed -= max(float(allowed @ axis), 0.0) * axis
    if outside_box(position_m, landmarks, 0.0):
        offset = position_m - landmarks.xiphoid_m
        allowed[(np.abs(offset) > _BOX_HALF_M) & (allowed * offset > 0.0)] = 0.0
    return allowed


def outside_box(position_m: Array, landmarks: BodyLandmarks, margin_m: float = 0.2) -> bool:
    """True well outside the workspace, where nothing is commanded."""
    place = zip(position_m.tolist(), landmarks.xiphoid_m.tolist(), _BOX_HALF_M.tolist(), strict=True)
    return any([abs(here - middle) > half_m + margin_m for here, middle, half_m in place])


def near_body(position_m: Array, landmarks: BodyLandmarks | None) -> bool:
    """True less than 60 mm above the highest landmark; without landmarks always."""
    if landmarks is None:
        return True
    top_m = max(float(landmarks.notch_m[2]), float(landmarks.xiphoid_m[2]), float(landmarks.navel_m[2]))
    return float(position_m[2]) < top_m + _NEAR_M

"""Changes of skin, landmarks, zones and publishers that lose or fake evidence."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from echopilot_control.safety.evidence.model import Past
from echopilot_control.safety.evidence.people import ONE_EACH
from echopilot_control.safety.state import SafetyInputs
from echopilot_control.safety.zones import Zone, superior_axis
from echopilot_core import Array, BodyLandmarks, BodySurface

Change = Callable[[Any, Past], Any]


def skin(change: Callable[[Array, Past], Array]) -> Change:
    """Points (N, 3) [m] of the skin changed."""
    return lambda value, past: None if value is None else replace(value, points_m=change(value.points_m, past))


def skin_repeated(value: BodySurface, past: Past) -> BodySurface:
    """The points of before under fresh stamps."""
    return replace(value, points_m=past.first.points_m)


def skin_moved(value: BodySurface, past: Past) -> BodySurface:
    """The body displaced by `size` [m] upwards."""
    return replace(value, points_m=value.points_m + [0.0, 0.0, past.size])


def stale_skin(value: BodySurface, past: Past) -> BodySurface:
    """The skin of 0.6 s before the fault, at the camera's pace."""
    return replace(value, stamp_ns=value.stamp_ns - 600_000_000)


def a_table(points_m: Array, past: Past) -> Array:
    """A flat table instead of a body, as large, at the height of its lowest points."""
    noise = np.random.default_rng(past.tick).normal(0.0, 0.001, len(points_m))
    return np.column_stack([points_m[:, :2], points_m[:, 2].min() + noise])


def marks(change: Callable[[Array, Past], Array]) -> Change:
    """Each landmark (3,) [m] changed."""

    def changed(value: BodyLandmarks, past: Past) -> BodyLandmarks:
        points = (change(np.asarray(m), past) for m in (value.notch_m, value.xiphoid_m, value.navel_m))
        return BodyLandmarks(value.stamp_ns, *points)

    return changed


def future_marks(value: BodyLandmarks, past: Past) -> BodyLandmarks:
    """The same marks, pointed at tomorrow."""
    return replace(value, stamp_ns=value.stamp_ns + 86_400_000_000_000)


def marks_upside_down(value: BodyLandmarks, past: Past) -> BodyLandmarks:
    """Notch and navel exchanged."""
    return BodyLandmarks(value.stamp_ns, value.navel_m, value.xiphoid_m, value.notch_m)


def marks_up_the_throat(value: BodyLandmarks, past: Past) -> BodyLandmarks:
    """The notch `size` [m] too far up: the way to the throat is open."""
    return replace(value, notch_m=value.notch_m + past.size * superior_axis(value))


def zone_nowhere(inputs: SafetyInputs, past: Past) -> SafetyInputs:
    """A marked zone whose place is not finite."""
    return replace(inputs, zones=(*inputs.zones, Zone("wound", np.full(3, np.nan), 0.05)))


def second_source(inputs: SafetyInputs, past: Past) -> SafetyInputs:
    """Somebody else publishes robot states, too."""
    return replace(inputs, publishers=ONE_EACH | {"robot state": 2})

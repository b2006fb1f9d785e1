"""Skin, landmarks and marked zones: their judges, and the guard of the places that they forbid.

Good ones stay in use until better come.
"""

from dataclasses import replace

import numpy as np

from echopilot_control.body_axes import body_axes, moved_m
from echopilot_control.safety.evidence.tick import SafetyTick
from echopilot_control.safety.patient.outline import finite_points
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.state import SKIN, LandmarkMemory, SkinMemory
from echopilot_control.safety.zones import DEEP_M, above_notch_m, inside_m, outside_box
from echopilot_control.vectors import all_finite
from echopilot_core import BodyLandmarks, BodySurface, EchoPilotError, to_ns
from echopilot_core.robot import CONTACT_N

SKIN_AGE_S = 0.5  # two images of the camera may be lost
SKIN_POINTS = 200
ANOTHER_BODY_M = 0.030  # three standard deviations of pointing; the controller takes these for another patient, too
ON_SKIN_M = 0.060  # pointing and the holes of the camera


def judge_skin(tick: SafetyTick) -> list[Reason]:
    """Newest image of the skin: there, of now, later than the one before, different from it, and enough points."""
    if SKIN in tick.inputs.declared_absent:
        return []
    surface, memory, now_ns = tick.inputs.surface, tick.memory.skin, tick.now_ns
    if surface is None:
        return [Reason.SKIN_MISSING]
    if surface.stamp_ns - now_ns > to_ns(tick.limits.future_s):
        return [Reason.SKIN_FUTURE]
    last = memory.surface
    if last is not None and surface.stamp_ns < last.stamp_ns:
        tick.skin = replace(memory, disorder_ns=now_ns)
        return [Reason.SKIN_ORDER]
    if last is None or surface.stamp_ns > last.stamp_ns:
        memory = SkinMemory(surface, _of_points(surface, last), memory.disorder_ns)
    tick.skin = memory
    if not memory.reasons:
        tick.usable_surface = memory.surface
    reasons = [*memory.reasons]
    if now_ns - surface.stamp_ns > to_ns(SKIN_AGE_S):
        reasons.append(Reason.SKIN_STALE)
    if memory.disorder_ns is not None and 0 <= now_ns - memory.disorder_ns < to_ns(SKIN_AGE_S):
        reasons.append(Reason.SKIN_ORDER)
    return reasons


def _of_points(surface: BodySurface, last: BodySurface | None) -> tuple[Reason, ...]:
    points_m = surface.points_m
    if len(surface.finite_points_m()) < SKIN_POINTS:
        return (Reason.SKIN_UNUSABLE,)
    return (Reason.SKIN_FROZEN,) if last is not None and np.array_equal(points_m, last.points_m) else ()


def judge_landmarks(tick: SafetyTick) -> list[Reason]:
    """Landmarks of a body, on the skin that is seen, and where they were; others wait for a reset off the patient."""
    memory, newest = tick.memory.landmarks, tick.inputs.landmarks
    used = None if tick.inputs.reset and tick.memory.force.force_n < CONTACT_N else memory.used
    reason = Reason.LANDMARKS_MISSING if newest is None else None
    if newest is not None and newest is not used:
        reason = _fault(newest, used, tick)
        used = newest if reason is None else used
    tick.usable_landmarks = () if used is None else (used,)
    if reason is Reason.LANDMARKS_JUMPED and newest is not None:
        tick.usable_landmarks = (*tick.usable_landmarks, newest)
    seen = tick.usable_surface
    apart = memory.apart
    if used is None:
        apart = False
    elif seen is not None and (used is not memory.used or seen is not memory.seen):
        apart = _apart(used, seen)
    tick.landmarks = LandmarkMemory(used, seen or memory.seen, apart)
    reasons = [] if reason is None else [reason]
    return [*reasons, Reason.BODY_DISAGREES] if apart else reasons


def _fault(newest: BodyLandmarks, used: BodyLandmarks | None, tick: SafetyTick) -> Reason | None:
    try:
        body_axes(newest)
    except (EchoPilotError, ValueError):
        return Reason.LANDMARKS_UNUSABLE
    if newest.stamp_ns - tick.now_ns > to_ns(tick.limits.future_s):
        return Reason.LANDMARKS_FUTURE
    return Reason.LANDMARKS_JUMPED if used is not None and moved_m(used, newest) > ANOTHER_BODY_M else None


def _apart(landmarks: BodyLandmarks, surface: BodySurface) -> bool:
    points_m = finite_points(surface.points_m[::2])
    for mark in (landmarks.notch_m, landmarks.xiphoid_m, landmarks.navel_m):
        away = points_m - mark
        if not len(away) or float(np.einsum("ij,ij->i", away, away).min()) > ON_SKIN_M**2:
            return True
    return False


def judge_zones(tick: SafetyTick) -> list[Reason]:
    """Every marked zone has a place."""
    zones = tick.inputs.zones
    tick.zones = tuple(zone for zone in zones if all_finite(zone.center_m) and zone.radius_m > 0.0)
    unplaced = bool(tick.inputs.unplaced_zones) or len(tick.zones) < len(zones)
    return [Reason.ZONES_UNPLACED] if unplaced else []


def guard_places(tick: SafetyTick) -> list[Reason]:
    """Probe outside forbidden zones and inside its workspace, by every set of landmarks that may be true."""
    if tick.usable_robot is None:
        return []
    position_m = tick.usable_robot.T_base_probe[:3, 3]
    marks = tick.usable_landmarks
    deep = any(inside_m(position_m, zone) > DEEP_M for zone in tick.zones)
    deep = deep or any(above_notch_m(position_m, landmarks) > DEEP_M for landmarks in marks)
    reasons = [Reason.FORBIDDEN_ZONE] if deep else []
    outside = any(outside_box(position_m, landmarks) for landmarks in marks)
    return [*reasons, Reason.WORKSPACE] if outside else reasons

"""Target poses of the aortic views at a station: face center on the skin, beam square to the course of the aorta."""

import math

import numpy as np

from echopilot_core import Array, se3
from echopilot_sim.anatomy.torso.skin import Skin
from echopilot_sim.anatomy.vessels.vessels import Vessels
from echopilot_sim.frame_state import Phases

_MOST_STEPS, _CLOSE_M, _SLOPES = 8, 1e-5, (0.4, 3.0)


def target(skin: Skin, vessels: Vessels, phases: Phases, station_m: float, along: bool) -> Array | None:
    """Pose `T_patient_target` (4, 4) at a station (NaN: the middle); None for a patient without abdominal aorta.

    `along` turns the image plane into the aorta's course (marker to the head), else it lies across (marker left).
    """
    if not vessels.has_abdominal_aorta:
        return None
    if math.isnan(station_m):
        station_m = 0.5 * float(vessels.abdominal_arc_m[-1])
    center = vessels.section(station_m).centre_m
    course = vessels.direction(station_m)
    x, z_entry = center[:1], center[2:]
    entry = skin.point(x, z_entry, phases.breathing)[0]
    for _ in range(5):  # slide the entry until the beam is perpendicular to the aorta
        z_entry = entry[2:] + float((center - entry) @ course) * course[2]
        entry = skin.point(x, z_entry, phases.breathing)[0]
    beam = center - entry
    across = np.cross(beam, course)
    across *= np.sign(across[0])
    return se3.transform(se3.look_along(beam, course if along else across), entry)


def station_at(vessels: Vessels, skin: Skin, T_patient_probe: Array, phases: Phases) -> float:
    """Arc length [m] of the station whose transverse target lies at the probe: up to eight steps of a secant.

    Targets move along the skin at 0.4 to 3 times the speed of their station: the upper aorta leans on its way down.
    """
    stations = vessels.abdominal_arc_m
    if not vessels.has_abdominal_aorta:
        return 0.0
    heights = vessels.course_points(stations)[:, 2]
    station = float(np.interp(-T_patient_probe[2, 3], -heights, stations))
    slope, before, above_before = 1.0, station, 0.0
    for step in range(_MOST_STEPS):
        pose = target(skin, vessels, phases, station, along=False)
        assert pose is not None
        above = float(pose[2, 3] - T_patient_probe[2, 3])
        if abs(above) < _CLOSE_M:
            break
        if step and station != before:
            slope = float(np.clip((above_before - above) / (station - before), *_SLOPES))
        before, above_before = station, above
        station = float(np.clip(station + above / slope, 0.0, stations[-1]))
        if station == before:
            break
    return station

"""True aortic diameters where the image plane crosses the vessel, pressed and unloaded."""

import math
from dataclasses import dataclass

import numpy as np

from echopilot_core import Array
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.anatomy.torso.compression import pressed_depth
from echopilot_sim.anatomy.vessels.vessels import pulse
from echopilot_sim.bmode.sound.contact import indentation_of
from echopilot_sim.frame_state import FrameState

MAX_OBLIQUITY_RAD = math.radians(60.0)


@dataclass(frozen=True)
class AortaTruth:
    """The abdominal aorta where the centers of its cross-sections cross the image plane, nearest to the beam axis.

    Diameters [m] are chords through the center of the true cross-section (perpendicular to the course) at the
    moment's pulse; inner ones span the whole lumen, a flap and both its sides included. AP is along the probe's beam
    axis, transverse across it: `outer_ap_m` and `inner_ap_m` hold under the actual indentation, transverse and
    unloaded (AP) ones do not change with it. `centre_m` is the crossing (x, y) in us_image as pictured.
    """

    station_m: float  # arc length below the start of the abdominal aorta
    obliquity_rad: float  # angle between the image plane's normal and the course
    outer_ap_m: float
    outer_transverse_m: float
    inner_ap_m: float
    inner_transverse_m: float
    outer_unloaded_m: float
    inner_unloaded_m: float
    centre_m: Array


def max_outer_diameter_m(anatomy: Anatomy) -> float:
    """Largest outer diameter of the abdominal aorta [m] in mid-pulse; 0 for a patient without one."""
    return anatomy.vessels.max_outer_diameter_m()


def aorta_truth(anatomy: Anatomy, frame_state: FrameState) -> AortaTruth | None:
    """Diameters at the image plane; None when it does not cross the abdominal aorta or runs along it."""
    vessels = anatomy.vessels
    if not vessels.has_abdominal_aorta:
        return None
    T = frame_state.T_patient_probe
    stations = vessels.abdominal_arc_m
    points = vessels.points(stations) - T[:3, 3]
    off = points @ T[:3, 1]
    crossings = np.flatnonzero(np.sign(off[:-1]) != np.sign(off[1:]))
    if crossings.size == 0:
        return None
    i = int(crossings[np.argmin(np.abs(points[crossings] @ T[:3, 0]))])
    share = float(off[i] / (off[i] - off[i + 1]))
    section = vessels.section(float(stations[i] + share * (stations[i + 1] - stations[i])))
    obliquity = math.acos(min(abs(float(section.tangent @ T[:3, 1])), 1.0))
    center = section.centre_m - T[:3, 3]
    ahead = float(center @ T[:3, 2])
    if obliquity > MAX_OBLIQUITY_RAD or ahead <= 0.0:
        return None
    indentation = indentation_of(frame_state.gap_m)
    scale = 1.0 + pulse(frame_state.phases.heart)
    beam = T[:3, 2] - (T[:3, 2] @ section.tangent) * section.tangent
    outer, inner = (scale * r for r in section.half_width(beam))
    outer_across, inner_across = (scale * r for r in section.half_width(np.cross(section.tangent, beam)))
    lumen_ahead = float((section.lumen_center_m - T[:3, 3]) @ T[:3, 2])

    def pressed(distance_m: float) -> float:
        return float(pressed_depth(distance_m + indentation, indentation))

    return AortaTruth(
        station_m=section.station_m,
        obliquity_rad=obliquity,
        outer_ap_m=pressed(ahead + outer) - pressed(ahead - outer),
        outer_transverse_m=2.0 * outer_across,
        inner_ap_m=pressed(lumen_ahead + inner) - pressed(lumen_ahead - inner),
        inner_transverse_m=2.0 * inner_across,
        outer_unloaded_m=2.0 * outer,
        inner_unloaded_m=2.0 * inner,
        centre_m=np.array([float(center @ T[:3, 0]), pressed(ahead)]),
    )

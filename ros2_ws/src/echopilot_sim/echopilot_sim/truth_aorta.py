"""True aortic diameters where the image plane crosses the vessel, pressed and unloaded."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.anatomy import Anatomy
from echopilot_sim.anatomy.compression import pressed_depth
from echopilot_sim.anatomy.vessels import centre_line, pulse
from echopilot_sim.bmode.contact import indentation_of
from echopilot_sim.moment import Moment

Array = NDArray[np.float64]

MAX_OBLIQUITY_RAD = math.radians(60.0)


@dataclass(frozen=True)
class AortaTruth:
    """The abdominal aorta where the centre line crosses the image plane, nearest to the beam axis.

    Diameters [m] are those of the true cross-section (perpendicular to the centre line) at the moment's pulse.
    AP is along the probe's beam axis: `outer_ap_m` and `inner_ap_m` hold under the actual indentation, transverse
    and unloaded ones do not change with it. `centre_m` is the crossing (x, y) in us_image as pictured.
    """

    station_m: float  # arc length below the start of the abdominal aorta
    obliquity_rad: float  # angle between the image plane's normal and the centre line
    outer_ap_m: float
    outer_transverse_m: float
    inner_ap_m: float
    inner_transverse_m: float
    outer_unloaded_m: float
    inner_unloaded_m: float
    centre_m: Array


def max_outer_diameter_m(anatomy: Anatomy) -> float:
    """Largest outer diameter of the abdominal aorta [m] in mid-pulse."""
    return 2.0 * max(float(centre_line(anatomy.vessels, z)[2]) for z in anatomy.vessels.abdominal_z_m)


def aorta_truth(anatomy: Anatomy, moment: Moment) -> AortaTruth | None:
    """Diameters at the image plane; None when it does not cross the abdominal aorta or runs along it."""
    T = moment.T_patient_probe
    zs = anatomy.vessels.abdominal_z_m
    rows = np.array([centre_line(anatomy.vessels, z) for z in zs])
    points = np.column_stack([rows[:, :2], zs]) - T[:3, 3]
    off = points @ T[:3, 1]
    crossings = np.flatnonzero(np.sign(off[:-1]) != np.sign(off[1:]))
    if crossings.size == 0:
        return None
    i = int(crossings[np.argmin(np.abs(points[crossings] @ T[:3, 0]))])
    share = off[i] / (off[i] - off[i + 1])
    row = rows[i] + share * (rows[i + 1] - rows[i])
    z = zs[i] + share * (zs[i + 1] - zs[i])
    tangent = np.array([row[6], row[7], 1.0])
    obliquity = math.acos(min(abs(float(tangent @ T[:3, 1])) / float(np.linalg.norm(tangent)), 1.0))
    centre = np.array([row[0], row[1], z]) - T[:3, 3]
    ahead = float(centre @ T[:3, 2])
    if obliquity > MAX_OBLIQUITY_RAD or ahead <= 0.0:
        return None
    indentation = indentation_of(moment.gap_m)
    scale = 1.0 + pulse(moment.phases.heart)
    outer, lumen = scale * float(row[2]), scale * float(row[3])
    lumen_ahead = ahead + float(np.array([row[4], row[5], 0.0]) @ T[:3, 2])

    def pressed(distance_m: float) -> float:
        return float(pressed_depth(distance_m + indentation, indentation))

    return AortaTruth(
        station_m=float(np.interp(-z, -zs, anatomy.vessels.abdominal_arc_m)),
        obliquity_rad=obliquity,
        outer_ap_m=pressed(ahead + outer) - pressed(ahead - outer),
        outer_transverse_m=2.0 * outer,
        inner_ap_m=pressed(lumen_ahead + lumen) - pressed(lumen_ahead - lumen),
        inner_transverse_m=2.0 * lumen,
        outer_unloaded_m=2.0 * outer,
        inner_unloaded_m=2.0 * lumen,
        centre_m=np.array([float(centre @ T[:3, 0]), pressed(ahead)]),
    )

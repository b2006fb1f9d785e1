"""The moving skin under the probe as tangent planes for the next 10 ms."""

import numpy as np

from echopilot_core import Array, se3
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.torso.rib_cage import stiffness
from echopilot_sim.anatomy.torso.skin import Skin, apex_beat, distance_normal
from echopilot_sim.frame_state import Phases, element_points
from echopilot_sim.physics.contact import (
    ANCHOR,
    GAP,
    HARDNESS,
    N_COLUMNS,
    NORMAL,
    SPEED,
    STIFFNESS,
    Contact,
    contact_wrench,
    face_points,
    hardness,
)
from echopilot_sim.physics.coupling_gel import FRICTION_WET

_FACE = face_points()


def empty_planes(n_points: int) -> Array:
    """Tangent planes (M, 10) without skin: every gap is infinite."""
    planes = np.zeros((n_points, N_COLUMNS))
    planes[:, NORMAL + 2] = planes[:, STIFFNESS] = 1.0
    planes[:, GAP] = np.inf
    return planes


@njit(cache=True, nogil=True)
def take_planes(
    skin_parameters: Array,
    T_base_patient: Array,
    T_base_patient_later: Array,
    rotation: Array,
    origin_m: Array,
    points_m: Array,
    motion: Array,
    dt_s: float,
    planes: Array,
) -> None:
    """Fill `planes` (M, 10) for face points (M, 3) in probe at the pose (rotation, origin) in base.

    `motion` (2, 2) is the state of the skin (breathing, beat) now and dt_s [s] later, when the patient lies at
    `T_base_patient_later`: the skin's speed is that of its signed distance in between.
    """
    for i in range(points_m.shape[0]):
        for j in range(3):
            s = origin_m[j]
            for k in range(3):
                s += rotation[j, k] * points_m[i, k]
            planes[i, ANCHOR + j] = s
        x, y, z = _into(T_base_patient, planes[i])
        gap, nx, ny, nz = distance_normal(skin_parameters, x, y, z, motion[0, 0], motion[0, 1])
        u, v, w = _into(T_base_patient_later, planes[i])
        later, _, _, _ = distance_normal(skin_parameters, u, v, w, motion[1, 0], motion[1, 1])
        planes[i, GAP] = gap
        planes[i, SPEED] = (gap - later) / dt_s
        for j in range(3):
            planes[i, NORMAL + j] = T_base_patient[j, 0] * nx + T_base_patient[j, 1] * ny + T_base_patient[j, 2] * nz
        planes[i, STIFFNESS] = stiffness(skin_parameters, x - gap * nx, y - gap * ny, z - gap * nz)
        planes[i, HARDNESS] = hardness(planes[i, STIFFNESS])


@njit(cache=True, nogil=True)
def _into(T: Array, plane: Array) -> tuple[float, float, float]:
    """Coordinates in patient of the anchor of a plane."""
    a, b, c = plane[ANCHOR] - T[0, 3], plane[ANCHOR + 1] - T[1, 3], plane[ANCHOR + 2] - T[2, 3]
    return (
        T[0, 0] * a + T[1, 0] * b + T[2, 0] * c,
        T[0, 1] * a + T[1, 1] * b + T[2, 1] * c,
        T[0, 2] * a + T[1, 2] * b + T[2, 2] * c,
    )


def contact(
    skin: Skin,
    T_patient_probe: Array,
    twist: Array,
    phases: Phases,
    breathing_rate_1_s: float = 0.0,
    friction: float = FRICTION_WET,
) -> Contact:
    """Contact of the probe face at a pose (4, 4) in patient, moving with `twist` (6,) [m/s, rad/s] in patient axes.

    Pure: no engine, no memory. `breathing_rate_1_s` is how fast `phases.breathing` grows.
    """
    points, dt_s = _FACE, 1e-3
    beat = apex_beat(phases.heart)
    motion = np.array([[phases.breathing, beat], [phases.breathing + breathing_rate_1_s * dt_s, beat]])
    rotation, origin = np.ascontiguousarray(T_patient_probe[:3, :3]), np.ascontiguousarray(T_patient_probe[:3, 3])
    planes, wrench = empty_planes(len(points)), np.zeros(6)
    take_planes(skin.parameters, np.eye(4), np.eye(4), rotation, origin, points, motion, dt_s, planes)
    contact_wrench(rotation, origin, np.asarray(twist, dtype=np.float64), points, planes, 0.0, friction, wrench)
    return Contact(wrench, -planes[:, GAP])


def element_gaps(skin: Skin, T_patient_probe: Array, phases: Phases, aperture_m: float) -> Array:
    """Signed distance (E,) [m] of the elements of an array from the free skin, as in Moment.gap_m."""
    points = se3.apply(T_patient_probe, element_points(aperture_m))
    return skin.signed_distance(points, phases.breathing, apex_beat(phases.heart))

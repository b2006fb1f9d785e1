"""Contact of the probe face with skin: an elastic foundation with Hunt-Crossley damping and gel friction.

Each face point presses a spring of its own against a moving tangent plane of the skin, so that tilt gives torque and
an edge that lifts loses contact. Pressure p = k d (d / d_ref)^(n-1) (1 + c d'), never below zero; Hunt & Crossley 1975
(J. Appl. Mech. 42:440) for the damping, Johnson, Contact Mechanics (1985), section 4.3 for the elastic foundation.
"""

from dataclasses import dataclass

import numpy as np

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit

FACE_WIDTH_M = 0.022  # along probe x
FACE_HEIGHT_M = 0.014  # along probe y (elevation)


N_X, N_Y = 9, 5
DOME_RADIUS_M = 0.060  # the face is slightly domed
REFERENCE_DEPTH_M = 0.010  # depth at which `stiffness` is the secant p / d
SOFT_PA_PER_M, HARD_PA_PER_M = 2.0e6, 3.0e7  # relaxed belly .. rib; in between by logarithm
EXPONENT_SOFT, EXPONENT_HARD = 1.3, 1.0  # soft tissue stiffens with depth
DAMPING_SOFT_S_PER_M, DAMPING_HARD_S_PER_M = 12.0, 3.0
SLIP_SPEED_M_S = 0.002  # friction is viscous below this


# Columns of the tangent planes (M, 10) of the skin under M points, in base, valid for a few milliseconds: where they
# were taken, outward normal, signed distance of that place from the skin (positive outside), velocity of the skin along
# its normal, pressure per depth, and hardness (which follows from it).
ANCHOR, NORMAL, GAP, SPEED, STIFFNESS, HARDNESS, N_COLUMNS = 0, 3, 6, 7, 8, 9, 10


@dataclass(frozen=True)
class Contact:
    """What the skin does to the probe: `wrench` (6,) [N, N m] in probe at its origin, and how deep it is pressed.

    `depth_m` (45,) of the cells of the face: negative is a gap.
    """

    wrench: Array
    depth_m: Array

    @property
    def force_n(self) -> float:
        """Pressing force along probe z."""
        return -float(self.wrench[2])


CELL_AREA_M2 = FACE_WIDTH_M * FACE_HEIGHT_M / (N_X * N_Y)  # that one face point stands for


def face_points() -> Array:
    """Centers (45, 3) [m] of equal cells of the face in probe, domed by DOME_RADIUS_M."""
    x = (np.arange(N_X) - (N_X - 1) / 2) * FACE_WIDTH_M / N_X
    y = (np.arange(N_Y) - (N_Y - 1) / 2) * FACE_HEIGHT_M / N_Y
    grid_x, grid_y = (g.ravel() for g in np.meshgrid(x, y, indexing="ij"))
    return np.column_stack([grid_x, grid_y, -(grid_x**2 + grid_y**2) / (2.0 * DOME_RADIUS_M)])


@njit(cache=True, nogil=True)
def hardness(stiffness_pa_m: float) -> float:
    """0 for a relaxed belly, 1 for a rib."""
    h = np.log(stiffness_pa_m / SOFT_PA_PER_M) / np.log(HARD_PA_PER_M / SOFT_PA_PER_M)
    return float(min(max(h, 0.0), 1.0))


@njit(cache=True, nogil=True)
def pressure_pa(depth_m: float, rate_m_s: float, stiffness_pa_m: float, hard: float) -> float:
    """Pressure [Pa] of one foundation spring, pressed by depth_m at rate_m_s (positive: deeper); never negative.

    `hard` is the `hardness` of its stiffness.
    """
    if depth_m <= 0.0:
        return 0.0
    damping = DAMPING_SOFT_S_PER_M + hard * (DAMPING_HARD_S_PER_M - DAMPING_SOFT_S_PER_M)
    exponent = EXPONENT_SOFT + hard * (EXPONENT_HARD - EXPONENT_SOFT)
    elastic = stiffness_pa_m * depth_m * (depth_m / REFERENCE_DEPTH_M) ** (exponent - 1.0)
    return float(elastic * max(0.0, 1.0 + damping * rate_m_s))


def stored_energy_j(depth_m: Array, stiffness_pa_m: Array) -> float:
    """Elastic energy [J] of the foundation under the face: integral of the static pressure over depth and area."""
    d = np.maximum(depth_m, 0.0)
    h = np.array([hardness(k) for k in stiffness_pa_m])
    exponent = EXPONENT_SOFT + h * (EXPONENT_HARD - EXPONENT_SOFT)
    work = stiffness_pa_m * d**2 * (d / REFERENCE_DEPTH_M) ** (exponent - 1.0) / (exponent + 1.0)
    return float(np.sum(work) * CELL_AREA_M2)


@njit(cache=True, nogil=True)
def gap_m(planes: Array, i: int, x: float, y: float, z: float, age_s: float) -> float:
    """Signed distance [m] of the point (x, y, z) in base from tangent plane i, `age_s` after it was taken."""
    return float(
        planes[i, GAP]
        - planes[i, SPEED] * age_s
        + planes[i, NORMAL] * (x - planes[i, ANCHOR])
        + planes[i, NORMAL + 1] * (y - planes[i, ANCHOR + 1])
        + planes[i, NORMAL + 2] * (z - planes[i, ANCHOR + 2])
    )


@njit(cache=True, nogil=True)
def contact_wrench(
    rotation: Array,
    origin_m: Array,
    twist: Array,
    points_m: Array,
    planes: Array,
    age_s: float,
    friction: float,
    wrench: Array,
) -> None:
    """Fill `wrench` (6,) [N, N m], what the skin does to the probe, in probe at its origin.

    `rotation` (3, 3) and `origin_m` (3,) are the pose of the probe in base, `twist` (6,) its velocity in base at the
    probe origin, `points_m` (M, 3) the face in probe, `planes` (M, 10) the skin under it, taken `age_s` ago.
    """
    fx = fy = fz = tx = ty = tz = 0.0
    for i in range(points_m.shape[0]):
        a, b, c = points_m[i, 0], points_m[i, 1], points_m[i, 2]
        rx = rotation[0, 0] * a + rotation[0, 1] * b + rotation[0, 2] * c
        ry = rotation[1, 0] * a + rotation[1, 1] * b + rotation[1, 2] * c
        rz = rotation[2, 0] * a + rotation[2, 1] * b + rotation[2, 2] * c
        gap = gap_m(planes, i, origin_m[0] + rx, origin_m[1] + ry, origin_m[2] + rz, age_s)
        if gap >= 0.0:
            continue
        nx, ny, nz = planes[i, NORMAL], planes[i, NORMAL + 1], planes[i, NORMAL + 2]
        vx = twist[0] + twist[4] * rz - twist[5] * ry
        vy = twist[1] + twist[5] * rx - twist[3] * rz
        vz = twist[2] + twist[3] * ry - twist[4] * rx
        outward = vx * nx + vy * ny + vz * nz
        rate = planes[i, SPEED] - outward
        force = CELL_AREA_M2 * pressure_pa(-gap, rate, planes[i, STIFFNESS], planes[i, HARDNESS])
        sx, sy, sz = vx - outward * nx, vy - outward * ny, vz - outward * nz
        drag = friction * force / np.sqrt(sx * sx + sy * sy + sz * sz + SLIP_SPEED_M_S**2)
        px, py, pz = force * nx - drag * sx, force * ny - drag * sy, force * nz - drag * sz
        fx += px
        fy += py
        fz += pz
        tx += ry * pz - rz * py
        ty += rz * px - rx * pz
        tz += rx * py - ry * px
    for j in range(3):
        wrench[j] = rotation[0, j] * fx + rotation[1, j] * fy + rotation[2, j] * fz
        wrench[3 + j] = rotation[0, j] * tx + rotation[1, j] * ty + rotation[2, j] * tz

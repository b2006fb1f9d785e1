"""Torso and relief of a CT patient: superellipse numbers to the outline, the rest as a table of factors."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from echopilot_core import Array
from echopilot_sim.anatomy.ct.outline import Mask, radii
from echopilot_sim.anatomy.parameters import Relief, Torso
from echopilot_sim.anatomy.torso import skin

ROW_M, COLUMNS = 0.008, 128
_FILL = (4.0, 7.0)  # rows and columns over which unseen skin goes over to the superellipse
_EPSILON = 0.02

AVERAGE = Torso(
    half_width_chest_m=0.164,
    half_width_abdomen_m=0.150,
    chest_slope_m=0.020,
    belly_m=0.004,
    back_y_m=0.218,
    fat_chest_m=0.007,
    fat_abdomen_m=0.014,
    muscle_m=0.009,
    breathing_chest_m=0.0035,
    breathing_abdomen_m=0.006,
    organ_shift_m=0.0075,
    stiffness_abdomen_pa_m=1.25e6,
    stiffness_chest_pa_m=3.7e6,
    stiffness_rib_pa_m=2.7e7,
    rib_spacing_m=0.0348,
    rib_half_width_m=0.0060,
    rib_phase_m=0.0,
    cartilage_slope_m_rad=0.08,
    sternum_half_width_m=0.016,
    notch_z_m=0.190,
    navel_z_m=-0.175,
    apex_beat_m=0.0006,
)
"""Middle of the ranges of drawn patients: what a CT does not show."""


def fit(body: Mask | None, T_patient_voxel: Array, spine_front_m: float | None, navel_z_m: float | None) -> Torso:
    """Torso of the body (nx, ny, nz) in a CT; average numbers where the CT does not show the skin.

    `spine_front_m` is the depth of the front of the vertebral column, from which an unseen back follows.
    """
    torso = AVERAGE
    if navel_z_m is not None:
        torso = replace(torso, navel_z_m=min(max(navel_z_m, -0.4), -0.05))
    if spine_front_m is not None:
        torso = replace(torso, back_y_m=min(max(spine_front_m + 0.106, 0.12), 0.5))
    if body is None:
        return torso
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * (np.array(body.shape) - 1)
    heights = (corners @ T_patient_voxel[:3, :3].T + T_patient_voxel[:3, 3])[:, 2]
    first, last = math.ceil(heights.min() / ROW_M), math.floor(heights.max() / ROW_M)
    while last - first < 4:
        last += 1
    z = ROW_M * np.arange(first, last + 1)
    torso = _superellipse(torso, body, T_patient_voxel, z)
    p = skin.pack(torso)
    angle = -np.pi + 2.0 * np.pi * np.arange(COLUMNS) / COLUMNS
    axis = np.array([skin.section(p, float(h))[2] for h in z])
    measured, seen = radii(body, T_patient_voxel, axis, z, angle)
    smooth = np.array(
        [[math.hypot(x, y - axis[i]) for x, y in (skin.rim(p, a, h) for a in angle)] for i, h in enumerate(z)]
    )
    return replace(torso, relief=Relief(_filled(measured / smooth, seen), float(z[0]), ROW_M))


def _filled(ratio: Array, seen: Mask) -> Array:
    """Factors where the skin is seen; elsewhere they go over to 1, but never under what is known to be inside."""

    def blur(values: Array) -> Array:
        rows = gaussian_filter(values, (_FILL[0], 0.0), mode="nearest")
        return np.asarray(gaussian_filter(rows, (0.0, _FILL[1]), mode="wrap"))

    usual = (blur(np.where(seen, ratio, 0.0)) + _EPSILON) / (blur(seen.astype(np.float64)) + _EPSILON)
    out = np.where(seen, ratio, np.maximum(usual, 1.02 * ratio))
    calm = gaussian_filter(out, 0.6, mode=("nearest", "wrap"))
    return np.asarray(np.clip(np.where(seen, calm, gaussian_filter(out, 2.0, mode=("nearest", "wrap"))), 0.25, 4.5))


def _superellipse(torso: Torso, body: Mask, T: Array, z: Array) -> Torso:
    """Half-widths, front and back from the outline in the four main directions, where seen."""
    axis = np.full(z.size, 0.5 * torso.back_y_m)
    measured, seen = radii(body, T, axis, z, np.array([0.0, 0.5 * np.pi, np.pi, -0.5 * np.pi]))
    sides = seen[:, 1] & seen[:, 3]
    half = 0.5 * (measured[:, 1] + measured[:, 3])
    changes: dict[str, Any] = {}
    for name, region in (("half_width_abdomen_m", z < -0.04), ("half_width_chest_m", z > -0.01)):
        at = sides & region
        if at.any():
            changes[name] = float(np.median(half[at]))
        elif sides.any():
            changes[name] = float(np.median(half[sides]))
    if seen[:, 2].any():
        changes["back_y_m"] = float(np.median(axis[0] + measured[seen[:, 2], 2]))
    front = axis - measured[:, 0]
    low, high = seen[:, 0] & (z < -0.06), seen[:, 0] & (z > 0.03)
    if low.any():
        changes["belly_m"] = float(
            np.clip(np.median(front[low] / (1.0 - np.exp(-((z[low] / 0.07) ** 2)))), -0.15, 0.08)
        )
    if high.any():
        changes["chest_slope_m"] = float(
            np.clip((front[high] @ z[high] ** 2) / (z[high] ** 4).sum() * 0.04, -0.08, 0.09)
        )
    return replace(torso, **changes)

"""Triangle mesh of a patient's skin, for viewers and simulators that know no implicit surface."""

from dataclasses import dataclass

import numpy as np

from echopilot_core import Array
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.torso.skin import Skin, rim

Z_FROM_M, Z_TO_M = -0.34, 0.25  # in patient: from above the hip to the shoulders
ROW_M, AROUND = 0.025, 48


@dataclass(frozen=True)
class SkinMesh:
    """Closed trunk at mid breathing in patient: points (N, 3) [m], outward unit normals (N, 3), triangles (M, 3).

    Triangles are counterclockwise seen from outside.
    """

    points_m: Array
    normals: Array
    triangles: np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def skin_mesh(patient: Patient, row_m: float = ROW_M, around: int = AROUND) -> SkinMesh:
    """The skin of a patient in rings of `around` points every `row_m`, with a flat cap at each end."""
    skin = Skin(patient.torso, patient.heart)
    heights = np.linspace(Z_FROM_M, Z_TO_M, round((Z_TO_M - Z_FROM_M) / row_m) + 1)
    angles = np.arange(around) * (2.0 * np.pi / around) - np.pi
    side = np.array([(*rim(skin.parameters, float(a), float(z)), z) for z in heights for a in angles])
    points, normals = [side], [skin.normal(side, 0.5)]
    triangles = [_between(row, around) for row in range(len(heights) - 1)]
    first = len(side)
    for row, direction in ((0, -1.0), (len(heights) - 1, 1.0)):
        ring = side[row * around : (row + 1) * around]
        points += [ring, ring.mean(axis=0, keepdims=True)]
        normals.append(np.tile([0.0, 0.0, direction], (around + 1, 1)))
        triangles.append(_cap(first, around, direction > 0.0))
        first += around + 1
    return SkinMesh(np.concatenate(points), np.concatenate(normals), np.concatenate(triangles))


def _between(row: int, around: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Triangles (2 around, 3) between a ring and the next; angles go round from the back by the right side."""
    i = np.arange(around)
    here, beside = row * around + i, row * around + (i + 1) % around
    above, above_beside = here + around, beside + around
    return np.concatenate([np.stack([here, beside, above], 1), np.stack([beside, above_beside, above], 1)])


def _cap(first: int, around: int, upper: bool) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Triangles (around, 3) from a ring that starts at `first` to its center behind it."""
    i = np.arange(around)
    here, beside = first + i, first + (i + 1) % around
    center = np.full(around, first + around)
    return np.stack([here, beside, center] if upper else [beside, here, center], 1)

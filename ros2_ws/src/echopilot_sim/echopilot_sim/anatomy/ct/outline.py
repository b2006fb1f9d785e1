"""The body in a CT and its outline around the axis of the torso, as far as the volume shows it."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, binary_opening, gaussian_filter, label, map_coordinates

from echopilot_core import Array
from echopilot_sim.anatomy.ct.classes import UNNAMED, material
from echopilot_sim.anatomy.ct.read import CtVolume

Mask = NDArray[np.bool_]

AIR_HU = -400.0
_TABLE_VOXELS = 2
_LEAST_AIR = 0.02  # share of the front of the volume that is air where the skin can be told
_REACH_M, _STEP_M = 0.32, 0.0008


def body_mask(scan: CtVolume) -> Mask | None:
    """Voxels (nx, ny, nz) under the skin: from labels that say so, else from the CT; None where neither tells.

    In the CT the outside is the air that hangs together with the front of the volume, so that lungs cut by a side of
    the volume belong to the body; a table or clothes lose contact by an opening of 2 voxels.
    """
    named = [n for n in scan.names.values() if material(n) is UNNAMED]
    if named:
        return _solid(scan.labels > 0)
    if scan.hounsfield is None:
        return None
    air = scan.hounsfield < AIR_HU
    pieces, count = label(np.pad(air, ((1, 1), (1, 0), (0, 0)), mode="edge"))
    front = np.unique(pieces[:, 0])
    if count == 0 or not (front > 0).any() or (pieces[:, 0] > 0).mean() < _LEAST_AIR:
        return None
    outside = np.isin(pieces[1:-1, 1:], front[front > 0])
    margin = (slice(_TABLE_VOXELS, -_TABLE_VOXELS),) * 3
    kept = binary_opening(np.pad(~outside, _TABLE_VOXELS, mode="edge"), iterations=_TABLE_VOXELS)[margin]
    pieces, count = label(kept)
    if count == 0:
        return None
    largest = 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
    return _solid(np.asarray(pieces == largest))


def _solid(mask: Mask) -> Mask:
    """The mask with the holes of every axial slice filled."""
    out = np.array(mask)
    for k in range(out.shape[2]):
        out[:, :, k] = binary_fill_holes(out[:, :, k])
    return out


def radii(body: Mask, T_patient_voxel: Array, axis_y_m: Array, z_m: Array, angle_rad: Array) -> tuple[Array, Mask]:
    """Distance (n_z, n_angle) [m] from the axis (0, axis_y, z) to the skin, and where the volume shows the skin.

    Angles run from 0 in front to the patient's left. Where the body reaches the border of the volume the distance is
    that to the border, a lower bound.
    """
    field = gaussian_filter(body.astype(np.float32), 0.7, mode="nearest")
    to_voxel = np.linalg.inv(T_patient_voxel)
    r = np.arange(_REACH_M, 0.02, -_STEP_M)
    out, seen = np.zeros((z_m.size, angle_rad.size)), np.zeros((z_m.size, angle_rad.size), bool)
    sine, cosine = np.sin(angle_rad)[:, None] * r, np.cos(angle_rad)[:, None] * r
    shape = np.array(body.shape)[:, None, None]
    for i, z in enumerate(z_m):
        points = np.stack([sine, axis_y_m[i] - cosine, np.full_like(sine, z)])
        index = np.einsum("ij,jkl->ikl", to_voxel[:3, :3], points) + to_voxel[:3, 3][:, None, None]
        inside = ((index > -0.5) & (index < shape - 0.5)).all(axis=0)
        value = np.where(inside, map_coordinates(field, index, order=1, mode="nearest"), 0.0)
        first = np.argmax(value > 0.5, axis=1)
        rows = np.arange(angle_rad.size)
        met = value[rows, first] > 0.5
        before = np.maximum(first - 1, 0)
        low, high = value[rows, before], value[rows, first]
        share = np.clip((0.5 - low) / np.maximum(high - low, 1e-6), 0.0, 1.0)
        out[i] = np.where(met, r[before] - share * _STEP_M, 0.0)
        seen[i] = met & inside[rows, before] & inside[rows, np.maximum(first - 4, 0)]
    return out, seen

"""Bone and lung in a CT without labels for them, separated from contrast-filled vessels."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_dilation, binary_opening, distance_transform_edt, label
from scipy.spatial import ConvexHull, QhullError

from echopilot_sim.anatomy.ct.classes import AORTA, CHAMBERS, LUNGS, VESSELS
from echopilot_sim.anatomy.ct.read import CtVolume

Mask = NDArray[np.bool_]

LUNG_HU, BONE_HU, _CORTEX_HU = -500.0, 200.0, 350.0
_LUNG_M3, _BONE_M3 = 4e-5, 4e-8
_THICK_M = 0.007  # of contrast-filled chambers: bright marrow is thinner
_FRONT_STEPS = 60


def lungs(scan: CtVolume, body: Mask) -> Mask:
    """Air in the body in pieces of 40 mL or more, with the vessels inside them; labeled lungs where there are any."""
    if any(scan.has(n) for n in LUNGS):
        return scan.mask(*LUNGS)
    if scan.hounsfield is None:
        return np.zeros_like(body)
    voxel = float(np.prod(scan.spacing_m))
    pieces, count = label(body & (scan.hounsfield < LUNG_HU) & (scan.labels == 0))
    sizes = np.bincount(pieces.ravel(), minlength=count + 1) * voxel
    sizes[0] = 0.0
    large = np.isin(pieces, np.flatnonzero(sizes > _LUNG_M3))
    steps = max(round(0.004 / float(scan.spacing_m.min())), 1)
    closed = binary_closing(np.pad(large, steps, mode="edge"), iterations=steps)[(slice(steps, -steps),) * 3]
    return np.asarray((closed | large) & body & (scan.labels == 0))


def between(lung: Mask) -> Mask:
    """What lies between the lungs: the convex hull of both in every axial slice, lungs included."""
    out = np.zeros_like(lung)
    for k in range(lung.shape[2]):
        points = np.argwhere(lung[:, :, k])
        if len(points) < 40:
            continue
        try:
            hull = ConvexHull(points)
        except QhullError:
            continue
        x, y = np.indices(lung.shape[:2])
        inside = np.ones(lung.shape[:2], bool)
        for a, b, c in hull.equations:
            inside &= a * x + b * y + c <= 0.5
        out[:, :, k] = inside
    return out


def bones(scan: CtVolume, body: Mask, hull: Mask) -> Mask:
    """Bright tissue that is no contrast medium.

    Two fronts grow through what is brighter than 200 HU: one from labeled vessels and chambers and from thick bright
    blobs between the lungs, one from what is brighter than 350 HU outside the lungs' hull at their level. What the
    second reaches first is bone.
    """
    density = scan.hounsfield
    if density is None:
        return np.zeros_like(body)
    bright = body & (density > BONE_HU)
    voxel = float(np.prod(scan.spacing_m))
    vessels = scan.mask(*AORTA, *CHAMBERS, *VESSELS)
    if not (vessels & bright).sum() > 0.5 * max(int(vessels.sum()), 1):
        return _not_tiny(bright & (scan.labels == 0), voxel)  # no contrast medium
    depth = distance_transform_edt(bright, sampling=scan.spacing_m)
    blood = (vessels & bright) | (hull & (depth > _THICK_M))
    bone = (density > _CORTEX_HU) & body & ~vessels & hull.any(axis=(0, 1)) & _reaches_out(bright, hull)
    free = bright & ~blood & ~bone
    for _ in range(_FRONT_STEPS):
        new_bone, new_blood = binary_dilation(bone) & free, binary_dilation(blood) & free
        if not (new_bone | new_blood).any():
            break
        blood |= new_blood
        bone |= new_bone & ~new_blood
        free &= ~(new_bone | new_blood)
    return _not_tiny(bone & (scan.labels == 0), voxel)


def _reaches_out(bright: Mask, hull: Mask) -> Mask:
    """Bright pieces outside the hull that are no thin streaks of vessels near it."""
    return np.asarray(binary_opening(bright & ~hull) | (bright & ~binary_dilation(hull, iterations=3)))


def _not_tiny(mask: Mask, voxel_m3: float) -> Mask:
    pieces, count = label(mask, np.ones((3, 3, 3)))
    sizes = np.bincount(pieces.ravel(), minlength=count + 1) * voxel_m3
    sizes[0] = 0.0
    return np.asarray((sizes > _BONE_M3)[pieces])

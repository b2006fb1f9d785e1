"""Patient frame in a CT: LPS axes, origin on the skin at the xiphoid or at its documented substitute.

Level of the origin, first that applies: the lowest voxel of the sternum; 15 mm above the top of vertebra T12 (the
aortic hiatus, as in drawn patients) but inside the volume; 80 mm above the lower end of ribs 7 to 10; the lowest voxel
of a heart's labels; the top of the volume. The mid-line is that of vertebrae, else of the sternum, else of the
body, else 10 mm to the right of the aorta. The depth is the front of the body there, else the usual distance in front
of spine, heart or aorta.
"""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_sim.anatomy.ct.classes import AORTA, CHAMBERS, VERTEBRAE
from echopilot_sim.anatomy.ct.read import CtVolume

HIATUS_BELOW_ORIGIN_M = 0.015
_AORTA_LEFT_M = 0.010
_SPINE_BEHIND_SKIN_M, _AORTA_BEHIND_SKIN_M, _HEART_BEHIND_SKIN_M = 0.110, 0.092, 0.022


def origin_lps(scan: CtVolume, body: NDArray[np.bool_] | None) -> Array:
    """Origin (3,) [m] of the patient frame in LPS of the scanner; `body` (nx, ny, nz) is what lies under the skin."""
    z = _level(scan)
    x = _middle(scan, body)
    return np.array([x, _front(scan, body, x, z), z])


def hiatus_lps_z(scan: CtVolume) -> float | None:
    """Height [m] in LPS of the aortic hiatus, where the abdominal aorta begins; None where no label tells it."""
    top = _extent(scan, 2, "vertebrae_T12")
    if top is not None:
        return top[1]
    below = _extent(scan, 2, "vertebrae_L1")
    if below is not None:
        return below[1] + 0.020
    trunk = _extent(scan, 2, "celiac_trunk")
    return None if trunk is None else trunk[1] + 0.010


def _level(scan: CtVolume) -> float:
    top = float(scan.to_lps(np.array([[0.0, 0.0, scan.labels.shape[2] - 1.0]]))[0, 2])
    sternum = _extent(scan, 2, "sternum")
    if sternum is not None:
        return min(sternum[0], top)
    hiatus = hiatus_lps_z(scan)
    if hiatus is not None:
        return min(hiatus + HIATUS_BELOW_ORIGIN_M, top)
    ribs = _extent(scan, 2, *(f"rib_{side}_{i}" for side in ("left", "right") for i in range(7, 11)))
    if ribs is not None:
        return min(ribs[0] + 0.080, top)
    heart = _extent(scan, 2, *CHAMBERS, "annulus_proper")
    if heart is not None:
        return min(heart[0], top)
    return top


def _middle(scan: CtVolume, body: NDArray[np.bool_] | None) -> float:
    for names in (VERTEBRAE, ("sternum",)):
        if any(scan.has(n) for n in names):
            return float(scan.to_lps(np.argwhere(scan.mask(*names)))[:, 0].mean())
    if body is not None:
        return float(np.mean(_extent_of(scan, body, 0)))
    if any(scan.has(n) for n in AORTA):
        points = scan.to_lps(np.argwhere(scan.mask(*AORTA)))
        low = points[points[:, 2] <= np.quantile(points[:, 2], 0.3)]
        return float(low[:, 0].mean()) - _AORTA_LEFT_M
    return float(np.mean(_extent_of(scan, scan.mask(*CHAMBERS), 0))) - 0.030


def _front(scan: CtVolume, body: NDArray[np.bool_] | None, x: float, z: float) -> float:
    """Depth y [m] of the skin in the mid-line at a level, half a voxel in front of the first voxel of the body."""
    if body is not None:
        to_voxel = np.linalg.inv(scan.T_lps_voxel)
        back = scan.to_lps(np.array([[0.0, scan.labels.shape[1] - 1.0, 0.0]]))[0, 1]
        for y in np.arange(scan.to_lps(np.zeros((1, 3)))[0, 1] - 0.01, back, 0.25 * scan.spacing_m[1]):
            voxel = np.rint(to_voxel[:3, :3] @ [x, y, z] + to_voxel[:3, 3]).astype(int)
            inside = bool(((voxel >= 0) & (voxel < scan.labels.shape)).all())
            if inside and body[tuple(voxel)]:
                return float(y)
    spine = _extent(scan, 1, *VERTEBRAE)
    if spine is not None:
        return spine[0] - _SPINE_BEHIND_SKIN_M
    heart = _extent(scan, 1, *CHAMBERS)
    if heart is not None:
        return heart[0] - _HEART_BEHIND_SKIN_M
    points = scan.to_lps(np.argwhere(scan.mask(*AORTA)))
    return float(points[points[:, 2] <= np.quantile(points[:, 2], 0.3)][:, 1].mean()) - _AORTA_BEHIND_SKIN_M


def _extent(scan: CtVolume, axis: int, *names: str) -> tuple[float, float] | None:
    """Least and greatest LPS coordinate [m] of classes along an axis, None where none is present."""
    present = [n for n in names if scan.has(n)]
    return _extent_of(scan, scan.mask(*present), axis) if present else None


def _extent_of(scan: CtVolume, mask: NDArray[np.bool_], axis: int) -> tuple[float, float]:
    along = scan.to_lps(np.argwhere(mask))[:, axis]
    half = 0.5 * scan.spacing_m[axis]
    return float(along.min()) - half, float(along.max()) + half

"""The vessels of a CT patient: tubes along the measured center lines of vessel labels, with the labels' diameters."""

import math
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from echopilot_core import Array, EchoPilotError
from echopilot_sim.anatomy.ct.centerline import SMOOTHING_VOXELS, measure
from echopilot_sim.anatomy.ct.classes import AORTA, VESSELS
from echopilot_sim.anatomy.ct.read import CtVolume
from echopilot_sim.anatomy.ct.sections import Sections
from echopilot_sim.anatomy.heart.aortic_root import ascending_end
from echopilot_sim.anatomy.parameters import Aorta, Dissection, Heart
from echopilot_sim.anatomy.vessels.aorta import WALL_M
from echopilot_sim.anatomy.vessels.tube import TubeKind, VesselTube, plain, tangents
from echopilot_sim.anatomy.vessels.tube_grid import build_grid
from echopilot_sim.anatomy.vessels.vessels import Vessels

Mask = NDArray[np.bool_]

_LEAST_SHARE = 0.05  # of the section: less false lumen is no flap
_SMOOTH_VERTICES = 2.5
_LEVEL = np.linspace(-1.0, 1.0, 401)
_SHARE_BELOW = 0.5 + (_LEVEL * np.sqrt(1.0 - _LEVEL**2) + np.arcsin(_LEVEL)) / np.pi  # of a disc


def flap(
    true: Mask, false: Mask, T_patient_voxel: Array, at: Sections, u: Array, lumen_m: Array, flatness: Array
) -> tuple[Array, Array]:
    """Signed distance (n,) [m] of the flap from the center, NaN without one, and the angle (n,) of its normal.

    The normal points from the true to the false lumen, measured from `u` (n, 3) towards tangent x u, as in Tube;
    the lumen is an ellipse of half-axis `lumen_m` (n,) along u and `flatness` (n,) times that across.
    """
    v = np.cross(tangents(at.centre_m), u)
    half = 1.25 * float(lumen_m.max())
    side = np.linspace(-half, half, 61)
    du, dv = np.meshgrid(side, side, indexing="ij")
    points = at.centre_m[:, None, None] + du[..., None] * u[:, None, None] + dv[..., None] * v[:, None, None]
    to_voxel = np.linalg.inv(T_patient_voxel)
    index = np.moveaxis(points @ to_voxel[:3, :3].T + to_voxel[:3, 3], -1, 0)
    near = np.hypot(du, dv)[None] < 1.25 * lumen_m[:, None, None]
    area, center = [], []
    for mask in (true, false):
        field = gaussian_filter(mask.astype(np.float32), SMOOTHING_VOXELS, mode="nearest")
        value = map_coordinates(field, index, order=1, mode="nearest") * near
        weight = value.sum(axis=(1, 2))
        area.append(weight)
        moments = [(value * d).sum(axis=(1, 2)) / np.maximum(weight, 1e-9) for d in (du, dv)]
        center.append(np.stack(moments, axis=1))
    false_share = _smooth(area[1] / np.maximum(area[0] + area[1], 1e-9))
    normal = _smooth((center[1] - center[0]) * np.minimum(area[0], area[1])[:, None])
    angle = np.arctan2(normal[:, 1], normal[:, 0])
    half_width = lumen_m * np.hypot(np.cos(angle), flatness * np.sin(angle))
    distance = half_width * np.interp(1.0 - false_share, _SHARE_BELOW, _LEVEL)
    return np.where(false_share > _LEAST_SHARE, distance, np.nan), angle


def _smooth(values: Array) -> Array:
    return np.asarray(gaussian_filter(values, (_SMOOTH_VERTICES, *(0.0,) * (values.ndim - 1)), mode="nearest"))


LUMEN_WALL_M = 0.0008
"""Wall outside labels of the lumen of a contrast-filled aorta; labels of the whole aorta hold their wall."""
_BRANCH_WALL_M = {TubeKind.ILIAC: 0.0011, TubeKind.CAVA: 0.0008, TubeKind.BRANCH: 0.0009, TubeKind.VEIN: 0.0006}
_ARCH_M = 0.030  # how far the course rises above both its ends where it has an arch
_LEAST_ABDOMINAL_M = 0.010
_INSIDE_HEART_VERTICES = 2


@dataclass(frozen=True)
class Measured:
    """The vessels of a scan in patient; sections and parameters of the aorta, in flow direction, None without one."""

    vessels: Vessels
    sections: Sections | None
    parameters: Aorta | None


def measure_vessels(scan: CtVolume, T_patient_voxel: Array, hiatus_m: float | None) -> Measured:
    """Tubes of the aorta and of the other vessels that are long enough; `hiatus_m` is the height of the diaphragm.

    Without it the abdominal aorta begins 15 mm under the xiphoid, or at the top of an aorta without arch.
    """
    tubes: list[VesselTube] = []
    sections = parameters = abdominal = None
    if any(scan.has(n) for n in AORTA[:3]):
        sections = _downstream(measure(scan.mask(*AORTA), T_patient_voxel, "aorta"), scan, T_patient_voxel)
        tube = aortic_tube(scan, T_patient_voxel, sections)
        abdominal = _abdominal(tube, hiatus_m)
        parameters = aorta_parameters(tube, abdominal)
        tubes.append(tube)
    for name, kind in VESSELS.items():
        if kind is not TubeKind.PORTAL and scan.has(name):
            side = _side_vessel(scan, T_patient_voxel, name, kind)
            tubes += [] if side is None else [side]
    return Measured(Vessels.of(tubes, abdominal), sections, parameters)


def aortic_tube(scan: CtVolume, T_patient_voxel: Array, at: Sections) -> VesselTube:
    """Tube with the area and the ellipse of every section; a flap parts true and false lumen where both are labeled.

    A label of the whole aorta ends at the outer wall, labels of its lumen at the inner one.
    """
    dissected = scan.has("aorta_false_lumen")
    lumen_only = dissected or scan.has("aorta_true_lumen")
    lumen = at.long_m if lumen_only else at.long_m - WALL_M
    wall = LUMEN_WALL_M if lumen_only else WALL_M
    flatness = at.short_m / at.long_m
    v = np.cross(tangents(at.centre_m), at.u)
    u = np.cos(at.angle_rad)[:, None] * at.u + np.sin(at.angle_rad)[:, None] * v
    u -= (u * tangents(at.centre_m)).sum(axis=1, keepdims=True) * tangents(at.centre_m)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    still = np.zeros((len(lumen), 2))
    tube = VesselTube("aorta", TubeKind.AORTA, at.centre_m, u, lumen + wall, lumen, still, wall, flatness)
    if not dissected:
        return tube
    true, false = scan.mask("aorta_true_lumen"), scan.mask("aorta_false_lumen")
    distance, angle = flap(true, false, T_patient_voxel, at, u, lumen, flatness)
    return replace(tube, flap_m=distance, flap_rad=angle) if np.isfinite(distance).any() else tube


def aorta_parameters(tube: VesselTube, abdominal_m: tuple[float, float] | None) -> Aorta:
    """The measured aorta in the words of a drawn one, for reports: radii, fork, share and end of a dissection."""
    line, outer = tube.centre_m, tube.outer_m * np.sqrt(tube.flatness)
    top, low = int(np.argmax(line[:, 2])), len(line) - 1
    start = low if abdominal_m is None else int(np.searchsorted(tube.arc_m, abdominal_m[0]))
    thoracic = outer[(top + min(start, low)) // 2]
    torn = None
    if tube.flap_m is not None and tube.flap_rad is not None:
        at = np.flatnonzero(np.isfinite(tube.flap_m))
        share = float(np.clip(0.5 * (1.0 + np.mean(tube.flap_m[at] / tube.lumen_m[at])), 0.05, 0.95))
        torn = Dissection(float(line[at[-1], 2]), share, float(tube.flap_rad[at[0]]), 0.0, 1.0)
    return Aorta(
        radius_arch_m=float(outer[top]),
        radius_thoracic_m=float(thoracic),
        radius_top_m=float(outer[min(start, low)]),
        radius_bottom_m=float(outer[-min(6, len(outer))]),
        bifurcation_z_m=float(line[-1, 2]),
        offset_x_m=float(line[(min(start, low) + low) // 2, 0]),
        wave_x_m=0.0,
        wave_phase_rad=0.0,
        dissection=torn,
    )


def _downstream(at: Sections, scan: CtVolume, T_patient_voxel: Array) -> Sections:
    """Sections in flow direction: from the annulus; without one from the front limb of an arch, else from above."""
    ends = at.centre_m[[0, -1]]
    for name in ("annulus_proper", "heart_ventricle_left", "sinotubular_junction", "heart_myocardium"):
        if scan.has(name):
            voxels = np.argwhere(scan.mask(name)).mean(axis=0)
            there = T_patient_voxel[:3, :3] @ voxels + T_patient_voxel[:3, 3]
            first = int(np.argmin(np.linalg.norm(ends - there, axis=1)))
            return at if first == 0 else reverse(at)
    if at.centre_m[:, 2].max() - ends[:, 2].max() > _ARCH_M:
        return at if ends[0, 1] < ends[1, 1] else reverse(at)
    return at if ends[0, 2] > ends[1, 2] else reverse(at)


def reverse(at: Sections) -> Sections:
    """The same sections from the other end; angles turn round as v does."""
    back = slice(None, None, -1)
    return Sections(
        at.line_m[back], at.centre_m[back], at.u[back], at.area_m2[back], at.long_m[back], at.short_m[back],
        -at.angle_rad[back],
    )  # fmt: skip


def _abdominal(tube: VesselTube, hiatus_m: float | None) -> tuple[float, float] | None:
    z, arc = tube.centre_m[:, 2], tube.arc_m
    top = int(np.argmax(z))
    if hiatus_m is None:
        hiatus_m = -0.015 if z[top] - z[0] > _ARCH_M else math.inf
    below = np.flatnonzero((z < hiatus_m) & (np.arange(z.size) >= top))
    if below.size == 0:
        return None
    start, end = float(arc[below[0]]), float(arc[-1])
    return (start, end) if end - start > _LEAST_ABDOMINAL_M else None


def _side_vessel(scan: CtVolume, T_patient_voxel: Array, name: str, kind: TubeKind) -> VesselTube | None:
    """Tube of another vessel, elliptic where its label is flat; None for one too short to follow: it stays voxels."""
    try:
        at = measure(scan.mask(name), T_patient_voxel, name)
    except EchoPilotError:
        return None
    if kind in (TubeKind.CAVA, TubeKind.VEIN) and at.centre_m[0, 2] > at.centre_m[-1, 2]:
        at = reverse(at)
    cosine2 = np.cos(at.angle_rad) ** 2
    along = at.long_m**2 * cosine2 + at.short_m**2 * (1.0 - cosine2)
    across = at.long_m**2 * (1.0 - cosine2) + at.short_m**2 * cosine2
    flatness = float(np.clip(np.sqrt(np.median(across / along)), 0.5, 1.0)) if kind is TubeKind.CAVA else 1.0
    wall = _BRANCH_WALL_M[kind]
    lumen = np.maximum(at.radius_m / math.sqrt(flatness) - wall, 0.3 * at.radius_m)
    return plain(name.replace("_", " "), kind, at.centre_m, lumen, wall, flatness)


def behind_heart(vessels: Vessels, heart: Heart) -> Vessels:
    """The same vessels, drawn without the part of the aorta that beats as the heart's root; its sections stay.

    As in drawn patients the tube begins 5 mm inside the end of the ascending aorta of the heart.
    """
    aorta = vessels.aorta
    if aorta is None or heart.root_course_m is None:
        return vessels
    end = ascending_end(heart)[0]
    ahead = np.linalg.norm(aorta.centre_m - end, axis=1)
    first = max(int(np.argmin(ahead[: int(np.argmax(aorta.centre_m[:, 2])) + 1])) - _INSIDE_HEART_VERTICES, 0)
    cut = {f.name: getattr(aorta, f.name)[first:] for f in fields(aorta) if np.ndim(getattr(aorta, f.name)) > 0}
    drawn = [replace(t, **cut) if t is aorta else t for t in vessels.tubes]
    return replace(vessels, grid=build_grid(drawn))

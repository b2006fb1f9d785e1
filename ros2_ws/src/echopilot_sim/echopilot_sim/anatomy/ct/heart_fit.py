"""The beating heart fitted to chamber labels: long axis, turn, cavity, wall, right heart, atria and aortic root."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from echopilot_core import Array, EchoPilotError
from echopilot_sim.anatomy.ct.classes import LA, LV, LV_MYO, RA, ROOT_WALL, RV, SEPTUM
from echopilot_sim.anatomy.ct.read import CtVolume
from echopilot_sim.anatomy.heart import aortic_root
from echopilot_sim.anatomy.heart import shape as heart_shape
from echopilot_sim.anatomy.heart.chambers import RV_AXIS
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.anatomy.parameters import Heart
from echopilot_sim.anatomy.sampling.distributions import LA_SCALE_ONE_ML

ROTATION = np.array([[-0.754, -0.319, -0.573], [-0.369, -0.516, 0.773], [-0.543, 0.795, 0.271]])
"""Usual columns (towards RV, towards outflow tract, apex to base) in patient: the mean of drawn hearts."""

AVERAGE = Heart(
    apex_m=np.zeros(3),
    rotation=np.eye(3),
    edv_m3=110e-6,  # 57 mL/m2 at a body surface of 1.9 m2, as drawn patients have
    ejection_fraction=0.60,
    length_m=0.0750,
    wall_m=0.0090,
    rv_scale=1.0,
    atrium_scale=1.0,
    root_radius_m=0.0120,
    sinus_radius_m=0.0165,
    ascending_radius_m=0.0150,
    effusion_m=0.0,
    twist_rad=0.19,
)


Mask = NDArray[np.bool_]

ROOT = ("aorta", "annulus_proper", ROOT_WALL)
_WALL_LEVELS = (0.35, 0.60)  # shares of the cavity length, from the mitral ring, between which the wall is measured
_VALVE_M, _ROOT_M = 0.005, 0.010  # how near to each other chambers are where a valve parts them
_RV_ROUNDS = 3
_LEAST_ML = 15.0
_RV_RAD = math.atan2(RV_AXIS[1], RV_AXIS[0])


def from_chambers(scan: CtVolume, T_patient_voxel: Array) -> Heart:
    """Heart at end-diastole from labels of the LV and at least one of LA and RV; average numbers for what lacks.

    Raises EchoPilotError where the LV cavity is too small or its direction cannot be told.
    """
    voxel = float(np.prod(scan.spacing_m))
    volume_ml = 1e6 * voxel * int(scan.mask(LV).sum())
    if volume_ml < _LEAST_ML:
        raise EchoPilotError(f"labels: {LV} holds {volume_ml:.0f} mL; a heart needs {_LEAST_ML:.0f} mL or more")
    if not scan.has(LA) and not scan.has(RV):
        raise EchoPilotError(f"labels: {LA} and {RV} are missing; a heart needs one of them beside {LV}")
    cavity = _points(scan.mask(LV), T_patient_voxel)
    mitral, apex = _ends(scan, cavity, T_patient_voxel)
    axis = (mitral - apex) / np.linalg.norm(mitral - apex)
    length = float(np.linalg.norm(mitral - apex))
    wall = _wall(cavity, _points(scan.mask(LV_MYO, SEPTUM), T_patient_voxel), mitral, -axis, length, voxel)
    a = _towards_rv(scan, T_patient_voxel, mitral, axis)
    la_ml = 1e6 * voxel * int(scan.mask(LA).sum())
    root = _root_radius(scan, T_patient_voxel)
    heart = replace(
        AVERAGE,
        apex_m=apex - aortic_root.APEX_WALL * wall * axis,
        rotation=np.column_stack([a, np.cross(axis, a), axis]),
        edv_m3=1e-6 * volume_ml,
        length_m=length,
        wall_m=wall,
        atrium_scale=float(np.clip((la_ml / LA_SCALE_ONE_ML) ** (1.0 / 3.0), 0.6, 1.8)) if la_ml > 0.0 else 1.0,
        root_radius_m=root,
        sinus_radius_m=root * AVERAGE.sinus_radius_m / AVERAGE.root_radius_m,
        ascending_radius_m=root * AVERAGE.ascending_radius_m / AVERAGE.root_radius_m,
    )
    return _with_rv(heart, 1e6 * voxel * int(scan.mask(RV).sum()))


def _points(mask: Mask, T_patient_voxel: Array) -> Array:
    """Centers (n, 3) [m] in patient of the voxels of a mask."""
    return np.asarray(np.argwhere(mask) @ T_patient_voxel[:3, :3].T + T_patient_voxel[:3, 3])


def _near(scan: CtVolume, mask: Mask, other: Mask, within_m: float) -> Mask:
    """Voxels of a mask that are within a distance of another one."""
    if not other.any():
        return np.zeros_like(mask)
    return np.asarray(mask & (distance_transform_edt(~other, sampling=scan.spacing_m) < within_m))


def _valve(scan: CtVolume, T_patient_voxel: Array, first: Mask, second: Mask, within_m: float) -> Array | None:
    """Middle (3,) between two chambers where they face each other; None where they do not."""
    one, two = _near(scan, first, second, within_m), _near(scan, second, first, within_m)
    if not (one.any() and two.any()):
        return None
    return np.asarray(0.5 * (_points(one, T_patient_voxel).mean(axis=0) + _points(two, T_patient_voxel).mean(axis=0)))


def _ends(scan: CtVolume, cavity: Array, T_patient_voxel: Array) -> tuple[Array, Array]:
    """Center of the mitral valve, between LV and LA, and the endocardial apex, the farthest of the cavity from it."""
    mitral = _valve(scan, T_patient_voxel, scan.mask(LV), scan.mask(LA), _VALVE_M)
    if mitral is None:
        mean = cavity.mean(axis=0)
        long = np.linalg.svd(cavity - mean, full_matrices=False)[2][0]
        long *= np.sign(long @ (0.0, 1.0, 0.5)) or 1.0
        along = (cavity - mean) @ long
        mitral = cavity[along > np.quantile(along, 0.97)].mean(axis=0)
    away = np.linalg.norm(cavity - mitral, axis=1)
    apex = cavity[away >= np.quantile(away, 0.9985)].mean(axis=0)
    return mitral, mitral + (apex - mitral) * float(away.max() / np.linalg.norm(apex - mitral))


def _wall(cavity: Array, muscle: Array, mitral: Array, down: Array, length: float, voxel: float) -> float:
    """Wall [m] that a round muscle of the same areas has, in the middle of the ventricle."""
    if len(muscle) == 0:
        return AVERAGE.wall_m
    low, high = (share * length for share in _WALL_LEVELS)

    def area(cloud: Array) -> float:
        along = (cloud - mitral) @ down
        return float(((along > low) & (along < high)).sum()) * voxel / (high - low)

    inner = area(cavity)
    return float(np.clip(math.sqrt((inner + area(muscle)) / math.pi) - math.sqrt(inner / math.pi), 0.004, 0.03))


def _towards_rv(scan: CtVolume, T_patient_voxel: Array, mitral: Array, axis: Array) -> Array:
    """Unit vector (3,) across the long axis for column a: mean of what right heart and aortic root say."""
    first = np.cross(axis, [0.0, 0.0, 1.0])
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)
    lv, rv, ra = scan.mask(LV), scan.mask(RV), scan.mask(RA)
    right = _valve(scan, T_patient_voxel, rv, ra, _VALVE_M)
    if right is None and (rv.any() or ra.any()):
        right = _points(rv if rv.any() else ra, T_patient_voxel).mean(axis=0)
    root = _valve(scan, T_patient_voxel, lv, scan.mask(*ROOT), _ROOT_M)
    turns = []
    for place, model_rad in ((right, _RV_RAD), (root, aortic_root.OUTFLOW_RAD)):
        if place is not None:
            off = place - mitral
            turns.append(math.atan2(float(off @ second), float(off @ first)) - model_rad)
    if not turns:
        raise EchoPilotError(f"labels: {RV} and {RA} are missing, and an aorta at {LV}; a heart needs one of them")
    turn = math.atan2(sum(math.sin(t) for t in turns), sum(math.cos(t) for t in turns))
    return np.asarray(math.cos(turn) * first + math.sin(turn) * second)


def _root_radius(scan: CtVolume, T_patient_voxel: Array) -> float:
    """Inner radius [m] of the aortic annulus from the ring of voxels next to the LV; average where it is not seen."""
    ring = _near(scan, scan.mask(*ROOT), scan.mask(LV), _ROOT_M)
    if int(ring.sum()) < 20:
        return AVERAGE.root_radius_m
    cloud = _points(ring, T_patient_voxel)
    cloud -= cloud.mean(axis=0)
    normal = np.linalg.svd(cloud, full_matrices=False)[2][2]
    distance = np.linalg.norm(cloud - (cloud @ normal)[:, None] * normal, axis=1)
    half = 0.5 * float(scan.spacing_m.mean())
    wall = scan.has(ROOT_WALL)
    radius = float(np.quantile(distance, 0.10 if wall else 0.95)) + (-half if wall else half)
    return float(np.clip(radius, 0.007, 0.018))


def _with_rv(heart: Heart, volume_ml: float) -> Heart:
    """The heart with the RV scaled to a volume; average where the RV is not labeled."""
    if volume_ml < 0.5 * _LEAST_ML:
        return heart
    for _ in range(_RV_ROUNDS):
        labels = heart_shape.voxelize_heart(heart).labels
        have_ml = 1e6 * heart_shape.SPACING_M**3 * int((labels == Material.BLOOD_RV).sum())
        scale = heart.rv_scale * (volume_ml / max(have_ml, 1.0)) ** 0.6
        heart = replace(heart, rv_scale=float(np.clip(scale, 0.6, 1.8)))
    return heart

"""Loader of the anatomy of a CT patient from files."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from echopilot_core import Array, EchoPilotError, se3
from echopilot_core.kernels.compiled import need_numba
from echopilot_sim.anatomy.build import Anatomy
from echopilot_sim.anatomy.ct import frame, heart_fit, heart_root_fit, outline, skin_fit
from echopilot_sim.anatomy.ct.classes import AORTA, CHAMBERS, LV, ROOT_WALL, SEPTUM, VERTEBRAE, VESSELS
from echopilot_sim.anatomy.ct.read import CtVolume, read_scan
from echopilot_sim.anatomy.ct.tissue import materials
from echopilot_sim.anatomy.ct.vessels import Measured, behind_heart, measure_vessels
from echopilot_sim.anatomy.ct.voxelize import voxelize_ct
from echopilot_sim.anatomy.parameters import Abdomen, Heart, Patient, Position, Rhythm, RhythmKind, Torso
from echopilot_sim.anatomy.sampling.distributions import XIPHOID_BASE_M
from echopilot_sim.anatomy.sampling.heart import with_windows
from echopilot_sim.anatomy.torso import skin
from echopilot_sim.anatomy.torso.skin import Skin

Mask = NDArray[np.bool_]

_R_BASE_PATIENT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])  # supine, head away from the robot
_AROUND_TUBE_VOXELS = 1.2
_ROUNDS = 2
_UNDER_APEX_M = 0.020


def load(
    path: str | Path, ct: str | Path | None = None, table: str | Path | Mapping[int, str] | None = None
) -> Anatomy:
    """Anatomy of the patient in a CT: a folder or a NIfTI file of labels, its CT, and the table of its classes.

    Skin, bones, lungs, organs and vessels are those of the CT and do not beat; a heart is modeled where chambers are
    labeled, or annulus and sinotubular junction. `patient.heart` and `patient.aorta` are None where there is none.
    Age, height and weight are NaN. Raises EchoPilotError with one line for files that cannot be used and for labels
    that show neither aorta nor heart, and without numba.
    """
    need_numba("a CT patient")
    scan = read_scan(path, ct, table)
    has_aorta = any(scan.has(n) for n in AORTA[:3])
    has_heart, has_root = scan.has(LV), scan.has("annulus_proper") and scan.has("sinotubular_junction")
    if not has_aorta and not has_heart:
        raise EchoPilotError(
            f"labels: neither aorta nor {LV} among {len(scan.names)} classes; choose labels that hold one of them"
        )
    body = outline.body_mask(scan)
    T, torso = _placed(scan, body)
    measured = measure_vessels(scan, T, _below(frame.hiatus_lps_z(scan), scan, T))
    heart = None
    if has_heart:
        heart = heart_fit.from_chambers(scan, T)
        if measured.sections is not None:
            heart = heart_root_fit.with_course(heart, measured.sections)
    elif has_root and measured.sections is not None:
        heart = _from_root(scan, T, measured, Skin(torso))
    if heart is not None:
        torso = with_windows(heart, torso)
    floor_m = -0.03 if heart is None else float(heart.apex_m[2]) - _UNDER_APEX_M
    chest = _coordinate(scan, T, 2) > floor_m
    filled = materials(scan, body, _drawn(scan, T, measured, heart), chest, _coordinate(scan, T, 0))
    volume = voxelize_ct(filled, T, torso)
    patient = _patient(_name(path), torso, heart, measured)
    vessels = measured.vessels if heart is None else behind_heart(measured.vessels, heart)
    return Anatomy(patient, Skin(torso, heart), vessels, volume)


def _placed(scan: CtVolume, body: Mask | None) -> tuple[Array, Torso]:
    """Transform (4, 4) from voxels to patient and the torso whose skin passes through the origin."""
    T = scan.T_lps_voxel.copy()
    T[:3, 3] -= frame.origin_lps(scan, body)
    spine = [n for n in VERTEBRAE if scan.has(n)]
    spine_y = None
    if spine:
        y = (np.argwhere(scan.mask(*spine)) @ T[:3, :3].T + T[:3, 3])[:, 1]
        spine_y = float(np.quantile(y, 0.02))
    navel = None
    fork = [n for n in ("iliac_artery_left", "iliac_artery_right") if scan.has(n)]
    if fork:
        navel = float((np.argwhere(scan.mask(*fork)) @ T[:3, :3].T + T[:3, 3])[:, 2].max()) - 0.005
    torso = skin_fit.fit(body, T, spine_y, navel)
    for _ in range(_ROUNDS):
        T[1, 3] -= skin.front_y(skin.pack(torso), 0.0, 0.0, 0.5)
        torso = skin_fit.fit(body, T, spine_y, navel)
    return T, torso


def _below(lps_z: float | None, scan: CtVolume, T: Array) -> float | None:
    return None if lps_z is None else lps_z + float(T[2, 3] - scan.T_lps_voxel[2, 3])


def _from_root(scan: CtVolume, T: Array, measured: Measured, surface: Skin) -> Heart:
    """Heart from the labels of annulus and sinotubular junction: thin discs across the root."""
    assert measured.sections is not None
    center = []
    for name in ("annulus_proper", "sinotubular_junction"):
        center.append(T[:3, :3] @ np.argwhere(scan.mask(name)).mean(axis=0) + T[:3, 3])
    disc = np.argwhere(scan.mask("annulus_proper")) @ T[:3, :3].T + T[:3, 3] - center[0]
    axes = 2.0 * np.sqrt(np.maximum(np.linalg.eigvalsh(disc.T @ disc / len(disc))[1:], 1e-6))
    return heart_root_fit.from_root(center[0], center[1], float(np.sqrt(axes.prod())), measured.sections, surface)


def _coordinate(scan: CtVolume, T: Array, axis: int) -> Array:
    """Patient coordinate [m] of every voxel (nx, ny, nz)."""
    i, j, k = (np.arange(n, dtype=np.float64) for n in scan.labels.shape)
    return np.asarray(
        T[axis, 0] * i[:, None, None] + T[axis, 1] * j[None, :, None] + T[axis, 2] * k[None, None, :] + T[axis, 3]
    )


def _drawn(scan: CtVolume, T: Array, measured: Measured, heart: Heart | None) -> Mask:
    """Voxels of heart and vessels that the model draws itself."""
    out = np.zeros(scan.labels.shape, bool)
    if heart is not None:
        out |= scan.mask(*CHAMBERS, SEPTUM, ROOT_WALL, "heart", "annulus_proper", "sinotubular_junction")
    vessels = scan.mask(*AORTA, *VESSELS)
    if measured.vessels.tubes:
        lines = np.vstack([t.centre_m for t in measured.vessels.tubes])
        reach = np.concatenate([t.outer_m for t in measured.vessels.tubes]) + _AROUND_TUBE_VOXELS * scan.spacing_m.max()
        voxels = np.argwhere(vessels)
        distance, nearest = cKDTree(lines).query(voxels @ T[:3, :3].T + T[:3, 3])
        inside = voxels[distance < reach[nearest]]
        out[tuple(inside.T)] = True
    return out


def _name(path: str | Path) -> str:
    whole = Path(path).resolve()
    stem = whole.name.split(".nii")[0]
    return whole.parent.name if whole.is_file() and stem == "labels" else stem


def _patient(name: str, torso: Torso, heart: Heart | None, measured: Measured) -> Patient:
    return Patient(
        seed=0,
        sex="unknown",
        age_years=float("nan"),
        height_m=float("nan"),
        weight_kg=float("nan"),
        position=Position.SUPINE,
        roll_rad=0.0,
        rhythm=Rhythm(RhythmKind.SINUS, 70.0 / 60.0, 0.03),
        breathing_rate_hz=16.0 / 60.0,
        torso=torso,
        heart=heart,
        aorta=measured.parameters,
        abdomen=Abdomen(gas_pockets=0, bowel_loops=0, liver_vessel_scale=1.0, liver_edge_z_m=-0.09),
        T_base_patient=se3.transform(_R_BASE_PATIENT, np.array(XIPHOID_BASE_M)),
        name=name,
    )

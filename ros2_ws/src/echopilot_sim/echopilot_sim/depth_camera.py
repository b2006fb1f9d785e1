"""Depth camera's points of the patient's skin, and the landmarks that an operator marks."""

import numpy as np

from echopilot_core import Array, BodyLandmarks, BodySurface, se3
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.torso.skin import Skin, breathe, rim

CAMERA_M = np.array([0.75, 0.0, 1.30])  # in base, above the patient's left side
NOISE_M = 0.0015  # along the line of sight
SPACING_M = 0.007
Z_FROM_M, Z_TO_M = -0.30, 0.23  # in patient
RIGHT_RAD, LEFT_RAD = -0.35 * np.pi, 0.60 * np.pi  # round the trunk from the front; the left flank is seen
HOLES, HOLE_RADIUS_M = 6, (0.010, 0.022)
DROP_OUT = 0.05  # share of points lost at random in every image
POINTING_M = 0.010


class Body:
    """One patient seen from outside; every reading is a pure function of the patient and the time."""

    def __init__(self, patient: Patient) -> None:
        self._seed = patient.seed
        self._T_base_patient = patient.T_base_patient
        self._skin = Skin(patient.torso, patient.heart)
        rng = np.random.default_rng([patient.seed, 0xB0D])
        points = self._trunk()
        centers = points[rng.integers(len(points), size=HOLES)]
        radii = rng.uniform(*HOLE_RADIUS_M, size=HOLES)
        distance = np.linalg.norm(points[:, None] - centers[None], axis=2)
        self._points = points[(distance > radii).all(axis=1)]
        z = np.array([patient.torso.notch_z_m, 0.0, patient.torso.navel_z_m])
        pointing = rng.normal(0.0, POINTING_M, size=(3, 2))
        self._pointed_xz = np.column_stack([pointing[:, 0], z + pointing[:, 1]])

    def surface(self, stamp_ns: int, T_base_patient: Array, breathing: float, beat: float = 0.0) -> BodySurface:
        """Points (N, 3) [m] in base, N 3 to 4 thousand, with noise along the line of sight and holes."""
        rng = np.random.default_rng([self._seed, 0xCA3, stamp_ns // 1_000_000])
        seen = self._points[rng.random(len(self._points)) > DROP_OUT]
        points = se3.apply(T_base_patient, breathe(self._skin.parameters, seen, breathing, beat))
        sight = points - CAMERA_M
        sight /= np.linalg.norm(sight, axis=1, keepdims=True)
        return BodySurface(stamp_ns, points + sight * rng.normal(0.0, NOISE_M, size=(len(points), 1)))

    def landmarks(self, stamp_ns: int, breathing: float) -> BodyLandmarks:
        """Notch, xiphoid and navel on the skin in base as pointed at: 10 mm off, the same error all the time."""
        x, z = self._pointed_xz.T
        notch, xiphoid, navel = se3.apply(self._T_base_patient, self._skin.point(x, z, breathing))
        return BodyLandmarks(stamp_ns, notch, xiphoid, navel)

    def _trunk(self) -> Array:
        """Points (N, 3) of the skin at mid breathing, about SPACING_M apart, in patient."""
        rows = []
        for z in np.arange(Z_FROM_M, Z_TO_M, SPACING_M):
            width = abs(rim(self._skin.parameters, 0.5 * np.pi, float(z))[0])
            angle = np.arange(RIGHT_RAD, LEFT_RAD, 0.7 * SPACING_M / width)
            row = np.array([(*rim(self._skin.parameters, float(a), float(z)), z) for a in angle])
            step = np.linalg.norm(np.diff(row, axis=0, prepend=row[:1]), axis=1)
            along = np.floor(np.cumsum(step) / SPACING_M)
            rows.append(row[np.flatnonzero(np.diff(along, prepend=-1.0) > 0)])
        return np.concatenate(rows)

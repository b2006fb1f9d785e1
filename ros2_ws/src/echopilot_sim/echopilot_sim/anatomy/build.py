"""The built anatomy of one patient: labels, skin, standard views."""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array, EchoPilotError, View
from echopilot_core.kernels.compiled import need_numba
from echopilot_sim.anatomy.heart import beating_heart
from echopilot_sim.anatomy.labels.material_lookup import BodyState, BodyTables, label, profile
from echopilot_sim.anatomy.labels.voxelize import LabelVolume, voxelize_organs
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.torso.skin import Skin, apex_beat
from echopilot_sim.anatomy.validate import validate
from echopilot_sim.anatomy.vessels import tree as vessel_tree
from echopilot_sim.anatomy.vessels.vessels import Vessels, pulse
from echopilot_sim.anatomy.views import standard_views
from echopilot_sim.frame_state import Phases


class Anatomy:
    """Everything inside and on one patient: a static volume, and heart and vessels that move analytically.

    Made by `build` for a drawn patient and by `ct.load` for a CT.
    """

    def __init__(self, patient: Patient, skin: Skin, vessels: Vessels, volume: LabelVolume) -> None:
        self.patient = patient
        self.skin = skin
        self.vessels = vessels
        self.volume = volume
        self._heart = beating_heart.build(patient.heart)
        self.parasternal_window_m = standard_views.parasternal_window(patient, skin)
        rows = profile(skin.parameters, volume.wall)
        self._tables = BodyTables(skin.parameters, volume.wall, rows, volume.labels, volume.origin_m)

    def label_points(
        self, points_patient_m: NDArray[np.floating], phases: Phases
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Materials (N,) uint8 and tissue coordinates (N, 3) float32 [m] of points (N, 3) in patient.

        Tissue coordinates move with the tissue, so that speckle looked up in them sticks to it.
        """
        points = np.ascontiguousarray(points_patient_m, dtype=np.float64)
        materials = np.empty(len(points), dtype=np.uint8)
        tissue = np.empty((len(points), 3), dtype=np.float32)
        shift = self.patient.torso.organ_shift_m
        heart = beating_heart.state(self._heart, phases.heart, phases.breathing, shift)
        state = BodyState(phases.breathing, apex_beat(phases.heart), pulse(phases.heart), shift)
        label(points, self._tables, heart, self.vessels.grid, state, materials, tissue)
        return materials, tissue

    def skin_point(self, x_m: Array, z_m: Array, phases: Phases) -> Array:
        """Points (N, 3) [m] of the anterior skin at (x, z) in patient."""
        return self.skin.point(x_m, z_m, phases.breathing)

    def skin_normal(self, points_m: Array, phases: Phases) -> Array:
        """Outward unit normals (N, 3) of the skin at points (N, 3)."""
        return self.skin.normal(points_m, phases.breathing, apex_beat(phases.heart))

    def signed_distance(self, points_m: Array, phases: Phases) -> Array:
        """Distance (N,) [m] to the skin, positive outside."""
        return self.skin.signed_distance(points_m, phases.breathing, apex_beat(phases.heart))

    def view_target(self, view: View, phases: Phases, station_m: float = float("nan")) -> Array | None:
        """Pose `T_patient_target` (4, 4) of a standard view, None where the patient has no such view.

        `station_m`: arc length below the start of the abdominal aorta, for aortic views (default: its middle).
        """
        return standard_views.target(
            self.patient, self.skin, self.vessels, self.parasternal_window_m, view, phases, station_m
        )


def build(patient: Patient) -> Anatomy:
    """Bake the anatomy of a drawn or named patient (about a second).

    Raises EchoPilotError for absurd parameters, for a patient without heart or aorta (those are made from a CT), and
    without numba.
    """
    need_numba("a drawn patient")
    if patient.heart is None or patient.aorta is None:
        raise EchoPilotError("a patient without heart or aorta parameters cannot be built; load it from its CT")
    validate(patient)
    skin = Skin(patient.torso, patient.heart)
    tubes = vessel_tree.build(patient)
    window = standard_views.parasternal_window(patient, skin)
    return Anatomy(patient, skin, tubes, voxelize_organs(patient, patient.heart, tubes, window))

"""The built anatomy of one patient: labels, skin, standard views."""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import View
from echopilot_sim.anatomy import heart, label, vessels, views
from echopilot_sim.anatomy.bake import Volume, bake
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.skin import Skin
from echopilot_sim.anatomy.vessels import Vessels
from echopilot_sim.moment import Phases

Array = NDArray[np.float64]


class Anatomy:
    """Everything inside and on one patient; the volume is baked once, heart and vessels move analytically."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.skin = Skin(patient.torso)
        self.vessels: Vessels = vessels.build(patient.aorta, patient.torso.back_y_m)
        self.parasternal_window_m = views.parasternal_window(patient, self.skin)
        self.volume: Volume = bake(patient, self.vessels, self.parasternal_window_m)
        self._rows = label.profile(self.skin.parameters)

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
        label.label(
            points,
            self._rows,
            heart.state(self.patient.heart, phases.heart, phases.breathing, shift),
            self.vessels.table,
            vessels.pack(self.vessels, phases.heart),
            self.volume.labels,
            self.volume.origin_m,
            phases.breathing,
            shift,
            materials,
            tissue,
        )
        return materials, tissue

    def skin_point(self, x_m: Array, z_m: Array, phases: Phases) -> Array:
        """Points (N, 3) [m] of the anterior skin at (x, z) in patient."""
        return self.skin.point(x_m, z_m, phases.breathing)

    def skin_normal(self, points_m: Array, phases: Phases) -> Array:
        """Outward unit normals (N, 3) of the skin at points (N, 3)."""
        return self.skin.normal(points_m, phases.breathing)

    def signed_distance(self, points_m: Array, phases: Phases) -> Array:
        """Distance (N,) [m] to the skin, positive outside."""
        return self.skin.signed_distance(points_m, phases.breathing)

    def view_target(self, view: View, phases: Phases, station_m: float = float("nan")) -> Array | None:
        """Pose `T_patient_target` (4, 4) of a standard view, None where the patient has no such view.

        `station_m`: arc length below the start of the abdominal aorta, for aortic views (default: its middle).
        """
        return views.target(self.patient, self.skin, self.vessels, self.parasternal_window_m, view, phases, station_m)


def build(patient: Patient) -> Anatomy:
    """Bake the anatomy of a patient (about a second)."""
    return Anatomy(patient)

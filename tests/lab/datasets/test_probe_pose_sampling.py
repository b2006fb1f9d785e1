"""A training probe stands on the skin as the simulated one does."""

import numpy as np
import pytest

from built_patients import drawn
from echopilot_core import ManualClock, ScannerSettings, View
from echopilot_lab.datasets.probe_pose_sampling import frame_state_at
from echopilot_sim.bmode.probes import PRESETS
from echopilot_sim.physics.patient_world import PatientWorld


@pytest.mark.parametrize("preset", PRESETS)
def test_gaps_of_a_training_probe_are_those_of_the_patient_under_an_arm(preset: str) -> None:
    anatomy = drawn(600_001)
    world = PatientWorld(anatomy.patient, ManualClock())
    phases, imaging = world.phases(), ScannerSettings(preset)
    pose = anatomy.view_target(View.AORTA_TRANS, phases)
    assert pose is not None
    trained = frame_state_at(anatomy, pose, phases, imaging)
    simulated = world.frame_state(0, anatomy.patient.T_base_patient @ pose, imaging)
    assert trained.gap_m == pytest.approx(simulated.gap_m, abs=1e-9)
    assert np.ptp(trained.gap_m) > 1e-5

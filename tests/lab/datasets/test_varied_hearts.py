"""Hearts for training: wider than the virtual patients', and still hearts that can be built."""

import numpy as np

from echopilot_lab.datasets.varied_hearts import VARIED, varied
from echopilot_sim.anatomy import build, sample_patient
from echopilot_sim.anatomy.heart.aortic_root import ascending_end
from echopilot_sim.anatomy.sampling import distributions
from echopilot_sim.anatomy.validate import validate

PATIENTS = 40


def drawn():
    patients = [sample_patient(seed) for seed in range(PATIENTS)]
    return [(patient, varied(patient, np.random.default_rng(patient.seed))) for patient in patients]


def test_varied_patients_are_valid_and_their_aorta_still_passes_over_the_atria():
    for _, patient in drawn():
        validate(patient)
        assert ascending_end(patient.heart)[0][2] >= distributions.ASCENDING_END_Z_M


def test_hearts_differ_more_than_those_of_patients_and_some_stay():
    usual, wide = zip(*((a.heart, b.heart) for a, b in drawn()), strict=True)
    for field in ("edv_m3", "wall_m", "rv_scale", "fat_m", "effusion_m"):
        spread = [np.std([getattr(heart, field) for heart in hearts]) for hearts in (usual, wide)]
        assert spread[1] > 1.2 * spread[0], field
    kept = sum(a is b for a, b in zip(usual, wide, strict=True)) / PATIENTS
    assert abs(kept - (1.0 - VARIED)) < 0.25


def test_a_patient_with_the_widest_effusion_and_fat_is_built():
    patient = max((patient for _, patient in drawn()), key=lambda p: p.heart.effusion_m + p.heart.fat_m)
    assert patient.heart.effusion_m > 0.02
    build(patient)

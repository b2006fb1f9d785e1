"""Sampling of a virtual patient from a seed; the distributions stand in distributions.py."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, se3
from echopilot_sim.anatomy.parameters import Patient, Position, Rhythm, RhythmKind
from echopilot_sim.anatomy.sampling import distributions as d
from echopilot_sim.anatomy.sampling.aorta import sample_abdomen, sample_aorta
from echopilot_sim.anatomy.sampling.heart import sample_heart
from echopilot_sim.anatomy.sampling.torso import sample_torso
from echopilot_sim.anatomy.torso.relief import sample_relief

_R_BASE_PATIENT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
_PERSON, _TORSO, _HEART, _AORTA, _ABDOMEN, _PLACE = range(20261, 20267)  # tags: a stream of its own each


def sample_patient(seed: int) -> Patient:
    """Draw the patient of a seed; the same seed gives the same patient everywhere.

    Raises EchoPilotError for a negative seed.
    """
    if seed < 0:
        raise EchoPilotError(f"patient seed must be 0 or more, got {seed}")
    person, torso_rng, heart_rng, aorta_rng, abdomen_rng, place = (
        np.random.default_rng([seed, tag]) for tag in (_PERSON, _TORSO, _HEART, _AORTA, _ABDOMEN, _PLACE)
    )
    sex = "M" if d.MALE.sample(person) else "F"
    age = d.AGE_YEARS.sample(person)
    height, bmi = d.HEIGHT_M[sex].sample(person), d.BMI_KG_M2.sample(person)
    rhythm = _rhythm(person, age)
    torso = sample_torso(torso_rng, sex, height, bmi)
    heart, torso = sample_heart(heart_rng, sex, age, height, bmi, rhythm.kind, torso)
    return Patient(
        seed=seed,
        sex=sex,
        age_years=age,
        height_m=height,
        weight_kg=bmi * height**2,
        position=Position.SUPINE,
        roll_rad=0.0,
        rhythm=rhythm,
        breathing_rate_hz=d.BREATHING_PER_MIN.sample(person) / 60.0,
        torso=replace(torso, relief=sample_relief(seed, torso, sex)),
        heart=heart,
        aorta=sample_aorta(aorta_rng, sex, age, torso.navel_z_m),
        abdomen=sample_abdomen(abdomen_rng),
        T_base_patient=_placement(place),
    )


def _rhythm(rng: np.random.Generator, age_years: float) -> Rhythm:
    fibrillation = next(share for limit, share in d.FIBRILLATION_UP_TO_YEARS if age_years <= limit)
    if fibrillation.sample(rng):
        rate, variation = d.RATE_FIBRILLATION_BPM.sample(rng), d.VARIATION_FIBRILLATION.sample(rng)
        return Rhythm(RhythmKind.ATRIAL_FIBRILLATION, rate / 60.0, variation)
    return Rhythm(RhythmKind.SINUS, d.RATE_SINUS_BPM.sample(rng) / 60.0, d.VARIATION_SINUS.sample(rng))


def _placement(rng: np.random.Generator) -> NDArray[np.float64]:
    yaw = math.radians(d.YAW_DEG.sample(rng))
    direction = rng.normal(size=3)
    shift = direction / np.linalg.norm(direction) * d.SHIFT_M.sample(rng)
    rotation = se3.so3_exp(np.array([0.0, 0.0, yaw])) @ _R_BASE_PATIENT
    return se3.transform(rotation, np.array(d.XIPHOID_BASE_M) + shift)

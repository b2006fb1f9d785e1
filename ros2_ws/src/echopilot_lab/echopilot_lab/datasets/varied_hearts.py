"""Hearts for training that differ more than those of the virtual patients: what people bring is wider than a clinic.

Virtual patients follow published distributions, and exams are scored on them. A network that has seen those alone takes
a large right heart, a thick layer of fat or a large effusion for another view. Ranges are those of the severe grades of
the guidelines (ASE/EACVI 2015; ESC 2015 for effusions, large from 20 mm) and a little more.
"""

import math
from dataclasses import replace

import numpy as np

from echopilot_core import se3
from echopilot_sim.anatomy.heart.aortic_root import ascending_end
from echopilot_sim.anatomy.parameters import Heart, Patient
from echopilot_sim.anatomy.sampling import distributions
from echopilot_sim.anatomy.sampling.heart import with_windows

VARIED = 0.7  # share of training patients
EFFUSION, EFFUSION_M = 0.3, (0.002, 0.032)
LARGE_RIGHT, RIGHT_SCALE = 0.3, (1.15, 1.6)
VOLUME_SCALE, LENGTH_SCALE = (0.65, 1.9), (0.86, 1.18)  # of the left ventricle; length at the same volume
EJECTION = (0.12, 0.78)
WALL_M, ATRIUM_SCALE = (0.0055, 0.019), (0.8, 1.45)
TRABECULATION, PAPILLARY_SCALE = (0.0, 2.2), (0.6, 1.7)
FAT_M = (0.0005, 0.009)
ROOT_SCALE = (0.85, 1.3)
TURN_RAD = math.radians(12.0)  # standard deviation about the long axis of the heart
TRIES = 8


def varied(patient: Patient, rng: np.random.Generator) -> Patient:
    """A patient whose heart has another size, shape, surroundings and turn; VARIED of all, the others stay."""
    if patient.heart is None or rng.random() >= VARIED:
        return patient
    for _ in range(TRIES):
        heart = _heart(patient.heart, rng)
        if ascending_end(heart)[0][2] >= distributions.ASCENDING_END_Z_M:  # below it the arch would meet the atria
            return replace(patient, heart=heart, torso=with_windows(heart, patient.torso))
    return patient


def _heart(heart: Heart, rng: np.random.Generator) -> Heart:
    volume = _scale(rng, VOLUME_SCALE)
    longer = volume ** (1.0 / 3.0) * _scale(rng, LENGTH_SCALE)
    right = _scale(rng, RIGHT_SCALE) if rng.random() < LARGE_RIGHT else 1.0
    ejection = float(rng.uniform(*EJECTION))
    root = _scale(rng, ROOT_SCALE)
    turn = se3.so3_exp(np.array([0.0, 0.0, rng.normal(0.0, TURN_RAD)]))
    return replace(
        heart,
        rotation=heart.rotation @ turn,
        edv_m3=heart.edv_m3 * volume,
        length_m=heart.length_m * longer,
        ejection_fraction=ejection,
        wall_m=float(rng.uniform(*WALL_M)),
        rv_scale=heart.rv_scale * right,
        atrium_scale=heart.atrium_scale * _scale(rng, ATRIUM_SCALE),
        root_radius_m=heart.root_radius_m * root,
        sinus_radius_m=heart.sinus_radius_m * root,
        ascending_radius_m=heart.ascending_radius_m * root,
        effusion_m=float(rng.uniform(*EFFUSION_M)) if rng.random() < EFFUSION else heart.effusion_m,
        twist_rad=heart.twist_rad * ejection / max(heart.ejection_fraction, 0.05),
        trabeculation=float(rng.uniform(*TRABECULATION)),
        papillary_scale=float(rng.uniform(*PAPILLARY_SCALE)),
        fat_m=float(rng.uniform(*FAT_M)),
    )


def _scale(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    return math.exp(float(rng.uniform(math.log(limits[0]), math.log(limits[1]))))

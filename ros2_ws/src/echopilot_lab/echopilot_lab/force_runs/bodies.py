"""Bodies for force tests: one drawn torso whose whole skin has one stated stiffness, close under the probe."""

from dataclasses import replace
from functools import cache

import numpy as np

from echopilot_control.search.priors import PRIORS
from echopilot_core import EchoPilotError, View, se3
from echopilot_sim.anatomy import Patient, sample_patient
from echopilot_sim.anatomy.torso.skin import Skin
from echopilot_sim.frame_state import Phases
from echopilot_sim.physics.skin_patch import contact
from echopilot_sim.simulation import START_POSE

REFERENCE_N = 5.0
BREATHING_HZ = 0.25
_MEAN_BREATH = 0.94  # the simulated breaths lack 0 to 12 % of the full depth
_SEED = 500_040
CLEARANCE_M = 0.015
_STEP_M = 2e-5


def uniform_body(stiffness_n_m: float, breathing_pp_m: float, seed: int = _SEED) -> Patient:
    """A smooth torso whose total stiffness under the flat probe is `stiffness_n_m` [N/m] at 5 N, everywhere.

    It breathes at 0.25 Hz by `breathing_pp_m` [m] on average, peak to peak; the skin at the start of AORTA_TRANS lies
    15 mm under the start pose of the arm when the breath is half in. `seed` chooses sensor errors and breaths.
    """
    base = _smooth_patient()
    depth_m = breathing_pp_m / _MEAN_BREATH
    torso = replace(base.torso, breathing_chest_m=depth_m, breathing_abdomen_m=depth_m)
    pressure = pressure_per_depth(stiffness_n_m)
    torso = replace(torso, stiffness_abdomen_pa_m=pressure, stiffness_chest_pa_m=pressure, stiffness_rib_pa_m=pressure)
    return under_the_probe(replace(base, seed=seed, torso=torso, breathing_rate_hz=BREATHING_HZ))


@cache
def _smooth_patient() -> Patient:
    drawn = sample_patient(_SEED)
    return replace(drawn, torso=replace(drawn.torso, relief=None, apex_beat_m=0.0))


def under_the_probe(patient: Patient, view: View = View.AORTA_TRANS) -> Patient:
    """The same patient, laid so that the controller's start of `view` is 15 mm under the start pose of the arm."""
    prior, torso = PRIORS[view], patient.torso
    along = torso.notch_z_m if prior.superior >= 0.0 else -torso.navel_z_m
    point = Skin(torso, patient.heart).point(
        np.array([prior.left * torso.notch_z_m]), np.array([prior.superior * along]), 0.5
    )[0]
    T_base_patient = patient.T_base_patient.copy()
    above_m = START_POSE[:3, 3] - np.array([0.0, 0.0, CLEARANCE_M])
    T_base_patient[:3, 3] = above_m - T_base_patient[:3, :3] @ point
    return replace(patient, T_base_patient=T_base_patient)


@cache
def pressure_per_depth(stiffness_n_m: float) -> float:
    """Foundation stiffness [Pa/m] that gives the face a total stiffness [N/m] of d(force)/d(depth) at 5 N.

    Raises EchoPilotError outside 150 .. 30000 N/m.
    """
    if not 150.0 <= stiffness_n_m <= 30_000.0:
        raise EchoPilotError(f"stiffness {stiffness_n_m} N/m is impossible; choose 150 to 30000 N/m")
    low, high = 1e5, 1e9
    for _ in range(40):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if _stiffness_n_m(middle) < stiffness_n_m else (low, middle)
    return high


def _stiffness_n_m(pressure_pa_m: float) -> float:
    torso = replace(
        _smooth_patient().torso,
        stiffness_abdomen_pa_m=pressure_pa_m,
        stiffness_chest_pa_m=pressure_pa_m,
        stiffness_rib_pa_m=pressure_pa_m,
    )
    skin = Skin(torso)
    prior = PRIORS[View.AORTA_TRANS]
    x, z = prior.left * torso.notch_z_m, prior.superior * -torso.navel_z_m
    point = skin.point(np.array([x]), np.array([z]), 0.5)[0]
    normal = skin.normal(point[None], 0.5)[0]
    T = se3.transform(se3.look_along(-normal, np.array([1.0, 0.0, 0.0])), point)

    def force_n(depth_m: float) -> float:
        T_pressed = T.copy()
        T_pressed[:3, 3] = point - depth_m * normal
        return contact(skin, T_pressed, np.zeros(6), Phases(0.0, 0.5)).force_n

    low, high = 0.0, 0.08
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if force_n(middle) < REFERENCE_N else (low, middle)
    return (force_n(high + _STEP_M) - force_n(high - _STEP_M)) / (2.0 * _STEP_M)

"""Left lateral position of a patient, as in echocardiography: the heart shifts towards the chest wall."""

import math
from dataclasses import replace

import numpy as np

from echopilot_core import EchoPilotError, se3
from echopilot_sim.anatomy.parameters import Heart, Patient, Position
from echopilot_sim.anatomy.torso import skin

MAX_ROLL_RAD = math.radians(90.0)
_SIDEWAYS_M, _OUTWARDS_M, _LUNG_SHARE = 0.006, 0.002, 0.6  # at 90 degrees [estimates]


def turned_left(patient: Patient, roll_rad: float) -> Patient:
    """The supine patient rolled by 0 .. pi/2 rad about the body axis so that the left side goes down.

    The body comes to rest on the table on which the supine one lay; the heart moves up to 6 mm to the left along the
    chest wall and 2 mm nearer to it, and the lung gives the heart more room. Raises EchoPilotError for another angle
    or for a patient who is rolled already.
    """
    if patient.position is not Position.SUPINE:
        raise EchoPilotError(f"position is {patient.position.value}; choose a supine patient to roll")
    if not 0.0 <= roll_rad <= MAX_ROLL_RAD:
        raise EchoPilotError(f"roll_rad {roll_rad} is impossible; choose 0 to {MAX_ROLL_RAD:.3f} rad")
    p = skin.pack(patient.torso)
    heights = np.linspace(patient.torso.navel_z_m, patient.torso.notch_z_m, 25)
    outline = np.array([[*skin.rim(p, a, z), z] for z in heights for a in np.linspace(-np.pi, np.pi, 73)])
    axis_m = np.array([0.0, 0.5 * patient.torso.back_y_m, 0.0])
    turn = se3.so3_exp(np.array([0.0, 0.0, roll_rad]))
    T_rolled = patient.T_base_patient @ se3.transform(turn, axis_m - turn @ axis_m)
    table_z = se3.apply(patient.T_base_patient, outline)[:, 2].min()
    T_rolled[2, 3] += table_z - se3.apply(T_rolled, outline)[:, 2].min()
    share = math.sin(roll_rad)
    overlap = patient.torso.lung_overlap_m * (1.0 - _LUNG_SHARE * share)
    return replace(
        patient,
        position=Position.LEFT_LATERAL,
        roll_rad=roll_rad,
        torso=replace(patient.torso, lung_overlap_m=overlap),
        heart=None if patient.heart is None else _fallen(patient.heart, p, share),
        T_base_patient=T_rolled,
    )


def _fallen(heart: Heart, p: np.ndarray, share: float) -> Heart:
    """The heart shifted along the chest wall to the left and outwards."""
    x, z = float(heart.apex_m[0]), float(heart.apex_m[2])
    ahead = np.array([x + 0.005, skin.front_y(p, x + 0.005, z, 0.5), z])
    along = ahead - np.array([x, skin.front_y(p, x, z, 0.5), z])
    along /= np.linalg.norm(along)
    step = share * (_SIDEWAYS_M * along - _OUTWARDS_M * heart.rotation[:, 2])
    return replace(heart, apex_m=heart.apex_m + step)

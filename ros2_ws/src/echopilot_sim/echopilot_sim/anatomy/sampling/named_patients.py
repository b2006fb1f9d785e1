"""Ten named patients: each is a sampled seed without other findings, plus the finding of its name."""

import math
from collections.abc import Callable
from dataclasses import replace

from echopilot_core import EchoPilotError
from echopilot_sim.anatomy.parameters import (
    Aneurysm,
    AneurysmShape,
    Aorta,
    Dissection,
    Heart,
    Patient,
    Rhythm,
    RhythmKind,
)
from echopilot_sim.anatomy.sampling.heart import with_windows
from echopilot_sim.anatomy.sampling.patient import sample_patient

Change = Callable[[Patient], Patient]


def named_patient(name: str) -> Patient:
    """The patient of a name, the same everywhere; `Patient.name` is set.

    Raises EchoPilotError for an unknown name.
    """
    if name not in _TABLE:
        raise EchoPilotError(f"no patient is called '{name}'; choose one of {', '.join(NAMES)}")
    seed, change = _TABLE[name]
    return replace(change(sample_patient(seed)), name=name)


def _heart(patient: Patient) -> Heart:
    assert patient.heart is not None  # drawn patients have one
    return patient.heart


def _aorta(patient: Patient) -> Aorta:
    assert patient.aorta is not None
    return patient.aorta


def _unchanged(patient: Patient) -> Patient:
    return patient


def _aneurysm(diameter_m: float, length_m: float, thrombus_fraction: float) -> Change:
    def change(patient: Patient) -> Patient:
        aorta = _aorta(patient)
        z = 0.5 * (aorta.bifurcation_z_m + 0.85 * length_m - 0.078)
        bulge = Aneurysm(AneurysmShape.FUSIFORM, z, length_m, 0.5 * diameter_m, thrombus_fraction, math.radians(-60.0))
        return replace(patient, aorta=replace(aorta, aneurysm=bulge))

    return change


def _low_ef(patient: Patient) -> Patient:
    heart = _heart(patient)
    edv = 1.35 * heart.edv_m3
    longer = (edv / heart.edv_m3) ** 0.25  # a failing ventricle grows rounder
    return replace(
        patient,
        heart=replace(
            heart,
            edv_m3=edv,
            length_m=longer * heart.length_m,
            ejection_fraction=0.28,
            twist_rad=0.06,
            atrium_scale=1.1 * heart.atrium_scale,
        ),
    )


def _narrow_windows(patient: Patient) -> Patient:
    torso = replace(
        patient.torso,
        lung_overlap_m=0.014,
        rib_spacing_m=0.0290,
        rib_half_width_m=0.0070,
    )
    return replace(patient, torso=with_windows(_heart(patient), torso))


def _afib(patient: Patient) -> Patient:
    heart = _heart(patient)
    rhythm = Rhythm(RhythmKind.ATRIAL_FIBRILLATION, 92.0 / 60.0, 0.22)
    return replace(patient, rhythm=rhythm, heart=replace(heart, atrium_scale=1.2 * heart.atrium_scale))


def _effusion(patient: Patient) -> Patient:
    return replace(patient, heart=replace(_heart(patient), effusion_m=0.016))


def _dilated_root(patient: Patient) -> Patient:
    return replace(patient, heart=replace(_heart(patient), sinus_radius_m=0.0225, ascending_radius_m=0.0195))


def _dissection(patient: Patient) -> Patient:
    aorta = _aorta(patient)
    end = aorta.bifurcation_z_m + 0.010
    flap = Dissection(end, true_share=0.42, angle_rad=0.6, twist_rad_m=4.0, widening=1.25)
    return replace(patient, aorta=replace(aorta, dissection=flap))


_TABLE: dict[str, tuple[int, Change]] = {
    "normal": (910031, _unchanged),  # man, 57 years, EF 0.64
    "aaa_small": (910125, _aneurysm(0.034, 0.045, 0.0)),  # man, 70: 34 mm outer, no thrombus
    "aaa_large_thrombus": (910397, _aneurysm(0.056, 0.055, 0.55)),  # man, 60: 56 mm outer, half of the bulge thrombus
    "low_ef": (910574, _low_ef),  # man, 62: EF 0.28 in a cavity a third larger
    "obese": (910810, _unchanged),  # man, 54: drawn with BMI 35
    "narrow_windows": (910477, _narrow_windows),  # woman, 77: interspaces of 15 mm, lung 14 mm over the heart
    "afib": (910493, _afib),  # woman, 68: 92/min, RR varies by 22 %, large atria
    "effusion": (910074, _effusion),  # woman, 60: 16 mm of pericardial fluid
    "dilated_root": (910288, _dilated_root),  # man, 42: sinuses 45 mm, ascending aorta 39 mm inside
    "dissection": (910034, _dissection),  # man, 51: type B down to the bifurcation, a quarter wider
}
NAMES = tuple(_TABLE)

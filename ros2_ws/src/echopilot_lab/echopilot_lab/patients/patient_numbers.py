"""A virtual patient and the truth of its images as plain JSON and as short words."""

import math
from typing import Any

import numpy as np

from echopilot_core import ANEURYSM_M, SegmentationClass, View
from echopilot_lab.patients.reference_views import ReferenceView
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.anatomy.parameters import Patient, Position, RhythmKind
from echopilot_sim.truth.aorta import max_outer_diameter_m
from echopilot_sim.truth.frame_truth import Truth

REDUCED_EF = {"M": 0.52, "F": 0.54}  # lower limits of the ASE/EACVI 2015 guideline
DILATED_ROOT_M = {"M": 0.040, "F": 0.036}  # upper limits at the sinuses, the same guideline
EFFUSION_M = 0.002
NOTICE = "Synthetic patient. Research software, not a medical device."


def patient_numbers(anatomy: Anatomy) -> dict[str, Any]:
    """What is true of the patient as a whole; null where nothing is known."""
    patient, heart = anatomy.patient, anatomy.patient.heart
    largest_m = max_outer_diameter_m(anatomy)
    return {
        "name": patient.name,
        "seed": patient.seed,
        "sex": patient.sex,
        "age_years": _round(patient.age_years, 0),
        "height_cm": _round(100.0 * patient.height_m, 1),
        "weight_kg": _round(patient.weight_kg, 1),
        "position": patient.position.value,
        "rhythm": patient.rhythm.kind.value,
        "heart_rate_bpm": _round(60.0 * patient.heart_rate_hz, 1),
        "breaths_per_min": _round(60.0 * patient.breathing_rate_hz, 1),
        "lv_edv_ml": None if heart is None else _round(1e6 * heart.edv_m3, 1),
        "ef_pct": None if heart is None else _round(100.0 * heart.ejection_fraction, 1),
        "lv_wall_mm": None if heart is None else _round(1e3 * heart.wall_m, 1),
        "root_mm": None if heart is None else _round(2e3 * heart.sinus_radius_m, 1),
        "ascending_mm": None if heart is None else _round(2e3 * heart.ascending_radius_m, 1),
        "effusion_mm": None if heart is None else _round(1e3 * heart.effusion_m, 1),
        "aorta_max_outer_mm": _round(1e3 * largest_m, 2),
        "aneurysm": bool(largest_m >= ANEURYSM_M),
        "findings": findings(patient, largest_m),
        "notice": NOTICE,
    }


def findings(patient: Patient, largest_m: float) -> list[str]:
    """What a reader should find in this patient."""
    found = []
    heart, aorta = patient.heart, patient.aorta
    if largest_m >= ANEURYSM_M:
        bulge = aorta.aneurysm if aorta is not None else None
        words = [] if bulge is None else [bulge.shape.value]
        found.append(" ".join([*words, f"abdominal aneurysm {1e3 * largest_m:.0f} mm"]))
        if bulge is not None and bulge.thrombus_fraction > 0.15:
            found.append(f"thrombus filling {100 * bulge.thrombus_fraction:.0f} % of it")
    if aorta is not None and aorta.dissection is not None:
        found.append("type-B dissection")
    if heart is not None:
        if heart.ejection_fraction < REDUCED_EF.get(patient.sex, 0.53):
            found.append("reduced ejection fraction")
        if 2.0 * heart.sinus_radius_m > DILATED_ROOT_M.get(patient.sex, 0.040):
            found.append(f"dilated aortic root {2e3 * heart.sinus_radius_m:.0f} mm")
        if heart.effusion_m > EFFUSION_M:
            found.append(f"pericardial effusion {1e3 * heart.effusion_m:.0f} mm")
    if heart is not None and patient.rhythm.kind is RhythmKind.ATRIAL_FIBRILLATION:
        found.append("atrial fibrillation")
    return found


def title(anatomy: Anatomy) -> str:
    """Who this is."""
    patient = anatomy.patient
    return f"Virtual patient {patient.name}" if patient.name else f"Virtual patient, seed {patient.seed}"


def headline(anatomy: Anatomy) -> str:
    """The patient in one line."""
    n, patient = patient_numbers(anatomy), anatomy.patient
    sex = {"M": "man", "F": "woman"}.get(patient.sex, "person of unknown sex and age")
    words = [
        f"{sex}, {n['age_years']:.0f} years" if n["age_years"] is not None else sex,
        "" if n["height_cm"] is None else f"{n['height_cm']:.0f} cm, {n['weight_kg'] or 0:.0f} kg",
        "left-lateral" if patient.position is Position.LEFT_LATERAL else "supine",
    ]
    if patient.heart is not None:
        words.append(f"{n['rhythm']}, {n['heart_rate_bpm']:.0f}/min")
        words.append(f"EF {n['ef_pct']:.0f} %, end-diastolic volume {n['lv_edv_ml']:.0f} mL")
    if n["aorta_max_outer_mm"]:
        words.append(f"largest abdominal aorta {n['aorta_max_outer_mm']:.1f} mm")
    return "   |   ".join(w for w in words if w)


def reference_view_text(reference: ReferenceView, truth: Truth) -> str:
    """The numbers of one image in one line."""
    aorta = truth.aorta
    if reference.view == View.AORTA_TRANS and aorta is not None:
        return (
            f"outer {1e3 * aorta.outer_ap_m:.1f} x {1e3 * aorta.outer_transverse_m:.1f} mm, "
            f"lumen {1e3 * aorta.inner_ap_m:.1f} mm, unpressed {1e3 * aorta.outer_unloaded_m:.1f} mm"
        )
    if reference.view == View.AORTA_LONG:
        return f"largest outer diameter {1e3 * truth.max_aorta_outer_m:.1f} mm"
    if math.isfinite(truth.lv_volume_m3) and reference.view in (View.A4C, View.A2C, View.A3C, View.A5C):
        return f"LV {1e6 * truth.lv_volume_m3:.0f} mL at end-diastole, EF {100 * truth.ejection_fraction:.0f} %"
    return ", ".join(_areas(truth))


def truth_numbers(truth: Truth) -> dict[str, Any]:
    """Truth of one image in the units that people read; null where it does not apply."""
    aorta = truth.aorta
    nearest = truth.error(truth.view)
    return {
        "nearest_view": truth.view.name,
        "angle_error_deg": None if nearest is None else _round(math.degrees(nearest.angle_rad), 2),
        "offset_error_mm": None if nearest is None else _round(1e3 * nearest.offset_m, 2),
        "quality": _round(truth.quality, 3),
        "contact": [_round(c, 3) for c in truth.contact],
        "lv_volume_ml": _round(1e6 * truth.lv_volume_m3, 2),
        "aorta": None
        if aorta is None
        else {
            "station_mm": _round(1e3 * aorta.station_m, 1),
            "obliquity_deg": _round(math.degrees(aorta.obliquity_rad), 1),
            "outer_ap_mm": _round(1e3 * aorta.outer_ap_m, 2),
            "outer_transverse_mm": _round(1e3 * aorta.outer_transverse_m, 2),
            "inner_ap_mm": _round(1e3 * aorta.inner_ap_m, 2),
            "inner_transverse_mm": _round(1e3 * aorta.inner_transverse_m, 2),
            "outer_unpressed_mm": _round(1e3 * aorta.outer_unloaded_m, 2),
            "inner_unpressed_mm": _round(1e3 * aorta.inner_unloaded_m, 2),
            "centre_mm": [_round(1e3 * c, 2) for c in aorta.centre_m],
        },
    }


def _areas(truth: Truth) -> list[str]:
    """In-image areas of what is of interest [cm^2], largest first."""
    if truth.exact is None:
        return []
    cell_cm2 = 1e4 * truth.exact.spacing_m**2
    areas = [
        (float(np.count_nonzero(truth.exact.labels == t)) * cell_cm2, t)
        for t in (
            SegmentationClass.LV,
            SegmentationClass.RV,
            SegmentationClass.LA,
            SegmentationClass.RA,
            SegmentationClass.AO_ROOT,
            SegmentationClass.IVC,
            SegmentationClass.EFFUSION,
        )
    ]
    return [f"{t.name.replace('_', ' ')} {area:.1f} cm2" for area, t in sorted(areas, reverse=True)[:4] if area > 0.3]


def _round(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None

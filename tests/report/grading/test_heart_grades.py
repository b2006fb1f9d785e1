"""Heart and root against the published tables, borders and formula by hand."""

import math
import random

import pytest
from grading_world import BOTH, DEVEREUX, ROOT, measured, read

from echopilot_core import EchoPilotError
from echopilot_core import MeasurementName as Name
from echopilot_report.grading import PatientFacts, Sex, body_surface_m2, grade_measurement, load_set, set_names
from echopilot_report.grading.derive import z_score

TALL = PatientFacts(Sex.MALE, 65.0, 1.75, 75.0)
REDUCED = ("below_normal", "normal", "above_normal")
LARGE = ("below_normal", "normal", "mildly_enlarged", "moderately_enlarged", "severely_enlarged")
EF_PCT = {Sex.MALE: (52, 73), Sex.FEMALE: (54, 75)}
VOLUMES = {  # first value of each class after the first
    ("lv_end_diastolic_index_ase_2015", Name.LV_EDV_BIPLANE): {
        Sex.MALE: (34, 75),
        Sex.FEMALE: (29, 62),
    },
    ("la_volume_index_ase_2015", Name.LA_VOLUME_BIPLANE): {
        Sex.MALE: (16, 35, 42, 49),
        Sex.FEMALE: (16, 35, 42, 49),
    },
}


@pytest.mark.parametrize("sex", BOTH)
def test_ejection_fraction_by_sex(sex: Sex) -> None:
    for pct in range(1, 101):
        grade = read(pct / 100.0, Name.EF_BIPLANE, "ejection_fraction_ase_2015", PatientFacts(sex))
        assert (grade.value, grade.grade) == (pct, REDUCED[sum(pct >= b for b in EF_PCT[sex])])
    assert not read(1.2, Name.EF_BIPLANE, "ejection_fraction_ase_2015", PatientFacts(sex)).graded


def test_single_plane_is_said() -> None:
    single = read(0.45, Name.EF_SINGLE_PLANE_A4C, "ejection_fraction_ase_2015", TALL)
    assert single.grade == "below_normal" and "one plane" in single.wording


@pytest.mark.parametrize(("reference", "name"), VOLUMES)
@pytest.mark.parametrize("sex", BOTH)
def test_volumes_by_sex(reference: str, name: str, sex: Sex) -> None:
    facts = PatientFacts(sex, 50.0, 1.7, 70.0)
    surface_m2 = body_surface_m2(facts)
    assert surface_m2 is not None
    factor = surface_m2 if "index" in reference else 1.0
    borders = VOLUMES[reference, name][sex]
    classes = LARGE if len(borders) == 4 else REDUCED
    for k, border in enumerate(borders):
        for ml, expected in ((border - 1, classes[k]), (border, classes[k + 1])):
            grade = read(ml * factor * 1e-6, name, reference, facts)
            assert (grade.value, grade.grade) == (ml, expected)


def test_no_limit_comes_from_memory_and_every_one_is_cited() -> None:
    for reference in (load_set(name) for name in set_names()):
        cited = f"{reference.source} {reference.trust.note}".lower()
        assert "memory" not in cited and reference.trust.seen in ("original", "extract", "quoted")
        assert any(word in cited for word in ("table", "quoted", "recommendations", "formula")), reference.name


@pytest.mark.parametrize(
    ("mm", "grade"),
    [(9.9, "small"), (10.0, "moderate"), (20.0, "moderate"), (20.1, "large")],
)
def test_effusion_grades(mm: float, grade: str) -> None:
    assert read(mm / 1e3, Name.EFFUSION_DEPTH, "effusion_esc_2015", PatientFacts()).grade == f"{grade}_effusion"


@pytest.mark.parametrize(
    ("sex", "mm", "grade"),
    [
        (Sex.MALE, 40.0, "not_dilated"),
        (Sex.MALE, 40.1, "dilated"),
        (Sex.FEMALE, 36.0, "not_dilated"),
        (Sex.FEMALE, 36.1, "dilated"),
        (Sex.MALE, 44.9, "dilated"),
        (Sex.FEMALE, 45.0, "dilated_marked"),
        (Sex.MALE, 54.9, "dilated_marked"),
        (Sex.FEMALE, 55.0, "surgery_size"),
    ],
)
def test_root_by_size(sex: Sex, mm: float, grade: str) -> None:
    assert read(mm / 1e3, Name.AORTIC_ROOT_PLAX, ROOT, PatientFacts(sex)).grade == grade


def test_body_surface_by_hand() -> None:
    assert body_surface_m2(PatientFacts(height_m=1.7, mass_kg=70.0)) == pytest.approx(1.8097, abs=1e-4)
    assert body_surface_m2(PatientFacts(height_m=math.nan, mass_kg=70.0)) is None


def test_z_score_of_the_reference_example() -> None:
    formula = load_set(DEVEREUX).z_score
    assert formula is not None
    assert z_score(4.2, Sex.MALE, 65.0, 1.9, formula) == pytest.approx(2.23, abs=0.005)


def test_z_score_of_any_patient() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    generator = random.Random(seed)
    for _ in range(100):
        sex, age = generator.choice(BOTH), generator.uniform(15.0, 90.0)
        facts = PatientFacts(sex, age, generator.uniform(1.4, 2.1), generator.uniform(40.0, 140.0))
        surface_m2 = body_surface_m2(facts)
        assert surface_m2 is not None
        mm = generator.uniform(20.0, 60.0)
        grade = read(mm / 1e3, Name.AORTIC_ROOT_PLAX, DEVEREUX, facts)
        predicted_cm = 2.423 + 0.009 * age + 0.461 * surface_m2 - 0.267 * (1 if sex is Sex.MALE else 2)
        assert grade.value == pytest.approx((mm / 10.0 - predicted_cm) / 0.261, abs=0.0051)
        assert grade.grade == ("dilated" if grade.value > 2.0 else "not_dilated")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (PatientFacts(None, 65.0, 1.75, 75.0), "sex unknown"),
        (PatientFacts(Sex.MALE, None, 1.75, 75.0), "age unknown"),
        (PatientFacts(Sex.MALE, math.nan, 1.75, 75.0), "age unknown"),
        (PatientFacts(Sex.MALE, 65.0, None, 75.0), "height or weight unknown"),
        (PatientFacts(Sex.MALE, 65.0, 1.75, math.nan), "height or weight unknown"),
        (PatientFacts(Sex.MALE, 14.9, 1.75, 75.0), "15 years"),
    ],
)
def test_z_score_without_its_facts_is_refused(facts: PatientFacts, reason: str) -> None:
    grade = grade_measurement(measured(0.042, Name.AORTIC_ROOT_PLAX), load_set(DEVEREUX), facts)
    assert reason in grade.refused and math.isnan(grade.value)


@pytest.mark.parametrize("facts", [{"height_m": 175.0}, {"mass_kg": -1.0}, {"age_years": math.inf}])
def test_absurd_facts_are_one_line(facts: dict[str, float]) -> None:
    with pytest.raises(EchoPilotError, match="must lie from") as caught:
        PatientFacts(**facts)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)

"""The abdominal aorta: every border to the last digit, for men and women."""

import math
import random

import numpy as np
import pytest
from grading_world import BOTH, ESC, LEADING, SVS, aorta

from echopilot_core import CaliperConvention
from echopilot_report.grading import Sex

MEN = ("normal", "ectatic", "small_aneurysm", "medium_aneurysm", "large_aneurysm", "repair_size")
BORDERS_TENTHS = {Sex.MALE: (250, 300, 400, 500, 550), Sex.FEMALE: (250, 300, 400, 500)}  # of SVS
CLASSES = {Sex.MALE: MEN, Sex.FEMALE: (*MEN[:4], MEN[5])}
LISTED = {  # mm: class of men, class of women (reference file, section 1.1)
    24.9: ("normal", "normal"),
    25.0: ("ectatic", "ectatic"),
    29.9: ("ectatic", "ectatic"),
    30.0: ("small_aneurysm", "small_aneurysm"),
    39.9: ("small_aneurysm", "small_aneurysm"),
    40.0: ("medium_aneurysm", "medium_aneurysm"),
    44.9: ("medium_aneurysm", "medium_aneurysm"),
    45.0: ("medium_aneurysm", "large_aneurysm"),
    49.9: ("medium_aneurysm", "large_aneurysm"),
    50.0: ("large_aneurysm", "repair_size"),
    54.9: ("large_aneurysm", "repair_size"),
    55.0: ("repair_size", "repair_size"),
}
FOLLOW_UP = {
    SVS: ("not_needed", "rescreen_10_years", "scan_3_years", "scan_12_months", "scan_6_months", "refer"),
    ESC: ("not_needed", "scan_4_years", "scan_3_years", "scan_12_months", "scan_6_months", "refer"),
}


@pytest.mark.parametrize("reference", [SVS, ESC])
@pytest.mark.parametrize("mm", LISTED)
def test_borders_are_exact(mm: float, reference: str) -> None:
    convention = LEADING if reference == ESC else CaliperConvention.OUTER_TO_OUTER
    for sex, listed in zip(BOTH, LISTED[mm], strict=True):
        women_of_svs = sex is Sex.FEMALE and reference == SVS and 45.0 <= mm < 50.0
        expected = "medium_aneurysm" if women_of_svs else listed
        grade = aorta(mm / 1000.0, sex, reference, convention=convention)
        assert (grade.grade, grade.value, grade.refused) == (expected, mm, "")
        assert grade.follow_up == FOLLOW_UP[reference][MEN.index(expected)]


@pytest.mark.parametrize("sex", BOTH)
def test_floating_point_noise_moves_no_border(sex: Sex) -> None:
    for border in BORDERS_TENTHS[sex]:
        meters = border / 1e4
        forms = (
            meters,
            border * 1e-4,
            math.nextafter(meters, 0.0),
            math.nextafter(meters, 1.0),
            float(np.float32(meters)),
        )
        assert {aorta(form, sex).grade for form in forms} == {aorta(meters, sex).grade}
        assert aorta(math.nextafter(meters, 0.0), sex).grade != aorta(meters - 1e-4, sex).grade


def test_numbers_are_rounded_to_a_tenth_before_they_are_sorted() -> None:
    assert (aorta(0.02994).value, aorta(0.02994).grade) == (29.9, "ectatic")
    assert (aorta(0.02995).value, aorta(0.02995).grade) == (30.0, "small_aneurysm")
    assert (aorta(0.02925).value, aorta(0.02935).value) == (29.3, 29.4)


def test_any_diameter_gets_the_class_of_its_tenths() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    generator = random.Random(seed)
    for _ in range(600):
        tenths, sex = generator.randint(1, 900), generator.choice(BOTH)
        grade = aorta(tenths / 1e4 + generator.uniform(-4e-5, 4e-5), sex)
        assert grade.grade == CLASSES[sex][sum(tenths >= border for border in BORDERS_TENTHS[sex])]
        nearest = min(abs(tenths - border) for border in BORDERS_TENTHS[sex])
        assert grade.borderline == (nearest <= 30)
        assert abs(grade.border_distance) == pytest.approx(nearest / 10.0)


@pytest.mark.parametrize(
    ("mm", "borderline", "distance"),
    [
        (26.9, True, 1.9),
        (27.0, True, 2.0),
        (33.0, True, 3.0),
        (33.1, False, 3.1),
        (36.9, False, -3.1),
        (37.0, True, -3.0),
    ],
)
def test_borderline_is_within_three_millimeters_ends_included(mm: float, borderline: bool, distance: float) -> None:
    grade = aorta(mm / 1e3)
    assert (grade.borderline, grade.border_distance) == (borderline, pytest.approx(distance))
    assert ("Borderline, repeat" in grade.wording) == borderline


def test_of_two_equally_near_borders_the_upper_counts() -> None:
    assert aorta(0.0425, Sex.FEMALE, ESC, convention=LEADING).border == 45.0


def test_without_a_sex_only_what_men_and_women_share_is_graded() -> None:
    shared = aorta(0.032, None)
    assert shared.grade == "small_aneurysm" and "same for men and women" in shared.wording
    for mm in (50.0, 54.9):
        refused = aorta(mm / 1e3, None)
        assert refused.refused == "sex unknown" and refused.grade == "" and "not graded: sex unknown" in refused.wording
    assert aorta(0.055, None).grade == "repair_size"
    assert aorta(0.0440, None, ESC, convention=LEADING).border == 45.0

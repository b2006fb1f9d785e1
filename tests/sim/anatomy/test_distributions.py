"""A thousand drawn patients follow the distributions of distributions.py."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from echopilot_core import EchoPilotError, se3
from echopilot_sim.anatomy import Patient, sample_patient
from echopilot_sim.anatomy.parameters import AneurysmShape, RhythmKind
from echopilot_sim.anatomy.sampling import distributions as d
from echopilot_sim.anatomy.sampling.heart import body_surface_m2
from echopilot_sim.anatomy.sampling.random_variables import Continuous, Normal, Share, Uniform
from echopilot_sim.anatomy.validate import validate

N = 1000
Value = Callable[[Patient], float]
Group = Callable[[Patient], bool]


@pytest.fixture(scope="module")
def patients() -> list[Patient]:
    return [sample_patient(seed) for seed in range(N)]


def _kolmogorov_smirnov(values: Sequence[float], distribution: Continuous) -> float:
    """Largest distance of the empirical from the stated distribution function, times sqrt(n)."""
    x = np.sort(np.asarray(values, dtype=np.float64))
    stated = np.array([distribution.cdf(float(v)) for v in x])
    n = len(x)
    above = np.arange(1, n + 1) / n - stated
    below = stated - np.arange(n) / n
    return float(max(above.max(), below.max())) * math.sqrt(n)


def _follow(patients: list[Patient], value: Value, distribution: Continuous, group: Group = lambda _: True) -> None:
    values = [value(p) for p in patients if group(p)]
    assert len(values) >= 15
    assert min(values) >= distribution.low - 1e-12 and max(values) <= distribution.high + 1e-12
    assert _kolmogorov_smirnov(values, distribution) < 1.95  # p = 0.001; the seeds are fixed


def _bmi(p: Patient) -> float:
    return p.weight_kg / p.height_m**2


def _surface(p: Patient) -> float:
    return body_surface_m2(p.height_m, _bmi(p))


def _fibrillating(p: Patient) -> bool:
    return p.rhythm.kind is RhythmKind.ATRIAL_FIBRILLATION


PLAIN: dict[str, tuple[Value, Continuous]] = {
    "age": (lambda p: p.age_years, d.AGE_YEARS),
    "bmi": (_bmi, d.BMI_KG_M2),
    "breathing rate": (lambda p: 60.0 * p.breathing_rate_hz, d.BREATHING_PER_MIN),
    "breathing chest": (lambda p: p.torso.breathing_chest_m, d.BREATHING_CHEST_M),
    "breathing abdomen": (lambda p: p.torso.breathing_abdomen_m, d.BREATHING_ABDOMEN_M),
    "organ shift": (lambda p: p.torso.organ_shift_m, d.ORGAN_SHIFT_M),
    "apex beat": (lambda p: p.torso.apex_beat_m, d.APEX_BEAT_M),
    "chest slope": (lambda p: p.torso.chest_slope_m, d.CHEST_SLOPE_M),
    "rib spacing": (lambda p: p.torso.rib_spacing_m / (p.height_m / 1.72), d.RIB_SPACING_M),
    "rib width": (lambda p: p.torso.rib_half_width_m, d.RIB_HALF_WIDTH_M),
    "navel": (lambda p: p.torso.navel_z_m / (p.height_m / 1.72), d.NAVEL_Z_M),
    "lung overlap": (lambda p: p.torso.lung_overlap_m, d.LUNG_OVERLAP_M),
    "stiffness abdomen": (lambda p: p.torso.stiffness_abdomen_pa_m, d.STIFFNESS_ABDOMEN_PA_M),
    "stiffness chest": (lambda p: p.torso.stiffness_chest_pa_m, d.STIFFNESS_CHEST_PA_M),
    "stiffness rib": (lambda p: p.torso.stiffness_rib_pa_m, d.STIFFNESS_RIB_PA_M),
    "trabeculation": (lambda p: p.heart.trabeculation, d.TRABECULATION),
    "right ventricle": (lambda p: p.heart.rv_scale / (_surface(p) / 1.85) ** (1.0 / 3.0), d.RV_RATIO),
    "twist": (lambda p: p.heart.twist_rad * 0.62 / p.heart.ejection_fraction, d.TWIST_RAD),
    "arch": (lambda p: p.aorta.radius_arch_m / p.aorta.radius_top_m, d.ARCH_RATIO),
    "thoracic aorta": (lambda p: p.aorta.radius_thoracic_m / p.aorta.radius_top_m, d.THORACIC_RATIO),
    "distal aorta": (lambda p: p.aorta.radius_bottom_m / p.aorta.radius_top_m, d.BOTTOM_RATIO),
    "offset": (lambda p: p.aorta.offset_x_m, d.OFFSET_X_M),
    "tortuosity": (
        lambda p: p.aorta.wave_x_m - d.WAVE_X_PER_YEAR_OVER_60_M * max(p.age_years - 60.0, 0.0),
        d.WAVE_X_M,
    ),
    "liver edge": (lambda p: p.abdomen.liver_edge_z_m, d.LIVER_EDGE_Z_M),
    "liver vessels": (lambda p: p.abdomen.liver_vessel_scale, d.LIVER_VESSEL_SCALE),
    "shift on the table": (lambda p: float(np.linalg.norm(p.T_base_patient[:3, 3] - d.XIPHOID_BASE_M)), d.SHIFT_M),
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_parameter_of_all_follows_its_distribution(patients: list[Patient], name: str) -> None:
    _follow(patients, *PLAIN[name])


BY_SEX: dict[str, tuple[Value, dict[str, Continuous]]] = {
    "height": (lambda p: p.height_m, d.HEIGHT_M),
    "muscle": (lambda p: p.torso.muscle_m, d.MUSCLE_M),
    "annulus": (lambda p: 2.0 * p.heart.root_radius_m, d.ANNULUS_M),
    "top of the abdominal aorta": (lambda p: 2.0 * p.aorta.radius_top_m, d.TOP_M),
}


@pytest.mark.parametrize("sex", ["M", "F"])
@pytest.mark.parametrize("name", BY_SEX)
def test_a_parameter_by_sex_follows_its_distribution(patients: list[Patient], name: str, sex: str) -> None:
    value, distributions = BY_SEX[name]
    _follow(patients, value, distributions[sex], lambda p: p.sex == sex)


@pytest.mark.parametrize("sex", ["M", "F"])
def test_cavity_volume_per_surface_is_the_guidelines_where_the_ejection_is_normal(
    patients: list[Patient], sex: str
) -> None:
    def healthy(p: Patient) -> bool:
        return p.sex == sex and p.heart.ejection_fraction > d.EF_REDUCED.high

    _follow(patients, lambda p: 1e6 * p.heart.edv_m3 / _surface(p), d.EDV_ML_M2[sex], healthy)


@pytest.mark.parametrize("sex", ["M", "F"])
def test_wall_is_the_guidelines_unless_hypertrophic(patients: list[Patient], sex: str) -> None:
    thick = d.WALL_HYPERTROPHY_M.low
    _follow(patients, lambda p: p.heart.wall_m, d.WALL_M[sex], lambda p: p.sex == sex and p.heart.wall_m < thick)
    _follow(patients, lambda p: p.heart.wall_m, d.WALL_HYPERTROPHY_M, lambda p: p.heart.wall_m >= thick)


def test_rates_and_variation_follow_the_rhythm(patients: list[Patient]) -> None:
    _follow(patients, lambda p: 60.0 * p.rhythm.rate_hz, d.RATE_SINUS_BPM, lambda p: not _fibrillating(p))
    _follow(patients, lambda p: p.rhythm.variation, d.VARIATION_SINUS, lambda p: not _fibrillating(p))
    _follow(patients, lambda p: 60.0 * p.rhythm.rate_hz, d.RATE_FIBRILLATION_BPM, _fibrillating)
    _follow(patients, lambda p: p.rhythm.variation, d.VARIATION_FIBRILLATION, _fibrillating)


def test_aneurysms_follow_their_distributions(patients: list[Patient]) -> None:
    sacs = [p.aorta.aneurysm for p in patients if p.aorta.aneurysm is not None]
    saccular = [s for s in sacs if s.shape is AneurysmShape.SACCULAR]
    fusiform = [s for s in sacs if s.shape is AneurysmShape.FUSIFORM]
    assert _kolmogorov_smirnov([2.0 * s.radius_m for s in sacs], d.ANEURYSM_M) < 1.95
    assert _kolmogorov_smirnov([s.length_m for s in fusiform], d.FUSIFORM_LENGTH_M) < 1.95
    assert _kolmogorov_smirnov([s.length_m for s in saccular], d.SACCULAR_LENGTH_M) < 1.95
    filled = [s.thrombus_fraction for s in sacs if s.thrombus_fraction > 0.0]
    assert _kolmogorov_smirnov(filled, d.THROMBUS_FRACTION) < 1.95
    for p in patients:
        if p.aorta.aneurysm is not None:
            assert p.aorta.bifurcation_z_m < p.aorta.aneurysm.z_m <= d.ANEURYSM_TOP_Z_M


SHARES: dict[str, tuple[Group, Group, Share]] = {
    "men": (lambda p: p.sex == "M", lambda _: True, d.MALE),
    "reduced ejection": (lambda p: p.heart.ejection_fraction <= d.EF_REDUCED.high, lambda _: True, d.REDUCED_EF),
    "hypertrophy": (lambda p: p.heart.wall_m >= d.WALL_HYPERTROPHY_M.low, lambda _: True, d.HYPERTROPHY),
    "effusion": (lambda p: p.heart.effusion_m > 0.0, lambda _: True, d.EFFUSION),
    "aneurysm": (lambda p: p.aorta.aneurysm is not None, lambda _: True, d.ANEURYSM),
    "saccular": (
        lambda p: p.aorta.aneurysm.shape is AneurysmShape.SACCULAR,
        lambda p: p.aorta.aneurysm is not None,
        d.SACCULAR,
    ),
    "thrombus": (
        lambda p: p.aorta.aneurysm.thrombus_fraction > 0.0,
        lambda p: p.aorta.aneurysm is not None,
        d.THROMBUS,
    ),
    "dissection": (lambda p: p.aorta.dissection is not None, lambda p: p.aorta.aneurysm is None, d.DISSECTION),
}


@pytest.mark.parametrize("name", SHARES)
def test_a_share_of_patients_is_the_stated_one(patients: list[Patient], name: str) -> None:
    has, group, share = SHARES[name]
    members = [p for p in patients if group(p)]
    found = np.mean([has(p) for p in members])
    assert abs(found - share.share) < 3.3 * math.sqrt(share.share * (1.0 - share.share) / len(members))


def test_fibrillation_grows_with_age_to_about_eight_in_a_hundred(patients: list[Patient]) -> None:
    low = 0.0
    for limit, share in d.FIBRILLATION_UP_TO_YEARS:
        group = [_fibrillating(p) for p in patients if low < p.age_years <= limit]
        assert abs(np.mean(group) - share.share) < 3.3 * math.sqrt(share.share * (1.0 - share.share) / len(group))
        low = limit
    assert 0.05 < np.mean([_fibrillating(p) for p in patients]) < 0.11


def test_sinuses_lie_around_the_regression_on_age_and_surface(patients: list[Patient]) -> None:
    base, per_year, per_m2, per_sex, error = d.SINUS_M

    def z(p: Patient) -> float:
        usual = base + per_year * p.age_years + per_m2 * _surface(p) + per_sex * (1.0 if p.sex == "M" else 2.0)
        return (2.0 * p.heart.sinus_radius_m + d.ROOT_EDGE_M - usual) / error

    scores = np.array([z(p) for p in patients])
    free = np.array([p.heart.sinus_radius_m > 1.15 * p.heart.root_radius_m + 1e-9 for p in patients])
    assert 0.04 < np.mean(scores > 2.4) < 0.12  # dilated roots
    usual = scores[free & (scores < 2.4)]
    assert abs(np.median(usual)) < 0.35 and 0.6 < usual.std() < 1.1


def test_fat_and_girth_grow_with_body_mass_index(patients: list[Patient]) -> None:
    bmi = np.array([_bmi(p) for p in patients])
    for value in (
        [p.torso.fat_abdomen_m for p in patients],
        [p.torso.fat_chest_m for p in patients],
        [p.torso.half_width_abdomen_m for p in patients],
        [p.torso.back_y_m - p.torso.belly_m for p in patients],
    ):
        assert np.corrcoef(bmi, value)[0, 1] > 0.6


def test_every_patient_is_possible_supine_and_within_reach(patients: list[Patient]) -> None:
    for p in patients:
        validate(p)
        assert se3.is_rigid(p.T_base_patient)
        assert p.torso.half_width_abdomen_m <= 0.197 and p.torso.half_width_chest_m <= 0.197
        assert 0.014 < p.torso.rib_spacing_m - 2.0 * p.torso.rib_half_width_m < 0.032
        assert p.heart.apex_m[0] < 0.15 and p.heart.rotation[2, 2] > 0.0  # the base lies higher than the apex
        assert 1.1 * p.heart.root_radius_m < p.heart.sinus_radius_m < 0.028


def test_a_cut_normal_has_its_shape_and_nothing_at_its_limits() -> None:
    normal, rng = Normal(1.0, 0.5, 0.2, 1.4), np.random.default_rng(5)
    values = [normal.sample(rng) for _ in range(4000)]
    assert _kolmogorov_smirnov(values, normal) < 1.95
    assert _kolmogorov_smirnov(values, Uniform(0.2, 1.4)) > 3.0  # the test sees another shape
    assert normal.cdf(0.2) == 0.0 and normal.cdf(1.4) == pytest.approx(1.0)


@pytest.mark.parametrize("numbers", [(1.0, 0.0, 0.0, 2.0), (1.0, 0.5, 2.0, 0.0), (1.0, 0.1, 5.0, 6.0)])
def test_an_impossible_distribution_is_refused(numbers: tuple[float, float, float, float]) -> None:
    with pytest.raises(EchoPilotError, match="impossible"):
        Normal(*numbers)

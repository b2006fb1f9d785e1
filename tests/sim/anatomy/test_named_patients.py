"""The ten named patients are what they are called, can be built, and lie on their left side when turned."""

import math
from dataclasses import replace

import numpy as np
import pytest

from echopilot_core import EchoPilotError, View, se3
from echopilot_sim.anatomy import NAMES, Patient, build, named_patient, sample_patient, turned_left, validate
from echopilot_sim.anatomy.parameters import AneurysmShape, Position, RhythmKind
from echopilot_sim.anatomy.sampling import distributions as d
from echopilot_sim.anatomy.torso.skin import Skin
from echopilot_sim.anatomy.vessels.aorta import DIAPHRAGM_Z_M, outer_radius
from echopilot_sim.frame_state import Phases

CARDIAC = (View.PLAX, View.PSAX_AV, View.PSAX_MV, View.PSAX_PM, View.A4C, View.A5C, View.A2C, View.A3C, View.SC4C)
VIEWS = (*CARDIAC, View.AORTA_TRANS, View.AORTA_LONG)


def _widest(patient: Patient) -> float:
    zs = np.linspace(patient.aorta.bifurcation_z_m, DIAPHRAGM_Z_M, 200)
    return 2.0 * max(outer_radius(patient.aorta, float(z)) for z in zs)


def _findings(p: Patient) -> set[str]:
    """What is remarkable, by limits of the guidelines, in words of the names."""
    found = set()
    widest = _widest(p)
    if p.aorta.aneurysm is not None:
        thrombus = p.aorta.aneurysm.thrombus_fraction > 0.3
        found.add("aaa_large_thrombus" if widest >= 0.050 and thrombus else "aaa_small" if widest < 0.040 else "aaa")
    if p.heart.ejection_fraction < 0.52:
        found.add("low_ef")
    if p.weight_kg / p.height_m**2 >= 30.0:
        found.add("obese")
    if p.torso.rib_spacing_m - 2.0 * p.torso.rib_half_width_m < 0.016 and p.torso.lung_overlap_m >= 0.010:
        found.add("narrow_windows")
    if p.rhythm.kind is RhythmKind.ATRIAL_FIBRILLATION:
        found.add("afib")
    if p.heart.effusion_m > 0.0:
        found.add("effusion")
    if p.heart.sinus_radius_m > 0.020:
        found.add("dilated_root")
    if p.aorta.dissection is not None:
        found.add("dissection")
    return found


def test_there_are_the_ten_promised_names() -> None:
    assert set(NAMES) == {
        *("normal", "aaa_small", "aaa_large_thrombus", "low_ef", "obese"),
        *("narrow_windows", "afib", "effusion", "dilated_root", "dissection"),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_named_patient_has_what_its_name_says_and_nothing_else(name: str) -> None:
    patient = named_patient(name)
    validate(patient)
    assert patient.name == name
    assert _findings(patient) == (set() if name == "normal" else {name})


def test_named_aneurysms_have_their_size_thrombus_and_place() -> None:
    small, large = named_patient("aaa_small"), named_patient("aaa_large_thrombus")
    assert _widest(small) == pytest.approx(0.034, abs=2e-4)
    assert _widest(large) == pytest.approx(0.056, abs=2e-4)
    for p in (small, large):
        assert p.aorta.aneurysm.shape is AneurysmShape.FUSIFORM
        assert p.aorta.bifurcation_z_m < p.aorta.aneurysm.z_m < d.ANEURYSM_TOP_Z_M


@pytest.mark.parametrize("name", NAMES)
def test_a_named_patient_is_built_and_has_all_standard_views(name: str) -> None:
    anatomy = build(named_patient(name))
    for view in VIEWS:
        assert anatomy.view_target(view, Phases()) is not None, view.name


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(EchoPilotError, match=r"'healthy'.*choose one of normal, aaa_small"):
        named_patient("healthy")


ABSURD = {
    "ejection_fraction": lambda p: replace(p, heart=replace(p.heart, ejection_fraction=1.4)),
    "wall_m": lambda p: replace(p, heart=replace(p.heart, wall_m=float("nan"))),
    "radius_top_m": lambda p: replace(p, aorta=replace(p.aorta, radius_top_m=-0.01)),
    "radius_m": lambda p: replace(p, aorta=replace(p.aorta, aneurysm=replace(p.aorta.aneurysm, radius_m=0.5))),
    "aneurysm.z_m": lambda p: replace(p, aorta=replace(p.aorta, aneurysm=replace(p.aorta.aneurysm, z_m=0.1))),
    "rotation": lambda p: replace(p, heart=replace(p.heart, rotation=np.diag([1.0, 1.0, -1.0]))),
    "apex_m": lambda p: replace(p, heart=replace(p.heart, apex_m=np.array([2.0, 0.0, 0.0]))),
    "T_base_patient": lambda p: replace(p, T_base_patient=2.0 * p.T_base_patient),
    "fat_chest_m": lambda p: replace(p, torso=replace(p.torso, fat_chest_m=float("inf"))),
    "rib_half_width_m": lambda p: replace(p, torso=replace(p.torso, rib_half_width_m=0.0195)),
    "rate_hz": lambda p: replace(p, rhythm=replace(p.rhythm, rate_hz=0.0)),
    "sex": lambda p: replace(p, sex="X"),
}


@pytest.mark.parametrize("field", ABSURD)
def test_absurd_parameters_are_refused_by_field_before_anything_is_built(field: str) -> None:
    absurd = ABSURD[field](named_patient("aaa_small"))
    with pytest.raises(EchoPilotError, match=rf"{field}.*choose") as error:
        build(absurd)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("roll_deg", [30.0, 60.0, 90.0])
def test_turned_left_the_left_side_is_down_and_the_body_rests_on_the_table(roll_deg: float) -> None:
    patient = sample_patient(11)
    turned = turned_left(patient, math.radians(roll_deg))
    assert turned.position is Position.LEFT_LATERAL and se3.is_rigid(turned.T_base_patient)
    left_in_base = turned.T_base_patient[:3, 0]
    assert left_in_base[2] == pytest.approx(-math.sin(math.radians(roll_deg)), abs=1e-9)
    assert np.allclose(turned.T_base_patient[:3, 2], patient.T_base_patient[:3, 2])  # the body axis stays

    grid = np.stack(
        np.meshgrid(np.linspace(-0.22, 0.22, 60), np.linspace(-0.06, 0.27, 60), np.linspace(-0.15, 0.15, 10)), -1
    ).reshape(-1, 3)
    inside = grid[Skin(patient.torso).signed_distance(grid, 0.5) < 0.0]
    before, after = (se3.apply(p.T_base_patient, inside)[:, 2].min() for p in (patient, turned))
    assert after == pytest.approx(before, abs=0.008)


def test_turned_left_the_heart_comes_nearer_to_the_wall_and_keeps_its_views() -> None:
    patient = sample_patient(11)
    turned = turned_left(patient, math.radians(60.0))
    assert turned.heart.apex_m[0] > patient.heart.apex_m[0] + 0.003
    skin = Skin(patient.torso)
    depths = [-skin.signed_distance(p.heart.apex_m[None], 0.5)[0] for p in (patient, turned)]
    assert depths[0] - 0.006 < depths[1] < depths[0]
    assert turned.torso.lung_overlap_m < patient.torso.lung_overlap_m
    anatomy = build(turned)
    assert anatomy.view_target(View.A4C, Phases()) is not None


def test_only_supine_patients_turn_and_only_to_a_right_angle() -> None:
    patient = sample_patient(11)
    for roll_rad in (-0.1, 1.7, float("nan")):
        with pytest.raises(EchoPilotError, match="roll_rad"):
            turned_left(patient, roll_rad)
    with pytest.raises(EchoPilotError, match="supine"):
        turned_left(turned_left(patient, 0.5), 0.5)

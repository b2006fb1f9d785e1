"""Properties of the beating heart: volumes, muscle, valves, chambers and the still end of its aorta."""

import dataclasses
from functools import cache

import numpy as np
import pytest
from scipy.integrate import trapezoid

from echopilot_core import SegmentationClass
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy import CLASS_OF_MATERIAL, Material, sample_patient
from echopilot_sim.anatomy.heart import aortic_root
from echopilot_sim.anatomy.heart import beating_heart as heart
from echopilot_sim.anatomy.heart import motion as heart_motion

STEP_M = 0.0011
ES = 0.38


@cache
def made(seed: int) -> heart.BuiltHeart:
    """The heart drawn from a seed; nothing changes it."""
    built = heart.build(sample_patient(seed).heart)
    assert built is not None
    return built


@pytest.fixture(scope="module", params=[3, 600001])
def built(request: pytest.FixtureRequest) -> heart.BuiltHeart:
    return made(request.param)


def materials_at(built: heart.BuiltHeart, points: np.ndarray, phase: float) -> tuple[np.ndarray, np.ndarray]:
    """Materials (N,), -1 outside, and tissue coordinates (N, 3) of points (N, 3) in heart axes."""
    state = heart.state(built, phase, 0.5, 0.0)
    materials, tissue = np.empty(len(points), np.int64), np.empty((len(points), 3))
    _classify(state, built.heart.apex_m + points @ built.heart.rotation.T, materials, tissue)
    return materials, tissue


@njit
def _classify(state: heart.State, points: np.ndarray, materials: np.ndarray, tissue: np.ndarray) -> None:
    for i in range(len(points)):
        m, a, b, c = heart.classify(state, points[i, 0], points[i, 1], points[i, 2])
        materials[i] = m
        tissue[i, 0], tissue[i, 1], tissue[i, 2] = a, b, c


def lattice(low: tuple[float, float, float], high: tuple[float, float, float], step: float = STEP_M) -> np.ndarray:
    axes = [np.arange(lo, hi, step) for lo, hi in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


@pytest.mark.parametrize("phase", [0.0, 0.2, ES, 0.6])
def test_profile_holds_the_prescribed_volume_and_conserves_muscle(built: heart.BuiltHeart, phase: float) -> None:
    now, rest = (heart_motion.lv_profile(built.heart, p) for p in (phase, 0.0))
    cavity = np.pi * trapezoid(now.inner2_m2, now.height_m)
    muscle = np.pi * trapezoid(now.outer2_m2 - now.inner2_m2, now.height_m)
    rest_muscle = np.pi * trapezoid(rest.outer2_m2 - rest.inner2_m2, rest.height_m)
    assert cavity == pytest.approx(heart.lv_volume_m3(built.heart, phase), rel=1e-3)
    assert muscle == pytest.approx(rest_muscle, rel=1e-3)


def test_labeled_cavity_has_the_closed_volume_and_ejection_fraction(built: heart.BuiltHeart) -> None:
    volumes = []
    for phase in (0.0, ES):
        annulus, step = heart.annulus_m(built.heart, phase), 0.0014
        layers = round(annulus / step)
        points = lattice((-0.045, -0.045, 0.5 * annulus / layers), (0.045, 0.045, annulus), step)
        points[:, 2] *= annulus / layers / step
        points[:, 2] += 0.5 * annulus / layers * (1.0 - annulus / layers / step)
        labels, _ = materials_at(built, points, phase)
        cavity = CLASS_OF_MATERIAL[np.maximum(labels, 0)] == SegmentationClass.LV
        at_base = (
            Material.LEAFLET,
            Material.BLOOD_ROOT,
            Material.ROOT_WALL,
            Material.BLOOD_LA,
            Material.MYOCARDIUM_ATRIA,
        )
        cavity |= heart.in_cavity(built.heart, phase, points) & np.isin(labels, at_base)
        cell, closed = step**2 * annulus / layers, heart.lv_volume_m3(built.heart, phase)
        outlined = np.count_nonzero(heart.in_cavity(built.heart, phase, points)) * cell
        volumes.append(np.count_nonzero(cavity) * cell)
        print(f"phase {phase}: outline {outlined / closed:.4f}, labels {volumes[-1] / closed:.4f} of the closed form")
        assert outlined == pytest.approx(closed, rel=0.003)
        assert volumes[-1] == pytest.approx(
            closed, rel=0.01 if phase == 0.0 else 0.015
        )  # the ragged wall grows rougher
    assert 1.0 - volumes[1] / volumes[0] == pytest.approx(built.heart.ejection_fraction, abs=0.005)


def test_walls_thicken_and_the_annulus_descends(built: heart.BuiltHeart) -> None:
    rest, now = (heart_motion.lv_profile(built.heart, p) for p in (0.0, ES))
    middle = slice(60, 150)
    walls = [np.sqrt(p.outer2_m2[middle]) - np.sqrt(p.inner2_m2[middle]) for p in (rest, now)]
    assert (walls[1] > 1.1 * walls[0]).all()
    assert now.height_m[-1] < rest.height_m[-1] - 0.15 * built.heart.ejection_fraction * built.heart.length_m


def test_motion_is_smooth_and_periodic(built: heart.BuiltHeart) -> None:
    phases = np.linspace(0.0, 1.0, 201)
    profiles = [heart_motion.lv_profile(built.heart, float(p)) for p in phases]
    inner = np.array([p.inner2_m2 for p in profiles]) ** 0.5
    assert np.abs(np.diff(inner, axis=0)).max() < 0.0008
    assert np.allclose(inner[0], inner[-1], atol=1e-9)


def test_tissue_coordinates_follow_the_muscle(built: heart.BuiltHeart) -> None:
    """Muscle that the map calls the same piece of tissue keeps its label through the beat."""
    points = lattice((-0.045, -0.045, 0.01), (0.045, 0.045, 0.09), 0.004)
    rest, tissue = materials_at(built, points, 0.0)
    now, moved = materials_at(built, points, 0.3)
    wall = np.flatnonzero(now == Material.MYOCARDIUM_LV)
    again, _ = materials_at(built, moved[wall], 0.0)
    assert np.mean(np.isin(again, [Material.MYOCARDIUM_LV, Material.BLOOD_LV, Material.TRABECULA])) == 1.0
    assert np.mean(again == Material.MYOCARDIUM_LV) > 0.97
    assert np.allclose(tissue[rest == Material.MYOCARDIUM_LV], points[rest == Material.MYOCARDIUM_LV], atol=1e-6)
    turned = np.unwrap(np.arctan2(moved[wall, 1], moved[wall, 0]) - np.arctan2(points[wall, 1], points[wall, 0]))
    apical, basal = points[wall, 2] < 0.03, points[wall, 2] > 0.07
    assert abs(np.median(turned[apical])) > abs(np.median(turned[basal])) + 0.03


def test_trabeculae_grow_towards_the_apex_and_obey_their_parameter() -> None:
    drawn = sample_patient(3).heart
    assert drawn is not None
    shares = []
    for amount in (0.0, 1.0):
        made = heart.build(dataclasses.replace(drawn, trabeculation=amount))
        assert made is not None
        low, high = (0.30, 0.85)
        counts = []
        for share in (low, high):
            c = share * heart.annulus_m(drawn, 0.0)
            k = int((c - made.grid.origin_m[2]) / 0.0008)
            layer = made.grid.labels[k - 4 : k + 4]
            cavity = np.isin(layer, [Material.BLOOD_LV, Material.TRABECULA, Material.PAPILLARY])
            counts.append(np.count_nonzero(layer == Material.TRABECULA) / np.count_nonzero(cavity))
        shares.append(counts)
    assert shares[0] == [0.0, 0.0]
    assert shares[1][0] > 2.0 * shares[1][1] > 0.0


def test_closed_mitral_valve_separates_ventricle_from_atrium(built: heart.BuiltHeart) -> None:
    """No straight line through the orifice passes the closed valve; in early filling most pass."""

    def passing(phase: float) -> float:
        annulus, ring = heart.annulus_m(built.heart, phase), heart.state(built, phase, 0.5, 0.0)[0][33]
        axis = np.array([0.5446, 0.8387, 0.0])
        across = np.array([0.8387, -0.5446, 0.0])
        lines = [
            (s * axis + w * across) * ring
            + [0.0, 0.0, 1.0] * np.arange(annulus - 0.026, annulus + 0.004, 0.00025)[:, None]
            for s in np.linspace(-0.85, 0.15, 15)
            for w in (-0.4, 0.0, 0.4)
        ]
        return float(np.mean([not np.any(materials_at(built, line, phase)[0] == Material.LEAFLET) for line in lines]))

    assert passing(0.2) < 0.05
    assert passing(0.55) > 0.35


def test_aortic_cusps_close_to_a_star_and_open_in_systole(built: heart.BuiltHeart) -> None:
    def central(phase: float) -> int:
        """Cusp points within half the radius of the valve's axis, in the plane of coaptation."""
        f = heart.state(built, phase, 0.5, 0.0)[0]
        base, u, v, n, radius = f[19:22], f[22:25], f[25:28], f[28:31], f[31]
        angles = np.radians(np.arange(0, 360, 3))
        ring = np.cos(angles)[:, None] * u + np.sin(angles)[:, None] * v
        plane = base + 0.75 * radius * n + np.concatenate([s * radius * ring for s in (0.3, 0.4, 0.5)])
        return int(np.count_nonzero(materials_at(built, plane, phase)[0] == Material.LEAFLET))

    assert 9 <= central(0.8) < 120
    assert central(0.2) == 0


def test_ascending_end_stands_still_and_holds_blood_of_its_radius(built: heart.BuiltHeart) -> None:
    point, direction, radius = heart.ascending_end(built.heart)
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    inward = point - 0.002 * direction
    side = np.cross(direction, [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    for phase in (0.0, 0.2, ES):
        state = heart.state(built, phase, 0.5, 0.0)
        for share, material in ((0.0, Material.BLOOD_ROOT), (0.9, Material.BLOOD_ROOT), (1.07, Material.ROOT_WALL)):
            assert heart.classify(state, *(inward + share * radius * side))[0] == material, (phase, share)


def test_dilated_sinuses_widen_the_labeled_root() -> None:
    drawn = made(3).heart
    wide = dataclasses.replace(drawn, sinus_radius_m=drawn.sinus_radius_m + 0.006)
    built = heart.build(wide)
    assert built is not None
    voxels = [np.count_nonzero(h.grid.labels == Material.BLOOD_ROOT) for h in (built, made(3))]
    gained_m3 = (voxels[0] - voxels[1]) * 0.0008**3
    along = np.arange(0.0, 0.060, 0.0002)  # beyond it both roots are the tubular aorta
    areas = [np.pi * aortic_root.inner_radius(h, along) ** 2 for h in (wide, drawn)]
    assert gained_m3 == pytest.approx(trapezoid(areas[0] - areas[1], along), rel=0.25)


def test_atria_fill_while_the_ventricle_empties(built: heart.BuiltHeart) -> None:
    points = lattice((-0.04, -0.045, 0.05), (0.07, 0.03, 0.15), 0.003)
    for chamber in (Material.BLOOD_LA, Material.BLOOD_RA):
        rest, full = (np.count_nonzero(materials_at(built, points, p)[0] == chamber) for p in (0.0, ES))
        assert full > 1.05 * rest, chamber.name


def test_fluid_lies_behind_the_heart_and_only_with_effusion() -> None:
    drawn = made(3).heart
    wet = heart.build(dataclasses.replace(drawn, effusion_m=0.014))
    assert drawn.effusion_m == 0.0 and wet is not None
    assert not np.any(made(3).grid.labels == Material.EFFUSION)
    index = np.argwhere(wet.grid.labels == Material.EFFUSION)[:, ::-1] * 0.0008 + wet.grid.origin_m
    middle = 0.55 * heart.annulus_m(drawn, 0.0) * drawn.rotation[:, 2] + 0.014 * drawn.rotation[:, 0]
    depth = (index @ drawn.rotation.T - middle)[:, 1]
    assert np.mean(depth > 0.0) > 0.6

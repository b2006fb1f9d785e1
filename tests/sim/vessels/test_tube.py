"""Properties of tubes and the aorta made of them: closed forms, calibre in the labels, stations and their inverse."""

from dataclasses import replace

import numpy as np
import pytest

from built_patients import drawn
from echopilot_core import EchoPilotError
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy import Anatomy, Material, build, sample_patient
from echopilot_sim.anatomy.parameters import Dissection
from echopilot_sim.anatomy.vessels.tube import FLAP_M, TubeKind, VesselTube, course, least_turning, plain
from echopilot_sim.anatomy.vessels.tube_grid import PER_CELL, build_grid, classify
from echopilot_sim.anatomy.vessels.vessels import Vessels, pulse
from echopilot_sim.frame_state import Phases

AORTIC = (Material.BLOOD_AORTA, Material.AORTA_WALL, Material.THROMBUS, Material.FLAP, Material.BLOOD_FALSE_LUMEN)
WALL_M = 0.0015
_STEP = 5e-5


def _labels(tubes: list[VesselTube], points: np.ndarray, change: float = 0.0) -> np.ndarray:
    grid = build_grid(tubes)
    cells = ((points - grid.origin_m) * PER_CELL).astype(int)
    within = ((cells >= 0) & (cells < grid.cells.shape)).all(axis=1)
    rows = np.where(within, grid.cells[tuple(np.where(within[:, None], cells, 0).T)], -1)
    out = np.full(len(points), -1)
    _classify(grid.nodes, grid.tubes, grid.owner, grid.lists, rows, change, points, out)
    return out


@njit
def _classify(nodes, tubes, owner, lists, rows, change, points, out):  # type: ignore[no-untyped-def]
    for i in range(len(points)):
        if rows[i] >= 0:
            x, y, z = points[i]
            out[i] = classify(nodes, tubes, owner, lists, rows[i], change, x, y, z, y, z)[0]


def _width(
    tubes: list[VesselTube], center: np.ndarray, direction: np.ndarray, wanted: tuple[int, ...], reach: float
) -> float:
    t = np.arange(-reach, reach, _STEP)
    labels = _labels(tubes, center + t[:, None] * direction)
    return float(np.count_nonzero(np.isin(labels, wanted)) * _STEP)


def _aorta(line: np.ndarray, outer: np.ndarray | float, **more: object) -> VesselTube:
    n = len(line)
    outer_m = np.broadcast_to(np.asarray(outer, dtype=float), (n,)).copy()
    tube = VesselTube(
        "aorta", TubeKind.AORTA, line, least_turning(line, np.array([1.0, 0.0, 0.0])), outer_m,
        outer_m - WALL_M, np.zeros((n, 2)), WALL_M,
    )  # fmt: skip
    return replace(tube, **more)


def _straight(length: float = 0.12) -> np.ndarray:
    return course(np.array([[0.01, 0.1, 0.0], [0.01, 0.1, -length]]))


def _arch(radius: float) -> np.ndarray:
    a = np.linspace(0.0, np.pi, 41)
    return course(radius * np.column_stack([np.zeros_like(a), -np.cos(a), np.sin(a)]))


def test_straight_tube_has_its_calibre_and_its_wall() -> None:
    tube, middle = _aorta(_straight(), 0.011), np.array([0.01, 0.1, -0.0613])
    for angle in (0.0, 0.4, 1.1, 2.0):
        d = np.array([np.cos(angle), np.sin(angle), 0.0])
        assert _width([tube], middle, d, AORTIC, 0.03) == pytest.approx(0.022, abs=1e-4)
        assert _width([tube], middle, d, (Material.BLOOD_AORTA,), 0.03) == pytest.approx(0.022 - 2 * WALL_M, abs=1e-4)


def test_a_bent_tube_keeps_its_calibre_at_every_place() -> None:
    line = _arch(0.030)
    tube = _aorta(line, 0.014)
    for i in range(3, len(line) - 3, 7):
        tangent = tube.tangent[i]
        point = line[i] + 0.37 * (line[i + 1] - line[i])
        for d in (tube.u[i], np.cross(tangent, tube.u[i])):
            assert _width([tube], point, d, AORTIC, 0.022) == pytest.approx(0.028, abs=2e-4)


def test_tapering_radius_is_interpolated() -> None:
    line = _straight()
    outer = np.linspace(0.012, 0.006, len(line))
    for share in (0.201, 0.498, 0.803):
        center = line[0] + share * (line[-1] - line[0])
        width = _width([_aorta(line, outer)], center, np.array([0.0, 1.0, 0.0]), AORTIC, 0.03)
        assert width == pytest.approx(2 * (0.012 - 0.006 * share), abs=1e-4)


def test_elliptic_tube_is_flat_along_v() -> None:
    tube = plain("cava", TubeKind.CAVA, _straight(), 0.010, 0.0008, 0.7)
    center = np.array([0.01, 0.1, -0.05])
    v = np.cross(tube.tangent[0], tube.u[0])
    inside = (Material.BLOOD_IVC, Material.VESSEL_WALL)
    assert _width([tube], center, tube.u[0], inside, 0.03) == pytest.approx(2 * 0.0108, abs=1e-4)
    assert _width([tube], center, v, inside, 0.03) == pytest.approx(2 * 0.7 * 0.0108, abs=1e-4)


def test_saccular_bulge_moves_one_wall_only() -> None:
    line = _straight()
    z = line[:, 2] + 0.06
    widening = 0.015 * np.exp(-((z / 0.012) ** 2))
    tube = _aorta(line, 0.010 + widening, outer_shift_m=np.column_stack([0 * z, widening]), wall_m=WALL_M)
    tube = replace(tube, lumen_m=tube.outer_m - WALL_M)
    v = np.cross(tube.tangent[0], tube.u[0])
    k = int(np.argmax(widening))
    t = np.arange(-0.05, 0.06, _STEP)
    inside = np.isin(_labels([tube], line[k] + t[:, None] * v), AORTIC)
    assert t[inside].min() == pytest.approx(-0.010, abs=2e-4)
    assert t[inside].max() == pytest.approx(0.010 + 2 * widening[k], abs=2e-4)


def test_thrombus_fills_what_the_lumen_leaves() -> None:
    line = _straight()
    n = len(line)
    tube = _aorta(line, 0.020, lumen_m=np.full(n, 0.010), shift_m=np.tile([0.006, 0.0], (n, 1)))
    center, u = np.array([0.01, 0.1, -0.05]), tube.u[0]
    lumen = np.array([0.010 + 0.006 * u[0], 0.1, -0.05])
    assert _width([tube], lumen, u, (Material.BLOOD_AORTA,), 0.05) == pytest.approx(0.020, abs=1e-4)
    assert _width([tube], center, u, (Material.THROMBUS,), 0.05) == pytest.approx(0.040 - 0.020 - 0.003, abs=2e-4)


def test_flap_divides_true_from_false_lumen() -> None:
    line = _straight()
    n = len(line)
    tube = _aorta(line, 0.015, flap_m=np.full(n, -0.004), flap_rad=np.full(n, np.pi / 2))
    center, v = np.array([0.01, 0.1, -0.05]), np.cross(tube.tangent[0], tube.u[0])
    flap = _width([tube], center, v, (Material.FLAP,), 0.03)
    true = _width([tube], center, v, (Material.BLOOD_AORTA,), 0.03)
    false = _width([tube], center, v, (Material.BLOOD_FALSE_LUMEN,), 0.03)
    assert flap == pytest.approx(FLAP_M, abs=1e-4)
    assert true == pytest.approx(0.0135 - 0.004 - FLAP_M / 2, abs=1e-4)
    assert false == pytest.approx(0.0135 + 0.004 - FLAP_M / 2, abs=1e-4)
    assert true + false + flap + 2 * WALL_M == pytest.approx(0.030, abs=2e-4)


def test_arteries_pulse_and_veins_do_not() -> None:
    line = _straight()
    point = np.array([[0.01, 0.1 + 0.0101, -0.05]])
    assert _labels([_aorta(line, 0.010)], point)[0] == -1
    assert _labels([_aorta(line, 0.010)], point, 0.03)[0] == Material.AORTA_WALL
    assert _labels([plain("cava", TubeKind.CAVA, line, 0.0092, 0.0008)], point, 0.03)[0] == -1


def test_a_branch_opens_into_the_aorta_and_a_vein_does_not() -> None:
    aorta = _aorta(_straight(), 0.010)
    side = course(np.array([[0.01 + 0.006, 0.1, -0.05], [0.01 + 0.04, 0.1, -0.05]]))
    wall = np.array([[0.01 + 0.0095, 0.1, -0.05]])
    assert _labels([aorta], wall)[0] == Material.AORTA_WALL
    assert _labels([aorta, plain("renal", TubeKind.BRANCH, side, 0.003, 0.0008)], wall)[0] == Material.BLOOD_BRANCH
    assert _labels([aorta, plain("vein", TubeKind.VEIN, side, 0.003, 0.0008)], wall)[0] == Material.AORTA_WALL


def test_the_index_finds_every_point_of_many_tubes() -> None:
    rng = np.random.default_rng(5)
    for _ in range(6):
        knots = np.cumsum(rng.normal(0.0, 0.03, (6, 3)), axis=0)
        tube = plain("tube", TubeKind.BRANCH, course(knots), float(rng.uniform(0.002, 0.006)), 0.0008)
        i = rng.integers(2, len(tube.centre_m) - 2, 40)
        away = rng.normal(size=(40, 3))
        away -= np.sum(away * tube.tangent[i], axis=1, keepdims=True) * tube.tangent[i]
        away *= 0.85 * tube.lumen_m[i, None] / np.linalg.norm(away, axis=1, keepdims=True)
        assert (_labels([tube], tube.centre_m[i] + away) == Material.BLOOD_BRANCH).all()


def test_stations_and_nearest_points_are_inverse() -> None:
    line = _arch(0.05)
    vessels = Vessels.of([_aorta(line, 0.01)], (0.03, 0.12))
    assert vessels.abdominal_arc_m[-1] == pytest.approx(0.09)
    for station in (0.0, 0.011, 0.0437, 0.089):
        section = vessels.section(station)
        assert vessels.station_of(section.course_m) == pytest.approx(station, abs=2e-4)
        assert abs(section.u @ section.tangent) < 1e-9 and abs(section.v @ section.tangent) < 1e-9
        assert np.linalg.norm(section.course_m) == pytest.approx(0.05, abs=1e-4)


def test_half_widths_of_an_ellipse_are_its_half_axes() -> None:
    vessels = Vessels.of([_aorta(_straight(), 0.012, flatness=0.8)], (0.0, 0.1))
    section = vessels.section(0.05)
    assert section.half_width(section.u) == pytest.approx((0.012, 0.012 - WALL_M))
    assert section.half_width(section.v) == pytest.approx((0.8 * 0.012, 0.8 * (0.012 - WALL_M)))
    diagonal = section.half_width(section.u + section.v)[0]
    assert diagonal == pytest.approx(1.0 / np.sqrt(0.5 / 0.012**2 + 0.5 / (0.8 * 0.012) ** 2))


def test_impossible_vessels_are_refused_in_one_line() -> None:
    tube = _aorta(_straight(), 0.01)
    with pytest.raises(EchoPilotError, match="abdominal range"):
        Vessels.of([tube], (0.05, 0.5))
    with pytest.raises(EchoPilotError, match="kind AORTA"):
        Vessels.of([tube, tube], (0.0, 0.1))
    with pytest.raises(EchoPilotError, match="kind AORTA"):
        Vessels.of([], (0.0, 0.1))
    assert not Vessels.of([], None).has_abdominal_aorta


def _dissected() -> Anatomy:
    patient = sample_patient(12)
    assert patient.aorta is not None
    flap = Dissection(end_z_m=-0.10, true_share=0.4, angle_rad=0.5, twist_rad_m=6.0, widening=1.3)
    return build(replace(patient, aorta=replace(patient.aorta, aneurysm=None, dissection=flap)))


@pytest.mark.parametrize("seed", [1, 5, 33, -1])
def test_labeled_aorta_has_the_calibre_of_its_sections(seed: int) -> None:
    """Seed 5 has a thrombosed aneurysm, 33 a sac; -1 stands for a dissection. Slow systole: 3 % wider."""
    anatomy = drawn(seed) if seed >= 0 else _dissected()
    t = np.arange(-0.045, 0.045, 1e-4)
    scale = 1.0 + pulse(0.22)
    for station in np.linspace(0.045, float(anatomy.vessels.abdominal_arc_m[-1]) - 0.015, 6):
        section = anatomy.vessels.section(float(station))
        for direction in (section.u, section.v, (section.u + section.v) / np.sqrt(2.0)):
            labels, _ = anatomy.label_points(section.centre_m + t[:, None] * direction, Phases(0.22, 0.5))
            inside = np.isin(labels, AORTIC)
            middle = len(t) // 2
            left = middle - int(np.argmin(inside[middle::-1]))
            right = middle + int(np.argmin(inside[middle:]))
            width = (right - left) * 1e-4
            assert width == pytest.approx(2.0 * scale * section.half_width(direction)[0], abs=3e-4), station


def test_the_aorta_runs_on_from_the_heart_to_both_iliacs() -> None:
    for seed in (0, 3, 600000):
        anatomy = drawn(seed)
        names = {tube.name: tube for tube in anatomy.vessels.tubes}
        assert {"aorta", "coeliac trunk", "superior mesenteric artery", "left common iliac", "portal vein"} <= set(
            names
        )
        aorta = names["aorta"]
        line = np.vstack([aorta.centre_m, names["left common iliac"].centre_m])
        labels, _ = anatomy.label_points(line, Phases())
        blood = [Material.BLOOD_AORTA, Material.BLOOD_ROOT, Material.FLAP, Material.BLOOD_FALSE_LUMEN]
        assert np.isin(labels[: len(aorta.centre_m) - 2], [*blood, Material.THROMBUS]).mean() > 0.97, seed
        assert aorta.centre_m[:, 2].max() > 0.08  # the arch lies above the heart
        assert float(np.abs(np.diff(aorta.tangent, axis=0)).max()) < 0.25  # no kink


def test_no_vessel_of_the_belly_cuts_into_the_aorta() -> None:
    """The cava, the renal vein and the arteries in front leave the aortic wall whole, at mid pulse."""
    for seed in (1, 5, 33, 600001):
        vessels = drawn(seed).vessels
        for station in vessels.abdominal_arc_m[8:-8:4]:
            section = vessels.section(float(station))
            for tube in vessels.tubes:
                if tube.kind not in (TubeKind.CAVA, TubeKind.PORTAL) or "iliac" in tube.name:
                    continue
                off = tube.centre_m - section.centre_m
                near = np.abs(off @ section.tangent) < 0.002
                if near.any():
                    gap = np.linalg.norm(off[near], axis=1) - section.outer_m - tube.outer_m[near]
                    assert gap.min() > -0.002, (seed, tube.name, station)

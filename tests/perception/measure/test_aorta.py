"""Aortic diameters: conventions, invariances, tilt along tracked sections, and what sigma promises."""

import random

import numpy as np
import pytest
from mask_shapes import COARSE, FINE, Array, Cells, doubtful_ellipse, ellipse

from echopilot_core import CaliperConvention, EchoPilotError, Measurement, se3
from echopilot_perception.measure import aorta, cuts_of, fit_center_line, image_poses

SEED = 7


def section(cells: Cells, lumen: Array, outer: Array) -> aorta.AorticSection:
    found = aorta.measure_section(lumen, outer - lumen, cells.x_m, cells.y_m, cells.spacing_m)
    assert found is not None
    return found


def by_convention(rows: tuple[Measurement, ...], direction: str) -> list[float]:
    order = (CaliperConvention.INNER_TO_INNER, CaliperConvention.LEADING_EDGE, CaliperConvention.OUTER_TO_OUTER)
    return [next(m.value for m in rows if m.convention is c and m.name.endswith(direction)) for c in order]


def test_conventions_never_mix_and_keep_their_order() -> None:
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    for _ in range(8):
        r, wall = rng.uniform(0.007, 0.025), rng.uniform(0.0012, 0.003)
        cx, cy = rng.uniform(-0.02, 0.02), rng.uniform(0.06, 0.1)
        inner, outer = (COARSE.mask(ellipse(cx, cy, s, s)) for s in (r, r + wall))
        rows = aorta.measurements(section(COARSE, inner, outer))
        assert len({(m.name, m.convention) for m in rows}) == 6
        for direction in ("ap", "transverse"):
            inner_m, leading_m, outer_m = by_convention(rows, direction)
            assert inner_m < leading_m < outer_m
            assert inner_m == pytest.approx(2 * r, abs=0.0006)
            assert leading_m == pytest.approx(2 * r + wall, abs=0.0007)
            assert outer_m == pytest.approx(2 * (r + wall), abs=0.0006)


def test_thrombus_is_inside_the_leading_edge_diameter() -> None:
    rows = aorta.measurements(
        section(COARSE, COARSE.mask(ellipse(0.0, 0.083, 0.008, 0.008)), COARSE.mask(ellipse(0.0, 0.09, 0.02, 0.02)))
    )
    inner_m, leading_m, outer_m = by_convention(rows, "ap")
    assert inner_m == pytest.approx(0.016, abs=0.0006)
    assert outer_m == pytest.approx(0.040, abs=0.0006)
    assert leading_m == pytest.approx(outer_m - aorta.MAX_WALL_M)


def test_end_points_span_the_number_they_belong_to() -> None:
    rows = aorta.measurements(
        section(FINE, FINE.mask(ellipse(0.01, 0.08, 0.010, 0.008)), FINE.mask(ellipse(0.01, 0.08, 0.012, 0.010)))
    )
    for m in rows:
        first, second = m.end_points
        assert np.hypot(second.x_m - first.x_m, second.y_m - first.y_m) == pytest.approx(m.value)
        across = second.y_m - first.y_m if m.name.endswith("ap") else second.x_m - first.x_m
        assert across == pytest.approx(m.value)


def test_only_the_direction_in_which_the_plane_leans_is_corrected() -> None:
    found = section(COARSE, COARSE.mask(ellipse(0, 0.09, 0.008, 0.008)), COARSE.mask(ellipse(0, 0.09, 0.01, 0.01)))
    square, tilted = aorta.measurements(found), aorta.measurements(found, tilt=aorta.elevation_tilt(0.4))
    for before, after in zip(square, tilted, strict=True):
        factor = np.cos(0.4) if before.name.endswith("ap") else 1.0
        assert after.value == pytest.approx(before.value * factor)
        assert after.obliquity_rad == pytest.approx(0.4)


def test_sigma_of_a_diameter_covers_the_truth() -> None:
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    for sigma_m in (0.0006, 0.0015):
        off = []
        for _ in range(60):
            outer = doubtful_ellipse(COARSE, rng, 0.013, 0.013, sigma_m)
            lumen = np.minimum(COARSE.mask(ellipse(0.0, 0.08, 0.009, 0.009), 2), outer)
            found = section(COARSE, lumen, outer)
            off.append((found.outer.ap_m - 0.026) / found.outer.sigma_m)
        share = float(np.mean(np.abs(off) < 1.0))
        print(sigma_m, "within one sigma", share, "rms", np.sqrt(np.mean(np.square(off))))
        assert 0.5 < share < 0.97
        assert np.mean(np.abs(off) < 2.0) > 0.85


def sweep(tilt_rad: float, yaw_rad: float, bend_m: float = 0.0) -> tuple[Array, Array, Array]:
    """Poses, centers and tangents in us_image of sections along a tube down base -y that bends by a parabola."""
    n = 200
    s = np.linspace(-0.06, 0.06, n)
    centers = np.column_stack([np.full(n, 0.5), -s, 0.1 + bend_m * (s / 0.06) ** 2])
    axes = np.column_stack([np.zeros(n), -np.ones(n), 2.0 * bend_m * s / 0.06**2])
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    turn = se3.so3_exp(np.array([tilt_rad, 0.0, 0.0])) @ se3.so3_exp(np.array([0.0, 0.0, yaw_rad]))
    probe = np.stack([se3.transform(np.diag([1.0, -1.0, -1.0]) @ turn, np.array([0.5, -u, 0.2])) for u in s])
    image = image_poses(probe)
    offset = np.einsum("nij,ni->nj", image[:, :3, :3], centers - image[:, :3, 3])
    tangents = np.einsum("nij,ni->nj", image[:, :3, :3], axes)
    middles = offset - tangents * (offset[:, 2] / tangents[:, 2])[:, None]
    return image, middles[:, :2], tangents


@pytest.mark.parametrize("tilt_deg", [-15.0, 0.0, 10.0])
@pytest.mark.parametrize("yaw_deg", [0.0, 12.0])
def test_obliquity_and_stretch_of_a_straight_tube_are_exact(tilt_deg: float, yaw_deg: float) -> None:
    poses, centers, tangents = sweep(np.radians(tilt_deg), np.radians(yaw_deg))
    cuts = cuts_of(poses, centers)
    assert cuts is not None
    assert np.allclose(np.cos(cuts.obliquity_rad), np.abs(tangents[:, 2]), atol=1e-6)
    # extents of the ellipse that the plane z = 0 cuts out of a cylinder: |p|^2 - (p . t)^2 = r^2
    for k in (0, 100, 199):
        t = tangents[k, :2]
        spread = np.linalg.inv(np.eye(2) - np.outer(t, t))
        assert cuts.transverse_stretch[k] == pytest.approx(np.sqrt(spread[0, 0]), abs=1e-6)
        assert cuts.ap_stretch[k] == pytest.approx(np.sqrt(spread[1, 1]), abs=1e-6)
        assert aorta.tilt_of(cuts, k).ap_stretch == cuts.ap_stretch[k]
    assert cuts.arc_m[-1] - cuts.arc_m[0] == pytest.approx(0.12, abs=0.006)


def test_a_bent_vessel_is_cut_obliquely_at_its_ends_only() -> None:
    cuts = cuts_of(*sweep(0.0, 0.0, bend_m=0.015)[:2])
    assert cuts is not None
    assert cuts.obliquity_rad[100] < np.radians(2.0)
    assert cuts.obliquity_rad[5] == pytest.approx(np.arctan(0.5), abs=np.radians(4.0))
    assert np.allclose(cuts.transverse_stretch, 1.0, atol=0.01)


def test_stretch_does_not_depend_on_where_the_robot_stands() -> None:
    poses, centers, _ = sweep(0.2, 0.1)
    moved = se3.transform(se3.so3_exp(np.array([0.3, -0.7, 1.1])), np.array([1.0, 2.0, 3.0]))
    here, there = cuts_of(poses, centers), cuts_of(moved @ poses, centers)
    assert here is not None and there is not None
    assert np.allclose(here.ap_stretch, there.ap_stretch, atol=1e-9)
    assert np.allclose(here.arc_m, there.arc_m, atol=1e-9)


def test_sections_that_do_not_match_are_refused() -> None:
    with pytest.raises(EchoPilotError, match=r"poses \(N, 4, 4\)"):
        cuts_of(np.tile(np.eye(4), (5, 1, 1)), np.zeros((4, 2)))
    assert cuts_of(np.tile(np.eye(4), (5, 1, 1)), np.zeros((5, 2))) is None


def test_center_line_ignores_single_wild_centroids() -> None:
    rng = random.Random(SEED)
    points = np.array([[0.001 * np.sin(30 * s), -s, 0.1 + 0.2 * s * s] for s in np.linspace(0, 0.12, 200)])
    wild = points.copy()
    for index in rng.sample(range(200), 20):
        wild[index] += [0.0, 0.0, 0.03]
    clean, robust = fit_center_line(points), fit_center_line(wild)
    assert clean is not None and robust is not None
    u = np.linspace(-0.05, 0.05, 30)
    assert np.abs(clean.points(u) - robust.points(u)).max() < 0.001

"""Properties of images of whole virtual patients: contrast, motion, truth on the map grid, appearance."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from built_patients import drawn
from echopilot_core import View
from echopilot_lab.benchmarks.bmode_views import view_frame_state
from echopilot_sim.anatomy import Material
from echopilot_sim.bmode import Renderer, free_points, patient_appearance, random_appearance
from echopilot_sim.bmode.grid import beam_grid
from echopilot_sim.bmode.probes import preset
from echopilot_sim.bmode.warm_up import warm_up
from echopilot_sim.frame_state import FrameState, Phases
from echopilot_sim.mask_grids import NETWORK_CELLS

SEEDS = (600_000, 600_004)


def at_view(seed: int, view: View, heart: float = 0.0) -> FrameState:
    frame_state = view_frame_state(drawn(seed), view, Phases(heart, 0.5), 3)
    assert frame_state is not None
    return frame_state


@pytest.mark.parametrize("seed", SEEDS)
def test_ventricular_blood_is_20_db_below_its_muscle(seed: int) -> None:
    frame_state = at_view(seed, View.A4C)
    grid = beam_grid(preset("cardiac"), frame_state.imaging.depth_m, 192, 512)
    labels, _ = drawn(seed).label_points(free_points(grid.x_m, grid.z_m, frame_state), frame_state.phases)
    labels = labels.reshape(grid.shape)
    clear = replace(patient_appearance(seed), clutter_db=-80.0, wall_clutter_db=-80.0, near_clutter=0.0, noise=1e-3)
    power = Renderer(drawn(seed), appearance=clear).echoes(frame_state).power
    blood = labels == Material.BLOOD_LV
    inner = cv2.erode(blood.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0  # off strands and leaflets
    muscle = labels == Material.MYOCARDIUM_LV
    assert inner.sum() > 500 and muscle.sum() > 500
    contrast_db = 10.0 * np.log10(power[inner].mean() / power[muscle].mean())
    print(f"patient {seed}: blood {contrast_db:.1f} dB against muscle")
    assert contrast_db < -20.0


def test_the_heart_moves_in_the_picture_and_the_chest_wall_does_not() -> None:
    renderer = Renderer(drawn(SEEDS[0]))
    diastole = renderer.render(at_view(SEEDS[0], View.A4C, 0.0)).image.astype(float)
    systole = renderer.render(at_view(SEEDS[0], View.A4C, 0.4)).image.astype(float)
    change = np.abs(diastole - systole)
    assert change[150:280, 150:360].mean() > 5.0
    assert change[10:36, 236:276].mean() < 3.0


def test_vertebra_is_seen_and_what_lies_behind_it_is_not() -> None:
    frame_state = at_view(SEEDS[1], View.AORTA_TRANS)
    renderer = Renderer(drawn(SEEDS[1]), "fast")
    seen = renderer.visibility(frame_state)
    empty = NETWORK_CELLS.label_map(np.zeros((128, 128), np.uint8))
    cells = np.arange(128) * empty.spacing_m
    x, z = np.meshgrid(empty.origin_x_m + cells, empty.origin_y_m + cells)
    points = free_points(x.astype(np.float32).ravel(), z.astype(np.float32).ravel(), frame_state)
    labels = drawn(SEEDS[1]).label_points(points, frame_state.phases)[0].reshape(128, 128)
    bone = labels == Material.VERTEBRA
    columns = np.flatnonzero(bone.sum(axis=0) > 8)
    assert columns.size > 5
    for column in columns:
        rows = np.flatnonzero(bone[:, column])
        assert seen[rows[-1], column] < 0.1
    tops = [(int(np.flatnonzero(bone[:, c])[0]), c) for c in columns]
    bare = [seen[row - 3, c] for row, c in tops if Material.DISC not in labels[:row, c]]
    assert bare and min(bare) > 0.1  # below it lies shadow


def test_full_and_fast_pictures_show_the_same_scene() -> None:
    frame_state = at_view(SEEDS[0], View.A4C)
    full, fast = (
        Renderer(drawn(SEEDS[0]), "full").render(frame_state),
        Renderer(drawn(SEEDS[0]), "fast").render(frame_state),
    )
    means = []
    for frame in (full, fast):
        g = frame.geometry
        blocks = []
        for x in np.linspace(-0.03, 0.03, 7):
            for y in np.linspace(0.03, 0.12, 10):
                u, v = round(g.origin_u_px + x / g.spacing_x_m), round(g.origin_v_px + y / g.spacing_y_m)
                r = round(0.004 / g.spacing_x_m)
                blocks.append(frame.image[v - r : v + r + 1, u - r : u + r + 1].mean())
        means.append(blocks)
    assert np.corrcoef(*means)[0, 1] > 0.95
    assert full.geometry.spacing_x_m == full.geometry.spacing_y_m


def test_appearance_is_a_pure_function_and_the_wide_one_never_breaks_the_picture() -> None:
    assert patient_appearance(5) == patient_appearance(5) != patient_appearance(6)
    seed = int(np.random.default_rng().integers(1 << 31))
    print("seed", seed)
    rng = np.random.default_rng(seed)
    frame_state = at_view(SEEDS[0], View.PLAX)
    levels = []
    for _ in range(6):
        image = Renderer(drawn(SEEDS[0]), "fast", appearance=random_appearance(rng)).render(frame_state).image
        levels.append(float(image[image > 0].mean()))
        assert image.dtype == np.uint8 and 5.0 < levels[-1] < 220.0
    assert np.std(levels) > 3.0


def test_warm_up_says_what_it_does() -> None:
    said: list[str] = []
    warm_up(said.append)
    assert len(said) == 1 and "compiles" in said[0]

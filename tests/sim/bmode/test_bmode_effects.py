"""Artifacts and tissue effects that a sonographer expects, each on a phantom that provokes it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from echopilot_core import ScannerSettings
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.bmode import Appearance, Renderer
from echopilot_sim.bmode.grid import beam_grid
from echopilot_sim.bmode.phantom import Phantom, layer, tube
from echopilot_sim.bmode.probes import preset
from echopilot_sim.bmode.psf import aberration, point_spread
from echopilot_sim.bmode.sound import acoustics, propagation
from echopilot_sim.frame_state import N_ELEMENTS, FrameState, Phases

CLEAN = Appearance(clutter_db=-90.0, noise=1e-4, near_clutter=0.0, wall_clutter_db=-200.0)
STEP_M = 0.16 / 512
MIDDLE = slice(90, 102)


def power_of(phantom: Phantom, seed: int = 1, x_m: float = 0.0, name: str = "cardiac") -> NDArray[np.float32]:
    T = np.eye(4)
    T[0, 3] = x_m
    frame_state = FrameState(0, 0, np.eye(4), T, Phases(), np.zeros(N_ELEMENTS), 5.0, ScannerSettings(preset=name), 0)
    renderer = Renderer(phantom, "full", seed=seed, appearance=CLEAN)
    renderer._medium = renderer._medium._replace(texture=np.full_like(renderer._medium.texture, 128))
    return renderer.echoes(frame_state).power


def decibel(power: NDArray[np.float32]) -> float:
    return float(10.0 * np.log10(power.mean()))


def rows(top_m: float, bottom_m: float) -> slice:
    return slice(int(top_m / STEP_M), int(bottom_m / STEP_M))


def test_fiber_share_is_the_mean_squared_cosine_over_the_wall() -> None:
    helix = np.radians(np.linspace(60.0, -60.0, 20001))
    rng = np.random.default_rng(3)
    for _ in range(20):
        x, y = rng.normal(0.0, 0.03, 2)
        beam = rng.normal(size=3)
        beam /= np.linalg.norm(beam)
        around, along = np.array([-y, x, 0.0]) / np.hypot(x, y), np.array([0.0, 0.0, 1.0])
        fibers = np.cos(helix)[:, None] * around + np.sin(helix)[:, None] * along
        share = propagation._fiber_share(np.float32(x), np.float32(y), beam.astype(np.float32))
        assert share == pytest.approx(float(np.mean((fibers @ beam) ** 2)), abs=2e-3)


def test_heart_muscle_is_darker_where_the_beam_runs_along_its_fibers() -> None:
    wall = Phantom(Material.MYOCARDIUM_LV)  # heart axes are those of the patient: its axis is z, along the beam
    across = power_of(wall, x_m=0.0)[rows(0.05, 0.07), MIDDLE]  # fibers mostly across the beam
    T_side = power_of(Phantom(Material.PAPILLARY))[rows(0.05, 0.07), MIDDLE]  # no fiber effect
    brightness = acoustics.ACOUSTICS
    expected = brightness[Material.MYOCARDIUM_LV].brightness_db - brightness[Material.PAPILLARY].brightness_db
    darkening = decibel(T_side) + expected - decibel(across)
    full = acoustics.FIBER_DB[Material.MYOCARDIUM_LV]
    assert darkening == pytest.approx(0.293 * full, abs=1.5)


def test_bone_casts_a_clean_shadow_and_gas_a_dirty_one() -> None:
    plates = {m: Phantom(Material.LIVER, (m, layer(0.03, 0.035, 0.010))) for m in (Material.BONE, Material.GAS)}
    power = {m: power_of(p) for m, p in plates.items()}
    behind, beside = rows(0.05, 0.07), slice(20, 40)
    drop = {m: decibel(p[behind, beside]) - decibel(p[behind, 93:99]) for m, p in power.items()}
    assert drop[Material.BONE] > 25.0
    assert drop[Material.GAS] < drop[Material.BONE] - 5.0


def test_pleura_repeats_itself_at_twice_its_depth() -> None:
    depth = 0.030
    power = power_of(Phantom(Material.MUSCLE, (Material.LUNG, layer(depth, 1.0))))
    profile = power[:, MIDDLE].mean(axis=1)
    line = profile[rows(2 * depth - 0.001, 2 * depth + 0.001)].max()
    around = np.concatenate([profile[rows(0.053, 0.057)], profile[rows(0.063, 0.067)]]).mean()
    assert line > 4.0 * around


def test_the_diaphragm_mirrors_what_lies_before_it() -> None:
    lesion = (Material.BONE, layer(0.10, 0.1005, 0.0))  # nothing: the plain case
    cyst = (Material.GALLBLADDER, tube(0.0, 0.055, 0.008))
    bright = (Material.PERICARDIUM, tube(0.0, 0.055, 0.008))
    mirror = (Material.DIAPHRAGM, layer(0.075, 0.078)), (Material.LUNG, layer(0.078, 1.0))
    images = [power_of(Phantom(Material.LIVER, other, *mirror)) for other in (lesion, cyst, bright)]
    where = rows(2 * 0.078 - 0.059, 2 * 0.078 - 0.051)
    plain, dark, light = (decibel(image[where, MIDDLE]) for image in images)
    assert dark < plain - 1.0 < plain + 1.0 < light


def test_steep_edges_of_a_fast_or_slow_body_cast_a_narrow_shadow() -> None:
    def fall(material: Material) -> float:
        image = power_of(Phantom(Material.LIVER, (material, tube(0.0, 0.06, 0.015))))
        profile = 10.0 * np.log10(image[rows(0.09, 0.12)].mean(axis=0))
        edge = round((np.arcsin(0.015 / 0.06) / np.radians(90.0) + 0.5) * 191)
        shadow = profile[edge - 5 : edge + 3].min()
        return float(profile[edge + 15 : edge + 30].mean() - shadow)

    assert fall(Material.FAT) > 4.0
    assert fall(Material.SPLEEN) < fall(Material.FAT) - 2.0


def test_near_layers_are_heard_again_at_twice_their_depth() -> None:
    body = Phantom(Material.GALLBLADDER, (Material.FASCIA, layer(0.010, 0.012)))
    profile = power_of(body)[:, MIDDLE].mean(axis=1)
    again = profile[rows(0.0195, 0.0215)].max()
    assert again > 5.0 * profile[rows(0.026, 0.032)].mean()


def test_muscle_is_layered_along_the_skin_and_liver_is_not() -> None:
    def layering(material: Material) -> float:
        """How much faster brightness changes across the skin (y) than along it (x)."""
        body = Renderer(Phantom(material), "full", seed=3, appearance=CLEAN)
        body._medium = body._medium._replace(tile=np.full_like(body._medium.tile, 32))
        T = np.eye(4)
        T[:3, :3] = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])  # probe z is patient y
        settings = ScannerSettings(preset="linear", depth_m=0.04, focus_m=0.02)
        frame_state = FrameState(0, 0, np.eye(4), T, Phases(), np.zeros(N_ELEMENTS), 5.0, settings, 0)
        level = np.log(body.echoes(frame_state).power[80:440, 20:-20])
        step_m, pitch_m = 0.04 / 512, 0.038 / 191
        across = np.abs(level[8:] - level[:-8]).mean() / (8 * step_m)
        along = np.abs(level[:, 3:] - level[:, :-3]).mean() / (3 * pitch_m)
        return float(across / along)

    assert layering(Material.MUSCLE) > 1.6 * layering(Material.LIVER)


def test_fat_widens_the_beam() -> None:
    grid = beam_grid(preset("abdomen"), 0.16, 192, 512)
    assert aberration(0.0) == 1.0
    assert 1.2 < aberration(0.03) < 1.8
    thin, thick = (point_spread(grid, 0.08, 1.0, aberration(fat)) for fat in (0.0, 0.04))
    assert (thick.half >= thin.half).all()
    assert thick.half[300] > thin.half[300]


def test_the_slice_has_a_thickness() -> None:
    """A wall that crosses the image plane at a slant is smeared."""

    def slanted(p: NDArray[np.float64]) -> NDArray[np.bool_]:
        return p[:, 2] > 0.08 + p[:, 1]

    sharp = power_of(Phantom(Material.GALLBLADDER, (Material.LIVER, layer(0.08, 1.0))))
    smeared = power_of(Phantom(Material.GALLBLADDER, (Material.LIVER, slanted)))
    before = rows(0.0775, 0.079)
    assert decibel(smeared[before, 40:150]) > decibel(sharp[before, 40:150]) + 6.0

"""Every control of the scanner acts on the image as its name says."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, ScannerSettings
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.bmode import Appearance, Renderer
from echopilot_sim.bmode.compounding import steerings
from echopilot_sim.bmode.grid import beam_grid, sample_indices
from echopilot_sim.bmode.persistence import Persistence
from echopilot_sim.bmode.phantom import Phantom, layer, tube
from echopilot_sim.bmode.probes import PRESETS, preset
from echopilot_sim.frame_state import N_ELEMENTS, FrameState, Phases

CLEAN = Appearance(clutter_db=-90.0, noise=1e-3, near_clutter=0.0, wall_clutter_db=-200.0, gray_power=1.0)
DEPTH_M = {"cardiac": 0.16, "abdomen": 0.16, "convex": 0.16, "linear": 0.05}


def frame_state(name: str = "cardiac", sequence: int = 0, **controls: object) -> FrameState:
    settings = ScannerSettings(preset=name, depth_m=DEPTH_M[name], focus_m=DEPTH_M[name] / 2)
    settings = replace(settings, **controls)  # type: ignore[arg-type]
    return FrameState(0, sequence, np.eye(4), np.eye(4), Phases(), np.zeros(N_ELEMENTS), 5.0, settings, sequence)


def decibel(power: NDArray[np.float32]) -> float:
    return float(10.0 * np.log10(power.mean()))


def test_each_slider_lifts_its_own_depth() -> None:
    renderer = Renderer(Phantom(), "fast", seed=1, appearance=CLEAN)
    flat = renderer.echoes(frame_state()).power
    samples = flat.shape[0]
    for slider in (0, 3, 7):
        tgc = tuple(6.0 if k == slider else 0.0 for k in range(8))
        lifted = renderer.echoes(frame_state(tgc_db=tgc)).power
        middle = round((slider + 0.5) / 8 * samples)
        here = slice(middle - 4, middle + 4)
        assert decibel(lifted[here]) - decibel(flat[here]) == pytest.approx(6.0, abs=0.4)
        far = samples // 8 * ((slider + 4) % 8)
        assert np.allclose(lifted[far : far + 20], flat[far : far + 20], rtol=1e-4)


def test_gain_and_dynamic_range_act_on_the_log_scale() -> None:
    renderer = Renderer(Phantom(), "fast", seed=2, appearance=CLEAN)
    inside = renderer.render(frame_state()).image > 0

    def mean(**controls: object) -> float:
        return float(renderer.render(frame_state(**controls)).image[inside].mean())  # type: ignore[arg-type]

    assert mean(gain_db=6.0) - mean() == pytest.approx(6.0 / 60.0 * 255.0, rel=0.1)
    spread = {
        r: float(renderer.render(frame_state(dynamic_range_db=r)).image[150:200, 120:168].std()) for r in (40.0, 80.0)
    }
    assert spread[40.0] > 1.4 * spread[80.0]


def test_the_beam_is_narrowest_at_the_focus() -> None:
    wire = Phantom(Material.GALLBLADDER, *((Material.LIVER, tube(0.0, z, 0.0015)) for z in (0.05, 0.13)))
    renderer = Renderer(wire, "full", seed=3, appearance=CLEAN)
    grid = beam_grid(preset("cardiac"), 0.16, 192, 512)

    def width(z_m: float, focus_m: float) -> float:
        power = renderer.echoes(frame_state(focus_m=focus_m)).power
        row = int(z_m / grid.step_m)
        profile = power[row - 8 : row + 8].sum(axis=0)
        profile = np.where(profile > 0.1 * profile.max(), profile, 0.0)
        place = np.arange(192) - np.average(np.arange(192), weights=profile)
        return float(np.sqrt(np.average(place**2, weights=profile)))

    assert width(0.05, 0.05) < width(0.05, 0.13)
    assert width(0.13, 0.13) < width(0.13, 0.05)


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_renders_and_repeats_itself(name: str) -> None:
    frames = [Renderer(Phantom(), q, seed=4).render(frame_state(name)) for q in ("full", "fast", "full")]  # type: ignore[arg-type]
    assert frames[0].image.tobytes() == frames[2].image.tobytes()
    assert all(frame.image.max() > 60 for frame in frames)
    assert frames[0].geometry.kind == preset(name).kind


@pytest.mark.parametrize("name", ["cardiac", "convex", "linear"])
def test_the_samples_of_a_look_are_found_again(name: str) -> None:
    for steering in steerings(preset(name), 3):
        grid = beam_grid(preset(name), DEPTH_M[name], 24, 32, steering)
        beam, sample, _ = sample_indices(grid, grid.x_m.astype(np.float64), grid.z_m.astype(np.float64))
        assert np.abs(beam - np.arange(24)).max() < 1e-3
        assert np.abs(sample - np.arange(32)[:, None]).max() < 1e-2


@pytest.mark.parametrize("name", ["cardiac", "convex", "linear"])
def test_compounding_smooths_speckle_like_independent_looks(name: str) -> None:
    renderer = Renderer(Phantom(), "full", seed=5, appearance=CLEAN)
    renderer._medium = renderer._medium._replace(texture=np.full_like(renderer._medium.texture, 128))

    def speckle(count: int) -> float:
        level = renderer._compressed(frame_state(name, compounding=count))[150:400, 70:122]
        trend = np.asarray(level.reshape(10, 25, -1).mean(axis=(1, 2)))
        return float((level.reshape(10, 25, -1) - trend[:, None, None]).std())

    gain = speckle(1) / speckle(3)
    assert 1.35 < gain < 2.1, gain  # the square root of 3, and sub-apertures have wider beams


@pytest.mark.parametrize("name", ["cardiac", "convex", "linear"])
def test_compounding_fills_the_shadow_of_a_small_stone(name: str) -> None:
    half = {"cardiac": 0.002, "convex": 0.005, "linear": 0.003}[name]
    top = {"cardiac": 0.04, "convex": 0.04, "linear": 0.012}[name]
    stone = Phantom(Material.LIVER, (Material.BONE, layer(top, top + 0.004, half)))
    renderer = Renderer(stone, "full", seed=6, appearance=CLEAN)
    grid = beam_grid(preset(name), DEPTH_M[name], 192, 512)
    rows = slice(int(2.2 * top / grid.step_m), int(2.8 * top / grid.step_m))
    plain, mixed = (renderer._compressed(frame_state(name, compounding=n))[rows, 94:98].mean() for n in (1, 3))
    beside = renderer._compressed(frame_state(name))[rows, 20:40].mean()
    assert plain < beside - 40.0
    assert mixed > plain + 15.0


def test_one_look_is_the_plain_picture_and_looks_are_spread_evenly() -> None:
    assert len(steerings(preset("convex"), 1)) == 1
    assert [round(steering.tilt_rad, 6) for steering in steerings(preset("linear"), 3)] == [-0.174533, 0.0, 0.174533]
    shifts = [steering.shift_m for steering in steerings(preset("cardiac"), 3)]
    assert shifts == pytest.approx([-0.005, 0.0, 0.005])


def test_persistence_calms_blood_and_forgets_when_the_geometry_changes() -> None:
    renderer = Renderer(Phantom(Material.BLOOD_LV), "fast", seed=7, appearance=replace(CLEAN, gain_db=30.0))
    frames = [renderer.render(frame_state(sequence=k)) for k in range(12)]
    persistence = Persistence()
    shown = [persistence.show(frame, 0.7) for frame in frames]
    inside = np.s_[100:150, 120:168]

    def flicker(images: list[NDArray[np.uint8]]) -> float:
        return float(np.mean([np.abs(a[inside].astype(float) - b[inside]).mean() for a, b in pairwise(images)]))

    assert flicker([f.image for f in shown[6:]]) < 0.5 * flicker([f.image for f in frames[6:]])
    assert shown[3].stamp_ns == frames[3].stamp_ns
    deeper = renderer.render(frame_state(depth_m=0.12, focus_m=0.06))
    assert persistence.show(deeper, 0.7).image.tobytes() == deeper.image.tobytes()
    assert Persistence().show(frames[0], 0.0) is frames[0]
    with pytest.raises(EchoPilotError, match="persistence"):
        persistence.show(frames[0], 1.0)

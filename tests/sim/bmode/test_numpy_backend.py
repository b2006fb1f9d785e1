"""The array path gives the same images as the compiled one, and works where numba cannot be imported.

Each twin is compared with its kernel on random input, then whole images of both paths from the same label source.
Speckle looked up at the border of two voxels may fall to either side (single precision), which changes single samples.
"""

import subprocess
import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from built_patients import drawn
from echopilot_core import EchoPilotError, Frame, ScannerSettings, View, se3
from echopilot_core.kernels.compiled import COMPILED
from echopilot_lab.benchmarks.bmode_views import view_frame_state
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.anatomy.torso import compression
from echopilot_sim.bmode import LabelSource, Renderer, compounding, display, psf
from echopilot_sim.bmode.grid import BeamGrid, beam_grid
from echopilot_sim.bmode.numpy_backend import compounding as plain_compounding
from echopilot_sim.bmode.numpy_backend import contact as plain_contact
from echopilot_sim.bmode.numpy_backend import display as plain_display
from echopilot_sim.bmode.numpy_backend import propagation as plain_propagation
from echopilot_sim.bmode.numpy_backend import psf as plain_psf
from echopilot_sim.bmode.numpy_backend import sampling as plain_sampling
from echopilot_sim.bmode.phantom import Phantom, layer, tube
from echopilot_sim.bmode.probes import preset
from echopilot_sim.bmode.sound import contact, effects, propagation, sampling
from echopilot_sim.bmode.sound.acoustics import GEL
from echopilot_sim.bmode.sound.scatter import scatterers, tile_rotation, voxel_m
from echopilot_sim.frame_state import N_ELEMENTS, FrameState, Phases
from echopilot_sim.voxels.body import VoxelBody, load
from echopilot_sim.voxels.sampling import sample

pytestmark = pytest.mark.skipif(not COMPILED, reason="numba is absent: there is nothing to compare with")

TWINS = (
    (propagation, "mark_gel", plain_propagation.mark_gel),
    (propagation, "propagate", plain_propagation.propagate),
    (psf, "spread_power", plain_psf.spread_power),
    (display, "gather_power", plain_display.gather_power),
    (contact, "_place", plain_contact.place),
    (compounding, "turn_phase", plain_compounding.turn_phase),
    (sampling, "_fill", plain_sampling.fill),
    (compression, "_free_depths", compression.plain_free_depths),
)
PHANTOMS = {
    "layers and bone": Phantom(
        Material.LIVER,
        (Material.SKIN, layer(-1.0, 0.002)),
        (Material.FAT, layer(0.002, 0.012)),
        (Material.FASCIA, layer(0.012, 0.014)),
        (Material.BONE, layer(0.03, 0.036, 0.01)),
    ),
    "gas and tube": Phantom(
        Material.LIVER, (Material.GAS, tube(0.03, 0.05, 0.01)), (Material.BLOOD_AORTA, tube(-0.02, 0.08, 0.012))
    ),
    "heart and lung": Phantom(
        Material.LIVER,
        (Material.MYOCARDIUM_LV, tube(0.0, 0.06, 0.025)),
        (Material.BLOOD_LV, tube(0.0, 0.06, 0.015)),
        (Material.DIAPHRAGM, layer(0.095, 0.098)),
        (Material.LUNG, layer(0.098, 1.0)),
    ),
}


def random() -> np.random.Generator:
    seed = int(np.random.default_rng().integers(1 << 31))
    print("seed", seed)
    return np.random.default_rng(seed)


def frame_state(name: str = "cardiac", compounding: int = 1) -> FrameState:
    depth_m = 0.05 if name == "linear" else 0.16
    settings = ScannerSettings(preset=name, depth_m=depth_m, focus_m=depth_m / 2, compounding=compounding)
    return FrameState(0, 2, np.eye(4), np.eye(4), Phases(), np.full(N_ELEMENTS, -0.003), 5.0, settings, 2)


def on_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, twin in TWINS:
        monkeypatch.setattr(module, name, twin)


def random_scene(rng: np.random.Generator, grid: BeamGrid) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Labels (S, B) in patches of some materials, and tissue coordinates (S, B, 3)."""
    kinds = [Material.LIVER, Material.MYOCARDIUM_LV, Material.BLOOD_LV, Material.LUNG, Material.DIAPHRAGM, Material.FAT]
    kinds += [Material.BONE, Material.GAS, Material.MUSCLE, Material.SKIN]
    height = [gaussian_filter(rng.standard_normal(grid.shape), (14.0, 9.0)) for _ in kinds]
    height[0] += 0.02
    labels = np.array(kinds, np.uint8)[np.argmax(height, axis=0)]
    labels[: int(rng.integers(1, 20)), : grid.shape[1] // 2] = Material.AIR
    T = se3.transform(se3.so3_exp(rng.normal(size=3)), rng.normal(0.0, 0.05, 3))
    points = np.stack([grid.x_m, grid.lift_m, grid.z_m], axis=-1).reshape(-1, 3)
    return labels, se3.apply(T, points).reshape(*grid.shape, 3).astype(np.float32)


def test_gel_is_marked_alike() -> None:
    rng = random()
    labels = (rng.random((300, 64)) > np.linspace(0.0, 1.0, 64)).astype(np.uint8)
    other = labels.copy()
    propagation.mark_gel(labels, GEL)
    plain_propagation.mark_gel(other, GEL)
    assert np.array_equal(labels, other)


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("attempt", range(3))
def test_sound_travels_alike(attempt: int, even: bool) -> None:
    """`transmit_amplitude` within 1e-4, and echoes within 1e-4 of their size or of the mean size.

    But where the tissue has speckle, 0.4 % of the samples may lie at the border of a voxel, or be an image of one.
    """
    rng = random()
    grid = beam_grid(preset("cardiac"), 0.16, 96, 384)
    labels, tissue = random_scene(rng, grid)
    propagation.mark_gel(labels, GEL)
    medium = effects.medium(scatterers(3))
    smooth = gaussian_filter(np.log(medium.impedance)[labels], 1.2).astype(np.float32)
    in_plane, across = voxel_m(grid.preset)
    turns = np.stack([tile_rotation(axis) for axis in se3.so3_exp(rng.normal(size=3))[:2]])
    path = effects.Path(
        ranges=grid.range_m,
        pitch=grid.pitch_m,
        coupling=rng.uniform(0.3, 1.0, 96).astype(np.float32),
        beams_in_heart=grid.directions.astype(np.float32),
        turns=(turns / np.array([in_plane, in_plane, across])[:, None]).astype(np.float32),
        lift=grid.lift_m / np.float32(across),
        flow_shift=float(rng.integers(997)),
        noise=rng.standard_normal((2, *grid.shape), dtype=np.float32),
        noise_shift=int(rng.integers(384)),
        frequency_mhz=2.5,
        penumbra=0.01,
    )
    if even:
        medium = medium._replace(tile=np.full_like(medium.tile, 32), texture=np.full_like(medium.texture, 200))
    results = []
    for propagate in (propagation.propagate, plain_propagation.propagate):
        echo, transmit_amplitude = np.empty((2, *grid.shape), np.float32), np.empty(grid.shape, np.float32)
        propagate(labels, tissue, smooth, medium, path, GEL, echo, transmit_amplitude)
        results.append((echo, transmit_amplitude))
    (echo, transmit_amplitude), (other, other_sent) = results
    assert np.allclose(transmit_amplitude, other_sent, rtol=1e-4, atol=1e-6)
    size, difference = float(np.sqrt(np.mean(echo**2))), np.abs(echo - other)
    assert size > 1e-3
    assert (difference > 1e-4 * np.maximum(np.abs(echo), size)).mean() <= (0.0 if even else 0.004)


def test_point_spread_and_gathering_agree() -> None:
    """To 1e-5 of the largest power, and to 1e-5 of each."""
    rng = random()
    grid = beam_grid(preset("convex"), 0.16, 128, 384)
    spread = psf.point_spread(grid, 0.08, 1.1, 1.2)
    echo = rng.standard_normal((2, *grid.shape), dtype=np.float32)
    powers = []
    for spread_power in (psf.spread_power, plain_psf.spread_power):
        power = np.empty(grid.shape, np.float32)
        spread_power(echo, spread.lateral, spread.half, spread.axial, spread.gain, np.empty_like(echo), power)
        powers.append(power)
    assert np.allclose(*powers, rtol=0.0, atol=1e-5 * float(powers[0].max()))
    clutter, speckle_power = rng.random((2, *grid.shape), dtype=np.float32)
    ring, layers, air, gain = rng.random((4, 384), dtype=np.float32)
    ahead, coupling = rng.random((2, 128), dtype=np.float32)
    one, two = powers[0].copy(), powers[0].copy()
    for gather, power in ((display.gather_power, one), (plain_display.gather_power, two)):
        gather(power, clutter, speckle_power, 77, 0.01, ring, layers, air, ahead, coupling, gain)
    assert np.allclose(one, two, rtol=1e-5)


def test_places_depths_and_phases_agree() -> None:
    """Places to 1e-7 m, depths to 1e-9 m, echoes to 1e-6 of their size."""
    rng = random()
    x, y, z = rng.uniform(-0.05, 0.2, (3, 5000)).astype(np.float32)
    shift, T = np.cumsum(rng.normal(0.0, 1e-4, 257)), se3.transform(se3.so3_exp(rng.normal(size=3)), rng.normal(size=3))
    points = [place(x, y, z, T, shift, 0.0006) for place in (contact._place, plain_contact.place)]
    assert np.allclose(*points, rtol=0.0, atol=1e-7)
    depth, pressed = rng.uniform(0.0, 0.2, 500), rng.uniform(-0.005, 0.040, 500)
    depths = compression._free_depths(depth, pressed), compression.plain_free_depths(depth, pressed)
    assert np.allclose(*depths, rtol=0.0, atol=1e-9)
    echo, phase = rng.standard_normal((2, 2, 64, 32), dtype=np.float32)
    one, two = echo.copy(), echo.copy()
    compounding.turn_phase(one, phase)
    plain_compounding.turn_phase(two, phase)
    assert np.allclose(one, two, atol=1e-6 * float(np.abs(one).max()))


@pytest.mark.parametrize("quality", ["full", "fast"])
def test_samples_are_filled_alike(quality: str) -> None:
    """The same labels and questions; tissue coordinates to 1e-7 m."""
    rng = random()
    grid = beam_grid(preset("cardiac"), 0.16, *((192, 512) if quality == "full" else (128, 384)))
    rows, (labels, tissue) = sampling.asked_rows(grid), random_scene(rng, grid)
    results = []
    for fill in (sampling._fill, plain_sampling.fill):
        filled, coordinates = np.zeros(grid.shape, np.uint8), np.zeros((grid.shape[0], 3 * grid.shape[1]), np.float32)
        unknown = np.zeros(labels.size, np.int32)
        count = fill(rows, labels[rows], tissue[rows].reshape(rows.size, -1), filled, coordinates, unknown)
        filled.ravel()[unknown[:count]] = 0  # what is asked for next
        results.append((filled, coordinates, np.sort(unknown[:count])))
    assert results[0][2].size > 100
    assert all(np.allclose(one, two, rtol=0.0, atol=1e-7) for one, two in zip(*results, strict=True))


def compare(one: Frame, two: Frame) -> tuple[float, float]:
    """Mean |difference| of gray levels in the field of view, and correlation."""
    inside = (one.image > 0) | (two.image > 0)
    a, b = one.image[inside].astype(float), two.image[inside].astype(float)
    return float(np.abs(a - b).mean()), float(np.corrcoef(a, b)[0, 1])


def both(
    source: LabelSource, at: FrameState, monkeypatch: pytest.MonkeyPatch, quality: str = "full"
) -> tuple[Frame, Frame]:
    compiled = Renderer(source, quality, seed=5).render(at)  # type: ignore[arg-type]
    on_arrays(monkeypatch)
    return compiled, Renderer(source, quality, seed=5).render(at)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", list(PHANTOMS))
@pytest.mark.parametrize("quality", ["full", "fast"])
def test_phantoms_look_the_same(name: str, quality: str, monkeypatch: pytest.MonkeyPatch) -> None:
    difference, correlation = compare(*both(PHANTOMS[name], frame_state(), monkeypatch, quality))
    print(f"mean difference {difference:.4f} gray levels, correlation {correlation:.6f}")
    assert difference < 0.1 and correlation > 0.999


@pytest.mark.parametrize(("name", "steerings"), [("abdomen", 1), ("convex", 3), ("linear", 3)])
def test_other_probes_look_the_same(name: str, steerings: int, monkeypatch: pytest.MonkeyPatch) -> None:
    difference, correlation = compare(*both(PHANTOMS["gas and tube"], frame_state(name, steerings), monkeypatch))
    assert difference < 0.1 and correlation > 0.999


def test_a_lifted_probe_looks_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    skin = Phantom(Material.AIR, (Material.LIVER, layer(0.004, 1.0)))
    lifted = replace(frame_state(), gap_m=np.linspace(-0.002, 0.012, N_ELEMENTS))
    difference, correlation = compare(*both(skin, lifted, monkeypatch))
    assert difference < 0.1 and correlation > 0.999


@lru_cache(maxsize=1)
def voxels() -> VoxelBody:
    return sample(drawn(600_000), 0.0015, phases=2)


def at_view(view: View, phases: Phases) -> FrameState:
    pose = voxels().poses[view].copy()
    pose[:3, 3] += 0.004 * pose[:3, 2]
    settings = ScannerSettings(preset="abdomen" if view == View.AORTA_TRANS else "cardiac")
    return FrameState(0, 3, pose, pose, phases, np.full(N_ELEMENTS, -0.004), 5.0, settings, 3)


@pytest.mark.parametrize("view", [View.A4C, View.AORTA_TRANS])
@pytest.mark.parametrize("phases", [Phases(0.0, 0.5), Phases(0.5, 0.9)])
def test_a_voxel_patient_looks_the_same(view: View, phases: Phases, monkeypatch: pytest.MonkeyPatch) -> None:
    difference, correlation = compare(*both(voxels(), at_view(view, phases), monkeypatch))
    print(f"mean difference {difference:.4f} gray levels, correlation {correlation:.6f}")
    assert difference < 0.1 and correlation > 0.999


@pytest.mark.parametrize("view", [View.A4C, View.AORTA_TRANS])
@pytest.mark.parametrize("breathing", [0.5, 1.0])
def test_voxels_show_the_anatomy(view: View, breathing: float) -> None:
    anatomy, phases = drawn(600_000), Phases(0.0, breathing)
    at = view_frame_state(anatomy, view, phases)
    assert at is not None
    grid = beam_grid(preset(at.imaging.preset), 0.16, 96, 256)
    points = contact.free_points(grid.x_m, grid.z_m, at)
    expected, tissue = anatomy.label_points(points, phases)
    labels, voxel_tissue = voxels().label_points(points, phases)
    same = labels == expected
    assert same.mean() > 0.90, same.mean()
    off = np.linalg.norm(voxel_tissue - tissue, axis=1)[same]
    assert np.median(off) < 0.001


def test_a_voxel_body_survives_a_file(tmp_path: Path) -> None:
    voxels().save(tmp_path / "body.npz")
    body, points = load(tmp_path / "body.npz"), np.random.default_rng(1).uniform(-0.1, 0.2, (2000, 3))
    for one, two in zip(*(b.label_points(points, Phases(0.6, 0.2)) for b in (body, voxels())), strict=True):
        assert np.array_equal(one, two)
    assert body.patient.seed == 600_000 and list(body.poses) == list(voxels().poses)
    (tmp_path / "other.npz").write_text("nothing")
    for name in ("other.npz", "absent.npz"):
        with pytest.raises(EchoPilotError, match=r"VoxelBody\.save"):
            load(tmp_path / name)


PROGRAM = """
import sys
if sys.argv[2] == "unimportable":
    sys.modules["numba"] = None
import numpy as np
import echopilot_sim.anatomy, echopilot_sim.bmode, echopilot_sim.simulation
from pathlib import Path
from echopilot_core import EchoPilotError, ScannerSettings, View
from echopilot_sim.anatomy import build, sample_patient
from echopilot_sim.bmode import Renderer
from echopilot_core.kernels.compiled import COMPILED
from echopilot_sim.frame_state import N_ELEMENTS, FrameState, Phases
from echopilot_sim.voxels.body import load
try:
    build(sample_patient(600_000))
except EchoPilotError as error:
    print(error)
assert not COMPILED and not any(name.startswith("numba.") for name in sys.modules)
body = load(Path(sys.argv[1]) / "body.npz")
pose = body.poses[View.A4C].copy()
pose[:3, 3] += 0.004 * pose[:3, 2]
at = FrameState(0, 3, pose, pose, Phases(), np.full(N_ELEMENTS, -0.004), 5.0, ScannerSettings(), 3)
np.save(Path(sys.argv[1]) / "image.npy", Renderer(body, "full", seed=5).render(at).image)
"""


@pytest.mark.parametrize("how", ["unimportable", "switched off"])
def test_without_numba_a_carried_patient_is_rendered_and_a_drawn_one_refused(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECHOPILOT_NUMBA", "0" if how == "switched off" else "1")
    voxels().save(tmp_path / "body.npz")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), how], capture_output=True, text=True, check=True, timeout=120
    )
    lines = done.stdout.strip().splitlines()
    assert len(lines) == 1 and "a drawn patient needs numba" in lines[0] and "VoxelBody" in lines[0]
    compiled = Renderer(voxels(), "full", seed=5).render(at_view(View.A4C, Phases()))
    arrays = replace(compiled, image=np.load(tmp_path / "image.npy"))
    difference, correlation = compare(compiled, arrays)
    assert difference < 0.1 and correlation > 0.999

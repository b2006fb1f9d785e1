"""Statistics of the speckle of a uniform phantom, linear, before compounding; `pytest -rP` shows the figures."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from echopilot_core import ScannerSettings
from echopilot_sim.bmode import Appearance, Renderer, display
from echopilot_sim.bmode.grid import BeamGrid, beam_grid
from echopilot_sim.bmode.phantom import Phantom
from echopilot_sim.bmode.probes import SPEED_OF_SOUND_M_S, preset
from echopilot_sim.bmode.psf import lateral_fwhm_m
from echopilot_sim.frame_state import N_ELEMENTS, FrameState, Phases

CLEAN = Appearance(clutter_db=-90.0, noise=1e-6, near_clutter=0.0, wall_clutter_db=-200.0)
ATTENUATION = 0.5  # of liver [dB/cm/MHz]
IMAGES = 8
DEPTH_M = {"cardiac": 0.16, "convex": 0.16, "linear": 0.05}


def phantom(seed: int) -> Renderer:
    """A renderer of liver without slow variation of its brightness."""
    renderer = Renderer(Phantom(), "full", seed=seed, appearance=CLEAN)
    renderer._medium = renderer._medium._replace(texture=np.full_like(renderer._medium.texture, 128))
    return renderer


def frame_state(name: str, x_m: float = 0.0, y_m: float = 0.0, z_m: float = 0.0) -> FrameState:
    T = np.eye(4)
    T[:3, 3] = x_m, y_m, z_m
    settings = ScannerSettings(preset=name, depth_m=DEPTH_M[name], focus_m=DEPTH_M[name] / 2)
    return FrameState(0, 0, np.eye(4), T, Phases(), np.zeros(N_ELEMENTS), 5.0, settings, 0)


def layout(name: str) -> BeamGrid:
    return beam_grid(preset(name), DEPTH_M[name], 192, 512)


@pytest.fixture(scope="module", params=list(DEPTH_M))
def power(request: pytest.FixtureRequest) -> tuple[str, NDArray[np.float32]]:
    """Power (P, S, B) of several slices far apart."""
    renderer = phantom(11)
    name = str(request.param)
    return name, np.stack([renderer.echoes(frame_state(name, y_m=0.02 * k)).power for k in range(IMAGES)])


def flat_envelope(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Envelope (P, S, B') of the middle beams, of mean one at every depth and beam."""
    envelope = np.sqrt(power[:, :, 24:-24])
    trend = uniform_filter(envelope.mean(axis=0), (25, 25))
    return np.asarray(envelope / trend, np.float32)


def correlation_width(values: NDArray[np.float32], axis: int) -> float:
    """FWHM of the point spread in samples: the envelope's covariance falls to one half at half of it."""
    lines = np.moveaxis(values - values.mean(), axis, -1)
    n = lines.shape[-1]
    covariance = np.array([(lines[..., : n - k] * lines[..., k:]).mean() for k in range(40)])
    covariance /= covariance[0]
    half = int(np.argmax(covariance < 0.5))
    return float(2.0 * (half - 1 + (covariance[half - 1] - 0.5) / (covariance[half - 1] - covariance[half])))


def test_the_envelope_is_rayleigh(power: tuple[str, NDArray[np.float32]]) -> None:
    envelope = flat_envelope(power[1])[:, 40:480]
    ratio = float(envelope.mean() / envelope.std())
    print(f"{power[0]}: mean / std {ratio:.3f}")
    assert ratio == pytest.approx(1.91, abs=0.05)


def test_lateral_size_is_the_width_of_the_beam(power: tuple[str, NDArray[np.float32]]) -> None:
    name, values = power
    grid, envelope = layout(name), flat_envelope(values)
    expected = lateral_fwhm_m(grid, DEPTH_M[name] / 2)
    for row in (250, 350, 450) if name == "convex" else (100, 150, 250, 350, 450):
        width = correlation_width(envelope[:, row - 25 : row + 25], 2) * float(grid.pitch_m[row])
        print(f"{name} at {1e3 * grid.range_m[row]:.0f} mm: {1e3 * width:.2f} mm, beam {1e3 * expected[row]:.2f} mm")
        assert width == pytest.approx(float(expected[row]), rel=0.10), (name, row)


def test_axial_size_is_the_length_of_the_pulse(power: tuple[str, NDArray[np.float32]]) -> None:
    name, values = power
    length = correlation_width(flat_envelope(values)[:, 100:480], 1) * layout(name).step_m
    pulse = SPEED_OF_SOUND_M_S / (2.0 * 0.6 * preset(name).frequency_hz)
    print(f"{name}: axial {1e3 * length:.3f} mm, pulse {1e3 * pulse:.3f} mm")
    assert length == pytest.approx(pulse, rel=0.15)


def test_echoes_fall_with_the_attenuation_of_the_tissue(power: tuple[str, NDArray[np.float32]]) -> None:
    name, values = power
    grid = layout(name)
    gain = display.time_gain(grid, CLEAN).astype(np.float64)
    level = 10.0 * np.log10(values[:, :, 30:-30].mean(axis=(0, 2)) / gain**2)
    slope_db_cm = np.polyfit(grid.range_m[60:460] * 100.0, level[60:460], 1)[0]
    expected = -2.0 * ATTENUATION * preset(name).frequency_hz * 1e-6
    print(f"{name}: {slope_db_cm:.3f} dB/cm, tissue {expected:.3f} dB/cm")
    assert slope_db_cm == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("name", ["cardiac", "convex"])
def test_speckle_lives_for_about_two_millimeters_out_of_plane(name: str) -> None:
    renderer = phantom(14)

    def image(y_m: float) -> NDArray[np.float32]:
        power = renderer.echoes(frame_state(name, y_m=y_m)).power
        return flat_envelope(power[None])[0, 60:460].ravel()

    still = image(0.0)
    corr = {dy: float(np.corrcoef(still, image(dy))[0, 1]) for dy in (0.0005, 0.002, 0.006)}
    print(f"{name}: correlation at 0.5, 2 and 6 mm out of plane {', '.join(f'{c:.2f}' for c in corr.values())}")
    assert corr[0.0005] > 0.8
    assert 0.4 < corr[0.002] < 0.7
    assert corr[0.006] < 0.2


def test_a_thinner_slice_forgets_sooner() -> None:
    renderer = phantom(14)

    def correlation(name: str) -> float:
        one, two = (flat_envelope(renderer.echoes(frame_state(name, y_m=y)).power[None]).ravel() for y in (0.0, 0.001))
        return float(np.corrcoef(one, two)[0, 1])

    assert correlation("linear") < correlation("cardiac") - 0.2


@pytest.mark.parametrize("name", ["cardiac", "linear"])
def test_speckle_moves_with_the_tissue_in_the_image_plane(name: str) -> None:
    renderer, grid = phantom(15), layout(name)
    along, across = 8, 6  # samples, and beams where they are parallel
    shift = {"z_m": along * grid.step_m} if name == "cardiac" else {"x_m": across * float(grid.pitch_m[0])}
    one = np.sqrt(renderer.echoes(frame_state(name)).power)
    two = np.sqrt(renderer.echoes(replace(frame_state(name, **shift))).power)
    if name == "cardiac":
        here, there = one[200 + along : 400 + along, 92:100], two[200:400, 92:100]
        still = two[200 + along : 400 + along, 92:100]
    else:
        here, there = one[100:400, 40 + across : 140 + across], two[100:400, 40:140]
        still = two[100:400, 40 + across : 140 + across]
    assert np.corrcoef(here.ravel(), there.ravel())[0, 1] > 0.75
    assert np.corrcoef(here.ravel(), still.ravel())[0, 1] < 0.5

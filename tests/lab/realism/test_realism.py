"""The measures of the realism benchmark on images whose answer is known."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

from echopilot_core import EchoPilotError, ProbeGeometry, ProbeKind
from echopilot_lab.cli.app import app
from echopilot_lab.realism import metrics
from echopilot_lab.realism.report import check_data

SPACING_M = 2e-4


def linear(width: int = 400, height: int = 512) -> ProbeGeometry:
    return ProbeGeometry(
        kind=ProbeKind.LINEAR,
        radius_m=0.0,
        opening_angle_rad=0.0,
        aperture_m=width * SPACING_M,
        depth_m=height * SPACING_M,
        spacing_x_m=SPACING_M,
        spacing_y_m=SPACING_M,
        origin_u_px=(width - 1) / 2,
        origin_v_px=0.0,
        frequency_hz=7.5e6,
    )


def phased(depth_m: float = 0.1) -> ProbeGeometry:
    return ProbeGeometry(
        kind=ProbeKind.PHASED,
        radius_m=0.0,
        opening_angle_rad=np.radians(90.0),
        aperture_m=0.02,
        depth_m=depth_m,
        spacing_x_m=SPACING_M,
        spacing_y_m=SPACING_M,
        origin_u_px=399.5,
        origin_v_px=0.0,
        frequency_hz=2.5e6,
    )


def speckle(sigma_down: float, sigma_across: float, below_white_db: float = 22.0) -> NDArray[np.uint8]:
    """Log-compressed fully developed speckle with Gaussian amplitude correlation, over the assumed 60 dB."""
    rng = np.random.default_rng(5)
    parts = [gaussian_filter(rng.standard_normal((512, 400)), (sigma_down, sigma_across)) for _ in range(2)]
    power = parts[0] ** 2 + parts[1] ** 2
    level = 10.0 * np.log10(power / power.mean()) + metrics.DISPLAY_DB - below_white_db
    return np.clip(np.rint(255.0 * level / metrics.DISPLAY_DB), 1, 255).astype(np.uint8)


def test_a_shift_of_all_grays_is_its_own_distance() -> None:
    levels = np.random.default_rng(1).integers(10, 200, 5000).astype(np.uint8)
    assert metrics.histogram_distance(levels, levels) == 0.0
    assert metrics.histogram_distance(levels, levels + 17) == pytest.approx(17.0)


def test_fully_developed_speckle_has_the_statistics_of_rayleigh() -> None:
    found = metrics.speckle_statistics(metrics.to_polar(speckle(1.5, 1.5), linear()))
    assert found.patches > 20
    assert found.snr == pytest.approx(1.91, abs=0.15)
    assert found.nakagami == pytest.approx(1.0, abs=0.15)


def test_smoothing_raises_the_statistics() -> None:
    plain = speckle(1.5, 1.5)
    smooth = np.rint(gaussian_filter(plain.astype(float), 1.5)).astype(np.uint8)
    assert (
        metrics.speckle_statistics(metrics.to_polar(smooth, linear())).snr
        > metrics.speckle_statistics(metrics.to_polar(plain, linear())).snr + 0.5
    )


def test_speckle_size_grows_with_the_width_of_the_beam_in_its_own_direction() -> None:
    small = metrics.speckle_size(metrics.to_polar(speckle(1.5, 1.5), linear()), 0.02, 0.09)
    wide = metrics.speckle_size(metrics.to_polar(speckle(1.5, 3.0), linear()), 0.02, 0.09)
    assert wide[1] == pytest.approx(2.0 * small[1], rel=0.15)
    assert wide[0] == pytest.approx(small[0], rel=0.15)
    assert small[0] == pytest.approx(small[1], rel=0.15)


def test_polar_sampling_follows_the_fan() -> None:
    g = phased()
    v, u = np.mgrid[:520, :800].astype(float)
    reach = np.hypot((u - g.origin_u_px) * g.spacing_x_m, v * g.spacing_y_m)
    polar = metrics.to_polar(np.clip(reach * 2000.0, 0, 255).astype(np.uint8), g)
    assert np.allclose(polar.gray, (polar.depth_m * 2000.0)[:, None], atol=1.5)
    inside = metrics.in_fan(np.zeros((520, 800), np.uint8), g)
    angle = np.arctan2((u - g.origin_u_px), v)
    assert np.abs(angle[inside]).max() < np.radians(45.0) and reach[inside].max() < g.depth_m
    assert inside.sum() == pytest.approx(np.pi / 4 * (g.depth_m / SPACING_M) ** 2, rel=0.06)


def test_depth_slope_and_side_loss_are_those_put_in() -> None:
    g = linear()
    polar = metrics.to_polar(np.full((512, 400), 100, np.uint8), g)
    db = 255.0 / metrics.DISPLAY_DB
    tilted = polar.gray - (1.5 * db * 100.0 * polar.depth_m)[:, None]
    assert metrics.attenuation_slope(metrics.Polar(tilted, polar.step_m, polar.pitch_m)) == pytest.approx(
        -1.5, abs=0.01
    )
    dark = polar.gray.copy()
    dark[:, :40] -= 8.0 * db
    dark[:, -40:] -= 8.0 * db
    assert metrics.side_loss(metrics.Polar(dark, polar.step_m, polar.pitch_m)) == pytest.approx(8.0, abs=0.5)


def test_a_shadow_is_as_deep_as_it_is_dark() -> None:
    image = np.full((512, 400), 120, np.uint8)
    image[100:, 180:220] = 35
    expected = 85.0 * metrics.DISPLAY_DB / 255.0
    assert metrics.shadow_depth(metrics.to_polar(image, linear())) == pytest.approx(expected, rel=0.05)


def test_cavity_contrast_compares_blood_with_the_ring_around_it() -> None:
    v, u = np.mgrid[:300, :300]
    reach = np.hypot(u - 150, v - 150) * 5e-4
    cavity = reach < 0.025
    image = np.where(cavity, 20, 90).astype(np.uint8)
    found = metrics.cavity_contrast(image, cavity, 5e-4)
    assert (found.cavity, found.wall) == (20.0, 90.0)
    assert found.contrast_db == pytest.approx(70.0 * metrics.DISPLAY_DB / 255.0)


def test_ring_down_ends_where_the_lines_end_and_far_noise_is_the_deep_gray() -> None:
    image = np.zeros((512, 400), np.uint8)
    image[:60:12] = 200
    image[400:] = 45
    polar = metrics.to_polar(image, linear())
    assert metrics.ring_down_m(polar) == pytest.approx(48 * SPACING_M, abs=2 * SPACING_M)
    assert metrics.far_noise(polar) == 45.0


def test_missing_clips_are_listed_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match=r"missing: .*a4c_cine_sonosite\.dcm"):
        check_data(tmp_path)
    result = CliRunner().invoke(app, ["bench", "realism", "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert result.stdout == "" and result.stderr.count("\n") == 1 and "liver_sweep" in result.stderr

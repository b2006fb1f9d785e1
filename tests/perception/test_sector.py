"""The sector is found among text, rulers and traces."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from echopilot_core import ProbeKind
from echopilot_perception.frames import open_clip, to_network
from echopilot_perception.frames.sector import find_sector

CLIP = Path(__file__).parents[3] / "shared" / "data" / "ultrasound" / "cardiac" / "a4c_cine_sonosite.dcm"


def screen(u: float, v: float, near: float, far: float, half_rad: float, frames: int, seed: int) -> np.ndarray:
    """Speckled fans on a black screen with text, a ruler and a bright trace."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:480, :640]
    r, a = np.hypot(columns - u, rows - v), np.arctan2(columns - u, rows - v)
    inside = (r > near) & (r < far) & (np.abs(a) < half_rad)
    images = []
    for _ in range(frames):
        image = np.where(inside, rng.rayleigh(30, inside.shape), 0).clip(0, 255).astype(np.uint8)
        cv2.putText(image, "Crd P21 MI 0.9", (5, 25), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 1)
        cv2.putText(image, "75 bpm", (560, 470), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1)
        for tick in range(40, 440, 40):
            cv2.line(image, (610, tick), (618, tick), 255, 1)
        images.append(image)
    return np.stack(images)


@pytest.mark.parametrize(
    "half_deg, near, kind", [(45, 6, ProbeKind.PHASED), (40, 10, ProbeKind.PHASED), (30, 110, ProbeKind.CONVEX)]
)
@pytest.mark.parametrize("frames", [1, 5])
def test_fans_are_measured(half_deg: float, near: float, kind: ProbeKind, frames: int) -> None:
    u, v, far = 310.0, 30.0 - 0.8 * near * (kind == ProbeKind.CONVEX), 400.0
    found = find_sector(screen(u, v, near, far, np.deg2rad(half_deg), frames, seed=5))
    assert found is not None and found.kind == kind
    assert found.opening_rad == pytest.approx(2 * np.deg2rad(half_deg), abs=np.deg2rad(3))
    radius = near if kind == ProbeKind.CONVEX else 0.0
    assert found.origin_u_px == pytest.approx(u, abs=5)
    assert found.origin_v_px == pytest.approx(v + radius, abs=8)
    assert found.depth_px == pytest.approx(far - radius, rel=0.04)


def test_colored_traces_are_disregarded() -> None:
    images = screen(310, 30, 6, 360, np.deg2rad(42), 3, seed=6)
    colored = np.zeros(images.shape[1:], np.bool_)
    colored[430:470, 60:560] = True
    images[:, colored] = 200
    found = find_sector(images, colored)
    assert found is not None
    assert found.depth_px == pytest.approx(360, rel=0.04)


def test_black_screen_has_no_sector() -> None:
    assert find_sector(np.zeros((3, 200, 300), np.uint8)) is None


def test_a_rectangle_is_a_linear_probe() -> None:
    image = np.zeros((1, 400, 500), np.uint8)
    image[0, 50:350, 100:400] = np.random.default_rng(1).integers(20, 200, (300, 300))
    found = find_sector(image)
    assert found is not None and found.kind == ProbeKind.LINEAR
    assert found.width_px == pytest.approx(300, abs=8)
    assert found.depth_px == pytest.approx(300, abs=8)


@pytest.mark.skipif(not CLIP.exists(), reason="the shared real clip is not here")
def test_real_apical_clip() -> None:
    clip = open_clip(CLIP)
    assert len(clip) == 120 and clip.spacing_known
    assert np.allclose(np.diff(clip.frame_times_s), 1 / 30, atol=1e-4)
    geometry = clip.geometry
    assert geometry.kind == ProbeKind.PHASED
    assert np.rad2deg(geometry.opening_angle_rad) == pytest.approx(86, abs=4)
    assert geometry.spacing_x_m == pytest.approx(0.00051050, rel=1e-3)
    assert geometry.depth_m == pytest.approx(0.195, abs=0.01)  # 19 cm on the screen, from just behind the face
    frames = list(clip.frames())
    assert [f.sequence for f in frames] == list(range(120))
    image = to_network(frames[0])
    assert image.shape == (256, 256) and 0.02 < float(image.mean()) < 0.5

"""The fan is found whatever surrounds it, in whatever size, and is the same in every screen."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from screens import FAR, HALF_RAD, U, V, fan, mixed, written

from echopilot_core import ProbeKind
from echopilot_perception.frames.sector import Sector, find_sector


def found_in(image: np.ndarray) -> Sector:
    sector = find_sector(image[None] if image.ndim == 2 else image)
    assert sector is not None
    return sector


def is_the_fan(sector: Sector, scale: float = 1.0, du: float = 0.0, dv: float = 0.0, px: float = 4.0) -> None:
    """Compare with the drawn fan, at `scale` and moved by (du, dv)."""
    assert sector.kind == ProbeKind.PHASED and not sector.beside_trace
    assert sector.opening_rad == pytest.approx(2 * HALF_RAD, abs=np.deg2rad(1.5))
    assert sector.origin_u_px == pytest.approx(scale * U + du, abs=px * scale)
    assert sector.origin_v_px == pytest.approx(scale * V + dv, abs=px * scale)
    assert sector.depth_px == pytest.approx(scale * FAR, abs=px * scale)


@pytest.mark.parametrize("scale", [0.4, 0.75, 1.6, 2.5])
def test_size_does_not_matter(scale: float) -> None:
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    is_the_fan(found_in(cv2.resize(written(fan()), None, fx=scale, fy=scale, interpolation=how)), scale)


def test_text_rulers_bars_and_traces_are_left_out() -> None:
    plain, full = found_in(fan()), found_in(written(fan()))
    is_the_fan(plain)
    for name in ("origin_u_px", "origin_v_px", "depth_px"):
        assert getattr(full, name) == pytest.approx(getattr(plain, name), abs=1.5), name


def test_white_pages_borders_and_panels_are_left_out() -> None:
    image = fan()
    page = np.full((700, 900), 255, np.uint8)
    page[90:570, 100:740] = image
    is_the_fan(found_in(page), 1.0, 100.0, 90.0)
    framed = image.copy()
    framed[[0, -1]] = 255
    framed[:, [0, -1]] = 255
    is_the_fan(found_in(framed))
    panel = np.zeros((620, 640), np.uint8)
    panel[:480] = image
    panel[490:] = 60
    for k in range(6):
        cv2.circle(panel, (60 + 100 * k, 550), 30, 150, -1)
    is_the_fan(found_in(panel))


def test_a_portrait_screen_with_buttons() -> None:
    screen = np.zeros((1280, 720), np.uint8)
    screen[:120] = 45
    screen[300:780, 40:680] = written(fan())
    for k in range(6):
        cv2.circle(screen, (70 + 115 * k, 1200), 40, 150, -1)
    is_the_fan(found_in(screen), 1.0, 40.0, 300.0)


def test_background_that_is_not_black() -> None:
    image = np.maximum(fan(), 34)
    is_the_fan(found_in(image))


@pytest.mark.parametrize("kind", ["spectrum", "m-mode"])
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_mixed_screens_give_their_two_dimensional_part(kind: str, seed: int) -> None:
    sector = found_in(mixed(seed, kind))
    assert sector.kind == ProbeKind.PHASED and sector.beside_trace
    assert sector.origin_u_px == pytest.approx(530, abs=8)
    assert sector.origin_v_px == pytest.approx(62, abs=10)
    assert sector.depth_px == pytest.approx(240, abs=10)


def test_a_trace_that_touches_a_small_fan_does_not_hide_it() -> None:
    screen = np.zeros((768, 1024), np.uint8)
    small = cv2.resize(fan((420, 640)), None, fx=0.42, fy=0.42, interpolation=cv2.INTER_AREA)
    screen[40 : 40 + small.shape[0], 380 : 380 + small.shape[1]] = small
    screen[205:207, 60:960] = 210
    rows, columns = np.mgrid[:300, :900]
    around = np.abs(rows - 150) < 20 + 100 * np.abs(np.sin(columns / 80.0))
    rng = np.random.default_rng(7)
    screen[420:720, 60:960] = np.where(around, rng.rayleigh(60, rows.shape), 0).clip(0, 255).astype(np.uint8)
    sector = found_in(screen)
    assert sector.kind == ProbeKind.PHASED and sector.beside_trace
    assert sector.origin_u_px == pytest.approx(380 + 0.42 * U, abs=6)
    assert sector.origin_v_px == pytest.approx(40 + 0.42 * V, abs=8)
    assert sector.depth_px == pytest.approx(0.42 * FAR, abs=10)


def test_the_upper_image_of_two_between_upright_sides_is_taken() -> None:
    rng = np.random.default_rng(8)
    screen = np.zeros((700, 900), np.uint8)
    screen[40:340, 250:650] = rng.rayleigh(45, (300, 400)).clip(0, 255).astype(np.uint8)
    screen[400:650, 60:860] = rng.rayleigh(30, (250, 800)).clip(0, 255).astype(np.uint8)
    sector = found_in(screen)
    assert sector.kind == ProbeKind.LINEAR
    assert (sector.box.left_px, sector.box.top_px) == (pytest.approx(250, abs=5), pytest.approx(40, abs=5))
    assert (sector.box.right_px, sector.box.bottom_px) == (pytest.approx(650, abs=5), pytest.approx(340, abs=5))


def test_a_zoomed_image_has_its_apex_outside() -> None:
    image = fan((400, 640), u=320.0, v=-120.0, near=0.0, far=600.0, half_rad=np.deg2rad(30.0))
    sector = found_in(image)
    assert sector.kind == ProbeKind.PHASED and sector.radius_px == 0.0
    assert sector.origin_v_px == pytest.approx(-120, abs=8) and sector.box.top_px == 0


def test_images_between_upright_sides_are_no_fan() -> None:
    rng = np.random.default_rng(2)
    for seed in range(4):
        image = np.zeros((512, 534), np.uint8)
        rows, columns = np.mgrid[:430, :400]
        layers = 60 + 50 * np.sin(rows / 12.0 + 0.02 * seed * columns)
        image[30:460, 60:460] = (layers * rng.rayleigh(0.8, layers.shape)).clip(0, 255).astype(np.uint8)
        sector = found_in(image)
        assert sector.kind == ProbeKind.LINEAR
        assert sector.width_px == pytest.approx(400, abs=8)


def test_one_still_and_a_clip_give_the_same() -> None:
    clip = np.stack([written(fan(seed=k)) for k in range(6)])
    one, all_of_them = found_in(clip[0]), found_in(clip)
    for name in ("origin_u_px", "origin_v_px", "depth_px"):
        assert getattr(one, name) == pytest.approx(getattr(all_of_them, name), abs=3.0), name
    assert found_in(clip) == all_of_them


@pytest.mark.alone
def test_a_4k_still_takes_little_more_than_resizing_it() -> None:
    """The search costs less than twenty full-size Gaussian blurs of the same still, far below a second."""
    import time

    image = cv2.resize(written(fan()), (3840, 2880), interpolation=cv2.INTER_CUBIC)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        found_in(image)
        begin = time.process_time()
        found_in(image)
        search_s = time.process_time() - begin
        begin = time.process_time()
        for _ in range(20):
            cv2.GaussianBlur(image, (0, 0), 3.0)
        reference_s = time.process_time() - begin
    finally:
        cv2.setNumThreads(threads)
    print(f"4K still: {search_s:.2f} s, {search_s / reference_s:.2f} of the reference")
    assert search_s < reference_s

"""Corner marks tell a zoomed fan that shows little; letters and ticks are no corner marks."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from screens import fan, mixed, written

from echopilot_core import ProbeKind
from echopilot_perception.frames.sector import find_sector

DATA = Path(__file__).parents[5] / "shared" / "data" / "ultrasound"
U, V, NEAR, FAR, HALF = 330.0, -300.0, 380.0, 720.0, np.deg2rad(18.0)


def zoomed(marks: bool = True, size: float = 1.0) -> np.ndarray:
    """A dark window of a fan, apex above the screen, that shows two echoes, with or without its corner marks."""
    image = np.zeros((480, 640), np.uint8)
    rng = np.random.default_rng(1)
    for u, v, long in ((300, 110, 60), (350, 340, 100)):
        cv2.ellipse(image, (u, v), (long, 16), 25, 0, 360, 200, -1)
    image = np.where(image > 0, rng.integers(90, 255, image.shape), image).astype(np.uint8)
    for side in (-1, 1):
        for r, way in ((NEAR, 1), (FAR, -1)):
            u, v = U + side * r * np.sin(HALF), V + r * np.cos(HALF)
            along = (way * side * np.sin(HALF), way * np.cos(HALF))
            across = (-side * np.cos(HALF), np.sin(HALF))
            for du, dv in (along, across):
                end = (round(u + 9 * du), round(v + 9 * dv))
                if marks:
                    cv2.line(image, (round(u), round(v)), end, 110, 1)
    return image if size == 1.0 else cv2.resize(image, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("size", [1.0, 1.25, 2.0])
def test_a_dark_zoomed_fan_is_found_by_its_corners(size: float) -> None:
    found = find_sector(zoomed(size=size)[None])
    assert found is not None and found.kind == ProbeKind.CONVEX
    assert found.origin_u_px == pytest.approx(size * U, abs=4.0 * size)
    assert found.radius_px == pytest.approx(size * NEAR, rel=0.06)
    assert found.radius_px + found.depth_px == pytest.approx(size * FAR, rel=0.06)
    assert found.opening_rad == pytest.approx(2 * HALF, abs=np.deg2rad(2.5))


def test_without_marks_it_is_no_such_fan() -> None:
    found = find_sector(zoomed(marks=False)[None])
    assert found is None or found.kind != ProbeKind.CONVEX or abs(found.radius_px - NEAR) > 40


def test_letters_and_ticks_make_no_corners() -> None:
    from echopilot_perception.frames.sector.corners import fan_of_corners
    from echopilot_perception.frames.sector.parts import mask_of
    from echopilot_perception.frames.sector.screen import screen_of

    for seed in range(6):
        rng = np.random.default_rng(seed)
        image = written(fan(seed=seed)) if seed % 2 else mixed(seed)
        for _ in range(14):
            word = "".join(rng.choice(list("LFTJ7ri1EPS"), 6))
            at = int(rng.integers(0, image.shape[1] - 90)), int(rng.integers(20, image.shape[0]))
            cv2.putText(image, word, at, 0, float(rng.uniform(0.35, 0.6)), 255, 1, cv2.LINE_AA)
        screen = screen_of(image[None])
        assert fan_of_corners(screen, mask_of(screen, 4)) is None, seed

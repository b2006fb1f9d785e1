"""The depth that a screen prints tells how long the steps of its ruler are, and nothing by itself."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "sector")]

from rulers import dot, ruled
from screens import V, fan

from echopilot_perception.frames.scale.printed_depth import printed_depths_cm
from echopilot_perception.frames.scale.reading import ScaleReading, read_scale
from echopilot_perception.frames.sector import find_sector

STEP = 25.3
matplotlib = pytest.importorskip("matplotlib")
FACES = [
    Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf" for name in ("DejaVuSans", "DejaVuSans-Bold")
]  # none of the templates


def page(words: list[tuple[str, int, int]], face: Path, size: int, gray: int = 255) -> np.ndarray:
    """Words at (u, v) px on black (480, 640)."""
    with Image.new("L", (640, 480)) as image:
        draw, font = ImageDraw.Draw(image), ImageFont.truetype(str(face), size)
        for word, u, v in words:
            draw.text((u, v), word, fill=gray, font=font)
        return np.asarray(image).copy()


def read(image: np.ndarray) -> ScaleReading:
    sector = find_sector(image[None])
    assert sector is not None
    return read_scale(image[None], sector)


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.stem)
@pytest.mark.parametrize("size", [12, 18, 24])
def test_printed_depths_are_read_in_fonts_never_seen(face: Path, size: int) -> None:
    numbers = ("12", "15.0", "9.2", "20", "17", "6.5", "14", "18", "23")
    for k, number in enumerate(numbers):
        image = page([(f"{number}cm", 8 + 3 * k, 30 + k), ("75 bpm", 500, 400)], face, size)
        found = printed_depths_cm(image)
        assert float(number) in found and len(found) <= 3, (number, found)


def test_what_is_no_depth_is_not_read_as_one() -> None:
    words = [
        *("+61.6 cm/s", "Dist 1.60 cm", "0.549cm", "75mm/s", "16 Hz", "FR 143Hz", "2D 60% C50"),
        *("MV Peak E Vel", "53bpm", "03/05/2003 14:15:43", "cm", "160cm", "P Low HGen"),
    ]
    for face in FACES[:2]:
        image = page([(word, 10, 10 + 34 * k) for k, word in enumerate(words)], face, 16)
        assert printed_depths_cm(image) == []


def with_print(image: np.ndarray, text: str) -> np.ndarray:
    return np.maximum(image, page([("50Hz", 10, 20), (text, 10, 40), ("2D", 10, 70)], FACES[0], 15))


def test_a_ruler_without_larger_marks_has_its_length_from_the_printed_depth() -> None:
    plain = ruled(fan(), (600.0, V), 0.0, STEP, 16, dot, 0)
    assert read(plain).spacing_m is None
    found = read(with_print(plain, "15cm"))
    assert found.spacing_m == pytest.approx(0.01 / STEP, rel=0.01) and "15 cm printed" in found.source
    halves = read(with_print(plain, "7.5cm"))
    assert halves.spacing_m == pytest.approx(0.005 / STEP, rel=0.01), halves.source


@pytest.mark.parametrize("group", [0, 5])
def test_a_ruler_and_a_printed_depth_that_contradict_each_other_give_none(group: int) -> None:
    found = read(with_print(ruled(fan(), (600.0, V), 0.0, STEP, 16, dot, group), "21cm"))
    assert found.spacing_m is None and "contradict" in found.source


def test_a_printed_depth_alone_gives_none() -> None:
    found = read(with_print(fan(), "15cm"))
    assert found.spacing_m is None and "no ruler" in found.source

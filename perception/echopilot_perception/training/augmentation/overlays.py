"""Drawings of screens on images: text, arrows, rulers, an ECG, calipers, outlines of color boxes, and colored flow."""

from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from echopilot_perception import grid
from echopilot_perception.training.augmentation.draw import Draw, column

DRAWN, BOXED, DROPPED = 0.35, 0.08, 0.3  # shares
COUNT = 96
WORDS = (
    "LV",
    "RV",
    "LA",
    "RA",
    "Ao",
    "AO",
    "MV",
    "IVC",
    "L",
    "PE",
    "V",
    "S",
    "16cm",
    "75 bpm",
    "1",
    "+",
    "RVOT",
    "PLAX",
)
GRAYS = (120, 255)

Image = NDArray[np.uint8]


def drawn_over(image: Tensor, draw: Draw) -> Tensor:
    """Images (N, 1, 256, 256) in 0..1 with overlays in a share of them; black boxes hide parts of others."""
    size = image.shape[-1]
    flow = column(draw.chosen(BOXED)) & _box(size, draw, (size // 8, size // 2), (size // 8, size // 2))
    jets = (draw.smooth(10, size) * 0.35 + 0.3).clamp(0.0, 1.0)
    image = torch.where(flow & (jets > 0.3), jets, image)
    hidden = column(draw.chosen(DROPPED)) & _box(size, draw, (size // 32, size // 6), (size // 32, size // 6))
    image = image.masked_fill(hidden, 0.0)
    marks = torch.from_numpy(_bank()).to(image.device)[draw.index(COUNT)][:, None].float() / 255.0
    return torch.where(column(draw.chosen(DRAWN)) & (marks > 0), marks, image)


@lru_cache(maxsize=1)
def _bank() -> Image:
    """Overlays (COUNT, 256, 256); 0 where nothing is drawn."""
    rng = np.random.default_rng(0x0E1A)
    return np.stack([_overlay(rng) for _ in range(COUNT)])


def _overlay(rng: np.random.Generator) -> Image:
    canvas = np.zeros((grid.IMAGE_CELLS, grid.IMAGE_CELLS), np.uint8)
    makers = (_words, _arrows, _ruler, _ecg, _calipers, _color_box)
    for maker in rng.permutation(len(makers))[: int(rng.integers(1, 4))]:
        makers[maker](canvas, rng)
    return canvas


def _gray(rng: np.random.Generator) -> int:
    return int(rng.integers(*GRAYS))


def _point(rng: np.random.Generator) -> tuple[int, int]:
    x, y = rng.integers(8, grid.IMAGE_CELLS - 8, 2)
    return int(x), int(y)


def _words(canvas: Image, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 5))):
        word, size = WORDS[int(rng.integers(len(WORDS)))], float(rng.uniform(0.25, 0.7))
        cv2.putText(canvas, word, _point(rng), cv2.FONT_HERSHEY_SIMPLEX, size, _gray(rng), int(rng.integers(1, 3)))


def _arrows(canvas: Image, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 4))):
        (x, y), turn = _point(rng), float(rng.uniform(0.0, 2.0 * np.pi))
        tip = round(x + 22 * np.cos(turn)), round(y + 22 * np.sin(turn))
        cv2.arrowedLine(canvas, (x, y), tip, _gray(rng), int(rng.integers(1, 4)), tipLength=0.4)


def _ruler(canvas: Image, rng: np.random.Generator) -> None:
    x, step, gray = int(rng.choice([3, 128, 250])), int(rng.integers(8, 24)), _gray(rng)
    for i, y in enumerate(range(0, grid.IMAGE_CELLS, step)):
        cv2.line(canvas, (x - (4 if i % 5 == 0 else 1), y), (x + 2, y), gray, 1)


def _ecg(canvas: Image, rng: np.random.Generator) -> None:
    base, beat, height = int(rng.integers(190, 250)), int(rng.integers(40, 110)), int(rng.integers(12, 40))
    x = np.arange(grid.IMAGE_CELLS)
    phase = (x + int(rng.integers(beat))) % beat
    spike = np.where(np.abs(phase - beat // 3) < 3, height * (1 - np.abs(phase - beat // 3) / 3), 0.0)
    wave = 0.2 * height * np.exp(-(((phase - 0.65 * beat) / (0.1 * beat)) ** 2))
    points = np.column_stack([x, base - spike - wave]).astype(np.int32)
    cv2.polylines(canvas, [points], False, _gray(rng), 1)


def _calipers(canvas: Image, rng: np.random.Generator) -> None:
    (x, y), turn, length = _point(rng), float(rng.uniform(0.0, np.pi)), float(rng.uniform(20.0, 90.0))
    gray, steps = _gray(rng), np.linspace(0.0, 1.0, 14)
    ends = [(round(x + s * length * np.cos(turn)), round(y + s * length * np.sin(turn))) for s in (0.0, 1.0)]
    for end in ends:
        cv2.drawMarker(canvas, end, gray, cv2.MARKER_CROSS, 7, 1)
    for s in steps[1:-1]:
        cv2.circle(canvas, (round(x + s * length * np.cos(turn)), round(y + s * length * np.sin(turn))), 0, gray, -1)


def _color_box(canvas: Image, rng: np.random.Generator) -> None:
    near, far = sorted(rng.uniform(30.0, 240.0, 2))
    left, right = sorted(np.deg2rad(rng.uniform(-38.0, 38.0, 2)))
    arcs = [
        [(128 + reach * np.sin(a), reach * np.cos(a)) for a in np.linspace(left, right, 9)] for reach in (near, far)
    ]
    cv2.polylines(canvas, [np.array(arcs[0] + arcs[1][::-1]).astype(np.int32)], True, _gray(rng), 1)


def _box(size: int, draw: Draw, heights: tuple[int, int], widths: tuple[int, int]) -> Tensor:
    """(N, 1, size, size) bool: a rectangle in every image."""
    height, width = draw.between(*heights), draw.between(*widths)
    top, left = draw.between(0.0, 1.0) * (size - height), draw.between(0.0, 1.0) * (size - width)
    at = torch.arange(size, device=draw.device)
    rows = (at >= top[:, None]) & (at < (top + height)[:, None])
    columns = (at >= left[:, None]) & (at < (left + width)[:, None])
    return (rows[:, :, None] & columns[:, None, :])[:, None]

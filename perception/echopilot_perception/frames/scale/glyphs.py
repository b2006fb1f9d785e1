"""Letters and digits by their shape, compared with those of the fonts that OpenCV and Pillow carry."""

from functools import lru_cache
from string import ascii_letters, digits

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

ROWS, COLUMNS = 16, 22  # of a compared glyph
DRAWN_PX = 40
HERSHEY = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_COMPLEX)
SIGNS = digits + ascii_letters

Mask = NDArray[np.bool_]


def likeness(glyphs: list[Mask]) -> NDArray[np.float32]:
    """How much each glyph (G of them) looks like each of SIGNS, -1..1: (G, 62)."""
    if not glyphs:
        return np.zeros((0, len(SIGNS)), np.float32)
    signs, templates = _templates()
    scores = np.stack([_normal(glyph) for glyph in glyphs]) @ templates.T
    best = np.full((len(glyphs), len(SIGNS)), -1.0, np.float32)
    for k in range(len(SIGNS)):
        best[:, k] = scores[:, signs == k].max(axis=1)
    return best


@lru_cache(maxsize=1)
def _templates() -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Numbers of signs (T,) and their shapes (T, ROWS x COLUMNS)."""
    signs, rows = [], []
    for k, sign in enumerate(SIGNS):
        for drawn in _drawings(sign):
            inside = np.argwhere(drawn)
            (top, left), (bottom, right) = inside.min(axis=0), inside.max(axis=0) + 1
            signs.append(k)
            rows.append(_normal(drawn[top:bottom, left:right]))
    return np.array(signs), np.stack(rows)


def _drawings(sign: str) -> list[Mask]:
    side = 3 * DRAWN_PX
    images = []
    for font in HERSHEY:
        for width in (2, 5):
            canvas = np.zeros((side, side), np.uint8)
            cv2.putText(canvas, sign, (DRAWN_PX // 2, 2 * DRAWN_PX), font, DRAWN_PX / 22.0, 255, width, cv2.LINE_AA)
            images.append(canvas)
    with Image.new("L", (side, side)) as page:
        at = DRAWN_PX, DRAWN_PX // 2
        ImageDraw.Draw(page).text(at, sign, fill=255, font=ImageFont.load_default(DRAWN_PX))
        thin = np.asarray(page)
    images += [thin, cv2.dilate(thin, np.ones((3, 3), np.uint8)), cv2.dilate(thin, np.ones((3, 5), np.uint8))]
    return [np.asarray(image > 127, np.bool_) for image in images]


def _normal(glyph: Mask) -> NDArray[np.float32]:
    """A glyph (H, W) on ROWS x COLUMNS with its own proportions, smooth, of mean 0 and norm 1."""
    height, width = glyph.shape
    wide = int(np.clip(round(ROWS * width / height), 2, COLUMNS))
    small = cv2.resize(glyph.astype(np.float32), (wide, ROWS), interpolation=cv2.INTER_AREA)
    canvas = np.zeros((ROWS, COLUMNS), np.float32)
    left = (COLUMNS - wide) // 2
    canvas[:, left : left + wide] = small
    canvas = cv2.GaussianBlur(canvas, (0, 0), 0.9)
    canvas -= canvas.mean()
    return np.asarray(canvas / max(float(np.linalg.norm(canvas)), 1e-6), np.float32).ravel()

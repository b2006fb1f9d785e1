"""The contact sheet: every image beside its labels, with names and numbers, on a dark page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from echopilot_core import SegmentationClass
from echopilot_report.images.overlay import PALETTE_RGB

Pixels = NDArray[np.uint8]
Rgb = tuple[int, int, int]

COLUMNS, MARGIN, GAP, PADDING = 3, 36, 18, 14
IMAGE_W, IMAGE_H = 296, 232
BAR_H, WORDS_H = 34, 28
PAGE: Rgb = (11, 14, 19)
CARD: Rgb = (20, 25, 33)
TEXT: Rgb = (232, 236, 241)
FAINT: Rgb = (150, 160, 173)
ACCENT: Rgb = (255, 183, 77)


@dataclass(frozen=True)
class Tile:
    """An image (H, W) uint8, the same with its labels drawn in (H, W, 3) uint8 RGB, and what is written there."""

    name: str
    corner: str
    words: str
    plain: Pixels
    labeled: Pixels


def draw_sheet(
    title: str,
    headline: str,
    findings: Sequence[str],
    tiles: Sequence[Tile],
    legend_classes: set[SegmentationClass],
    notice: str,
) -> Pixels:
    """The page (H, W, 3) uint8 RGB; `legend_classes` are the classes that the legend explains."""
    card_w, card_h = 2 * IMAGE_W + GAP // 2 + 2 * PADDING, BAR_H + IMAGE_H + WORDS_H + PADDING
    rows = -(-len(tiles) // COLUMNS)
    width = 2 * MARGIN + COLUMNS * card_w + (COLUMNS - 1) * GAP
    header_h, footer_h = 142, 54
    height = MARGIN + header_h + rows * (card_h + GAP) + footer_h
    page = Image.new("RGB", (width, height), PAGE)
    pen = ImageDraw.Draw(page)
    pen.text((MARGIN, MARGIN - 6), title, TEXT, _font(34))
    pen.text((MARGIN, MARGIN + 44), headline, FAINT, _font(20))
    found = "Findings: " + (", ".join(findings) if findings else "none")
    pen.text((MARGIN, MARGIN + 78), found, ACCENT if findings else FAINT, _font(20))
    for i, tile in enumerate(tiles):
        left = MARGIN + (i % COLUMNS) * (card_w + GAP)
        top = MARGIN + header_h + (i // COLUMNS) * (card_h + GAP)
        pen.rounded_rectangle((left, top, left + card_w - 1, top + card_h - 1), 8, CARD)
        _draw_tile(page, pen, left, top, card_w, tile)
    bottom = height - footer_h + 6
    end = _draw_legend(pen, MARGIN, bottom, legend_classes)
    size = pen.textlength(notice, _font(16))
    below = 0 if end + GAP + size < width - MARGIN else 22
    pen.text((width - MARGIN - size, bottom + below), notice, FAINT, _font(16))
    return np.asarray(page, np.uint8)


def _draw_tile(page: Image.Image, pen: ImageDraw.ImageDraw, left: int, top: int, width: int, tile: Tile) -> None:
    pen.text((left + PADDING, top + 7), tile.name, TEXT, _font(18))
    size = pen.textlength(tile.corner, _font(15))
    pen.text((left + width - PADDING - size, top + 9), tile.corner, FAINT, _font(15))
    gray = np.repeat(tile.plain[:, :, None], 3, axis=2) if tile.plain.ndim == 2 else tile.plain
    for k, image in enumerate((gray, tile.labeled)):
        x = left + PADDING + k * (IMAGE_W + GAP // 2)
        pen.rectangle((x, top + BAR_H, x + IMAGE_W - 1, top + BAR_H + IMAGE_H - 1), (0, 0, 0))
        scale = min(IMAGE_W / image.shape[1], IMAGE_H / image.shape[0])
        size_px = (round(image.shape[1] * scale), round(image.shape[0] * scale))
        small = Image.fromarray(np.ascontiguousarray(image)).resize(size_px, Image.Resampling.LANCZOS)
        page.paste(small, (x + (IMAGE_W - size_px[0]) // 2, top + BAR_H + (IMAGE_H - size_px[1]) // 2))
    pen.text((left + PADDING, top + BAR_H + IMAGE_H + 7), tile.words, TEXT, _font(16))


def _draw_legend(pen: ImageDraw.ImageDraw, left: int, top: int, legend_classes: set[SegmentationClass]) -> int:
    x = left
    for tissue in sorted(legend_classes & set(PALETTE_RGB)):
        name = tissue.name.replace("_", " ")
        pen.rounded_rectangle((x, top + 3, x + 14, top + 17), 3, PALETTE_RGB[tissue])
        pen.text((x + 20, top), name, FAINT, _font(16))
        x += 20 + round(pen.textlength(name, _font(16))) + 18
    return x


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)

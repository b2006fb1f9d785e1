"""Receiver operating characteristic: curve, operating point with Wilson intervals, and the figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from echopilot_core import EchoPilotError
from echopilot_perception.anomaly import Rate, auroc, wilson

Array = NDArray[np.float64]
Rgb = tuple[int, int, int]

SIDE, LEFT, TOP, RIGHT, BOTTOM = 720, 110, 70, 40, 90
TICKS = 5
SCALE = 2  # drawn twice as large and shrunk, for smooth lines
INK, FAINT, GRID, PAGE = (30, 33, 38), (120, 126, 134), (224, 227, 231), (255, 255, 255)
COLOURS: tuple[Rgb, ...] = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (120, 94, 200), (90, 90, 90))
"""Okabe and Ito 2008: told apart by colour-blind readers too."""


@dataclass(frozen=True)
class OperatingPoint:
    """What a threshold does: everything that scores at least `threshold` is called positive."""

    threshold: float
    sensitivity: Rate
    specificity: Rate


@dataclass(frozen=True)
class Roc:
    """Curve of one finding from (0, 0) to (1, 1), its area and the point at the threshold in use."""

    name: str
    false_positive: Array  # (M,)
    true_positive: Array  # (M,)
    area: float
    positives: int
    negatives: int
    point: OperatingPoint


def operating_point(scores: ArrayLike, positive: ArrayLike, threshold: float) -> OperatingPoint:
    """Sensitivity and specificity of scores (N,) against truth (N,) bool, with 95 % Wilson intervals."""
    said = np.asarray(scores, dtype=np.float64) >= threshold
    true = np.asarray(positive, dtype=bool)
    hit, quiet = int((said & true).sum()), int((~said & ~true).sum())
    return OperatingPoint(threshold, wilson(hit, int(true.sum())), wilson(quiet, int((~true).sum())))


def roc(name: str, scores: ArrayLike, positive: ArrayLike, threshold: float = 0.5) -> Roc:
    """Curve over every threshold; raises EchoPilotError unless there are finite scores of both sorts."""
    s, t = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
    area = auroc(s, t)
    if not np.isfinite(area):
        raise EchoPilotError(f"no ROC for {name}: it needs positives and negatives, got {int(t.sum())} of {t.size}")
    order = np.argsort(-s, kind="stable")
    last = np.flatnonzero(np.append(np.diff(s[order]) != 0.0, True))  # ties move together
    hits, alarms = np.cumsum(t[order])[last], np.cumsum(~t[order])[last]
    up, across = np.append(0, hits) / t.sum(), np.append(0, alarms) / (~t).sum()
    return Roc(name, across, up, area, int(t.sum()), int((~t).sum()), operating_point(s, t, threshold))


def draw_roc(curves: Sequence[Roc], path: Path, title: str = "Receiver operating characteristic") -> None:
    """Write a PNG with axes, grid, chance line, a curve per finding with its operating point, and a legend."""
    if not curves:
        raise EchoPilotError("no ROC to draw: no finding has both positives and negatives")
    width, height = LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM
    page = Image.new("RGB", (SCALE * width, SCALE * height), PAGE)
    pen = ImageDraw.Draw(page)
    _axes(pen, title)
    _sideways(page, "True positive rate (sensitivity)")
    for i, curve in enumerate(curves):
        colour = COLOURS[i % len(COLOURS)]
        corners = [_at(x, y) for x, y in zip(curve.false_positive, curve.true_positive, strict=True)]
        pen.line(corners, colour, 3 * SCALE, joint="curve")
        _point(pen, curve.point, colour)
    _legend(pen, curves)
    page.resize((width, height), Image.Resampling.LANCZOS).save(path)


def _at(false_positive: float, true_positive: float) -> tuple[float, float]:
    return SCALE * (LEFT + SIDE * float(false_positive)), SCALE * (TOP + SIDE * (1.0 - float(true_positive)))


def _axes(pen: ImageDraw.ImageDraw, title: str) -> None:
    for i in range(TICKS + 1):
        share = i / TICKS
        pen.line([_at(share, 0.0), _at(share, 1.0)], GRID, SCALE)
        pen.line([_at(0.0, share), _at(1.0, share)], GRID, SCALE)
        x, y = _at(share, 0.0)
        pen.text((x, y + 10 * SCALE), f"{share:.1f}", INK, _font(18), anchor="mt")
        x, y = _at(0.0, share)
        pen.text((x - 10 * SCALE, y), f"{share:.1f}", INK, _font(18), anchor="rm")
    for k in range(0, 100, 2):
        pen.line([_at(k / 100, k / 100), _at((k + 1) / 100, (k + 1) / 100)], FAINT, SCALE)
    pen.rectangle([_at(0.0, 1.0), _at(1.0, 0.0)], outline=INK, width=2 * SCALE)
    x, y = _at(0.5, 1.0)
    pen.text((x, y - 38 * SCALE), title, INK, _font(24), anchor="mm")
    x, y = _at(0.5, 0.0)
    pen.text((x, y + 58 * SCALE), "False positive rate (1 - specificity)", INK, _font(21), anchor="mm")


def _sideways(page: Image.Image, words: str) -> None:
    size = 30 * SCALE
    strip = Image.new("RGB", (SCALE * SIDE, size), PAGE)
    ImageDraw.Draw(strip).text((strip.width / 2, size / 2), words, INK, _font(21), anchor="mm")
    page.paste(strip.rotate(90, expand=True), (SCALE * 18, SCALE * TOP))


def _point(pen: ImageDraw.ImageDraw, point: OperatingPoint, colour: Rgb) -> None:
    """The operating point with the arms of its two intervals."""
    x, y = 1.0 - point.specificity.value, point.sensitivity.value
    arms = (
        [(1.0 - point.specificity.high, y), (1.0 - point.specificity.low, y)],
        [(x, point.sensitivity.low), (x, point.sensitivity.high)],
    )
    for arm in arms:
        pen.line([_at(*end) for end in arm], colour, 2 * SCALE)
    cx, cy = _at(x, y)
    r = 6 * SCALE
    pen.ellipse((cx - r, cy - r, cx + r, cy + r), PAGE, colour, 3 * SCALE)


def _legend(pen: ImageDraw.ImageDraw, curves: Sequence[Roc]) -> None:
    rows = [
        (
            f"{c.name.replace('_', ' ').lower()}, AUC {c.area:.3f} ({c.positives} positive, {c.negatives} negative)",
            f"at {c.point.threshold:.2g}: sensitivity {_rate(c.point.sensitivity)}, "
            f"specificity {_rate(c.point.specificity)}",
        )
        for c in curves
    ]
    wide = max(pen.textlength(line, _font(16)) for row in rows for line in row)
    line_h, pad = 23 * SCALE, 12 * SCALE
    x1, y1 = (v - 14 * SCALE for v in _at(1.0, 0.0))
    x0, y0 = x1 - wide - 3 * pad - 30 * SCALE, y1 - 2 * line_h * len(rows) - 2 * pad
    pen.rectangle((x0, y0, x1, y1), PAGE, GRID, 2 * SCALE)
    for i, (head, detail) in enumerate(rows):
        y = y0 + pad + 2 * i * line_h
        pen.line(
            [(x0 + pad, y + line_h / 2), (x0 + pad + 28 * SCALE, y + line_h / 2)], COLOURS[i % len(COLOURS)], 4 * SCALE
        )
        pen.text((x0 + 2 * pad + 30 * SCALE, y + line_h / 2), head, INK, _font(16), anchor="lm")
        pen.text((x0 + 2 * pad + 30 * SCALE, y + 1.5 * line_h), detail, FAINT, _font(16), anchor="lm")


def _rate(rate: Rate) -> str:
    return f"{rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}]"


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(SCALE * size)

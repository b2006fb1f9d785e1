"""Pictures of calibrations: errors in the image plane and by frame; two motions laid over each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from echopilot_control.calibration.delay import TimeOffset
from echopilot_control.calibration.phantom import Array
from echopilot_control.calibration.probe import ProbeCalibration
from echopilot_lab.roc import COLOURS, FAINT, GRID, INK, PAGE, SCALE, Rgb

HEIGHT, TOP, BOTTOM, LEFT, RIGHT = 520, 60, 70, 80, 30


@dataclass(frozen=True)
class Panel:
    """A rectangle on the page [px] and the span of values that it shows."""

    pen: ImageDraw.ImageDraw
    left: float
    width: float
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Place of a value on the page."""
        right = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return SCALE * (self.left + self.width * right), SCALE * (TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - up))

    def axes(self, title: str, x_words: str, x_ticks: Sequence[float], y_ticks: Sequence[float]) -> None:
        """Grid, numbers and words."""
        for tick in x_ticks:
            self.pen.line([self.at(tick, self.y[0]), self.at(tick, self.y[1])], GRID, SCALE)
            across, down = self.at(tick, self.y[0])
            self.pen.text((across, down + 8 * SCALE), f"{tick:g}", INK, _font(15), anchor="mt")
        for tick in y_ticks:
            self.pen.line([self.at(self.x[0], tick), self.at(self.x[1], tick)], GRID, SCALE)
            across, down = self.at(self.x[0], tick)
            self.pen.text((across - 8 * SCALE, down), f"{tick:g}", INK, _font(15), anchor="rm")
        self.pen.rectangle([self.at(self.x[0], self.y[1]), self.at(self.x[1], self.y[0])], outline=INK, width=SCALE)
        middle = SCALE * (self.left + self.width / 2)
        self.pen.text((middle, SCALE * TOP / 2), title, INK, _font(18), anchor="mm")
        self.pen.text((middle, SCALE * (HEIGHT - BOTTOM / 3)), x_words, INK, _font(15), anchor="mm")

    def dot(self, x: float, y: float, colour: Rgb, radius: float) -> None:
        """A filled circle of `radius` [px]."""
        across, down = self.at(x, y)
        r = radius * SCALE
        self.pen.ellipse((across - r, down - r, across + r, down + r), colour)


def draw_probe(errors_m: Array, found: ProbeCalibration, names: Sequence[Sequence[str]], path: Path) -> None:
    """In-plane errors (F, P, 3, 2) [m] of the kept frames by row of wires, and the RMS of every frame."""
    page, pen = _page(1180)
    side = HEIGHT - TOP - BOTTOM
    errors = 1e3 * errors_m[found.kept]
    span = max(1.0, float(np.ceil(np.abs(errors).max() * 2.0) / 2.0))
    ticks = [float(v) for v in np.linspace(-span, span, 5)]
    left = Panel(pen, LEFT, side, (-span, span), (-span, span))
    left.axes("Seen minus expected, in the image plane", "x to the right, y towards the probe [mm]", ticks, ticks)
    for row, wires in enumerate(names):
        for x, y in errors[:, row].reshape(-1, 2):
            left.dot(float(x), -float(y), COLOURS[row % len(COLOURS)], 1.5)
        corner = (SCALE * (LEFT + 10), SCALE * (TOP + 16 + 20 * row))
        pen.text(corner, "  ".join(wires), COLOURS[row % len(COLOURS)], _font(13), anchor="lm")
    rms = 1e3 * found.frame_errors_m
    top = float(np.ceil(5.0 * np.max(rms[found.kept]) + 0.2) / 5.0)
    start = 2 * LEFT + side
    right = Panel(pen, start, 1180 - start - RIGHT, (0.0, float(len(rms))), (0.0, top))
    right.axes(
        f"Every frame, {found.frames} kept, {int((~found.kept).sum())} rejected (grey)",
        "frame that shows all wires; RMS in plane [mm]",
        [float(v) for v in range(0, len(rms) + 1, max(1, len(rms) // 50 * 10))],
        [float(v) for v in np.arange(0.0, top + 1e-9, 0.2)],
    )
    for k, value in enumerate(rms):
        right.dot(k, min(float(value), top), COLOURS[0] if found.kept[k] else FAINT, 3.0)
    _save(page, path)


def draw_time(found: TimeOffset, path: Path) -> None:
    """The motion in the pictures and, shifted by the delay and with its sign, that of the tracker."""
    page, pen = _page(1180)
    times = found.times_s - found.times_s[0]
    end = float(times[-1])
    top = 1.0 + float(np.ceil(max(np.abs(found.image).max(), np.abs(found.tracker).max())))
    panel = Panel(pen, LEFT, 1180 - LEFT - RIGHT, (0.0, end), (-top, top))
    panel.axes(
        f"Pictures late by {1e3 * found.delay_s:.1f} ms, correlation {found.correlation:.3f}",
        "time [s]; motions in standard deviations, poses shifted by the delay",
        [float(v) for v in np.arange(0.0, end, max(1.0, round(end / 8.0)))],
        [float(v) for v in np.linspace(-top, top, 5)],
    )
    for k, (words, values) in enumerate((("pictures", found.image), ("poses", found.tracker))):
        pen.line([panel.at(float(t), float(v)) for t, v in zip(times, values, strict=True)], COLOURS[k], 2 * SCALE)
        pen.text((SCALE * (LEFT + 12), SCALE * (TOP + 16 + 20 * k)), words, COLOURS[k], _font(15), anchor="lm")
    _save(page, path)


def _page(width: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("RGB", (SCALE * width, SCALE * HEIGHT), PAGE)
    return page, ImageDraw.Draw(page)


def _save(page: Image.Image, path: Path) -> None:
    page.resize((page.width // SCALE, page.height // SCALE), Image.Resampling.LANCZOS).save(path)


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(SCALE * size)

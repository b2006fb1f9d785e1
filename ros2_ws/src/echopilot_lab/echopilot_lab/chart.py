"""A rectangle with axes on a picture: what our plots are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from echopilot_lab.roc import GRID, INK, PAGE, SCALE, Rgb

HEIGHT, TOP, BOTTOM, LEFT, RIGHT = 520, 60, 70, 80, 30


@dataclass(frozen=True)
class Panel:
    """A rectangle on the page [px] and the span of values that it shows."""

    pen: ImageDraw.ImageDraw
    left: float
    width: float
    x: tuple[float, float]
    y: tuple[float, float]
    top: float = TOP
    height: float = HEIGHT - TOP - BOTTOM

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Place of a value on the page."""
        right = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return SCALE * (self.left + self.width * right), SCALE * (self.top + self.height * (1.0 - up))

    def axes(self, title: str, x_words: str, x_ticks: Sequence[float], y_ticks: Sequence[float]) -> None:
        """Grid, numbers and words."""
        for tick in x_ticks:
            self.pen.line([self.at(tick, self.y[0]), self.at(tick, self.y[1])], GRID, SCALE)
            across, down = self.at(tick, self.y[0])
            self.pen.text((across, down + 8 * SCALE), f"{tick:g}", INK, font(15), anchor="mt")
        for tick in y_ticks:
            self.pen.line([self.at(self.x[0], tick), self.at(self.x[1], tick)], GRID, SCALE)
            across, down = self.at(self.x[0], tick)
            self.pen.text((across - 8 * SCALE, down), f"{tick:g}", INK, font(15), anchor="rm")
        self.pen.rectangle([self.at(self.x[0], self.y[1]), self.at(self.x[1], self.y[0])], outline=INK, width=SCALE)
        middle = SCALE * (self.left + self.width / 2)
        self.pen.text((middle, SCALE * (self.top - TOP / 2)), title, INK, font(18), anchor="mm")
        self.pen.text((middle, SCALE * (self.top + self.height + 2 * BOTTOM / 3)), x_words, INK, font(15), anchor="mm")

    def dot(self, x: float, y: float, colour: Rgb, radius: float) -> None:
        """A filled circle of `radius` [px]."""
        across, down = self.at(x, y)
        r = radius * SCALE
        self.pen.ellipse((across - r, down - r, across + r, down + r), colour)

    def bar(self, x: tuple[float, float], y: tuple[float, float], colour: Rgb) -> None:
        """A filled box from x[0] to x[1] and y[0] to y[1]."""
        if y[1] > y[0]:
            self.pen.rectangle([self.at(x[0], y[1]), self.at(x[1], y[0])], colour)

    def line(self, points: Sequence[tuple[float, float]], colour: Rgb, width: float = 2.0) -> None:
        """A line through values."""
        self.pen.line([self.at(x, y) for x, y in points], colour, round(width * SCALE), joint="curve")

    def words(self, x: float, y: float, words: str, colour: Rgb, anchor: str = "lm", size: int = 13) -> None:
        """Text at a value."""
        self.pen.text(self.at(x, y), words, colour, font(size), anchor=anchor)


def new_page(width: int, height: int = HEIGHT) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty page [px] and a pen for it; drawn larger, and shrunk when saved."""
    page = Image.new("RGB", (SCALE * width, SCALE * height), PAGE)
    return page, ImageDraw.Draw(page)


def save_page(page: Image.Image, path: Path) -> None:
    """Write a PNG."""
    page.resize((page.width // SCALE, page.height // SCALE), Image.Resampling.LANCZOS).save(path)


def font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """The built-in font at a size [px]."""
    return ImageFont.load_default(SCALE * size)

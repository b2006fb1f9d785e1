"""Figures of force-only runs: the distribution of the largest forces; force over time at several stiffnesses."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from echopilot_lab.roc import COLOURS, FAINT, GRID, INK, PAGE, SCALE
from echopilot_sim.simulation import HARD_LIMIT_N

Array = NDArray[np.float64]

WIDTH, HEIGHT = 960, 480
LEFT, TOP, RIGHT, BOTTOM = 90, 60, 30, 80
LIMIT = (190, 30, 30)
MAXIMA_TO_N, TRACE_TO_N = 24.0, 8.0


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(SCALE * size)


class _Page:
    """A plot with axes; `at` maps values to pixels."""

    def __init__(self, title: str, x_label: str, y_label: str, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.image = Image.new("RGB", (SCALE * WIDTH, SCALE * HEIGHT), PAGE)
        self.pen = ImageDraw.Draw(self.image)
        self._x, self._y = x, y
        self.pen.text((SCALE * WIDTH / 2, SCALE * TOP / 2), title, INK, _font(22), anchor="mm")
        self.pen.text((SCALE * (LEFT + WIDTH - RIGHT) / 2, SCALE * (HEIGHT - 24)), x_label, INK, _font(18), anchor="mm")
        strip = Image.new("RGB", (SCALE * (HEIGHT - TOP - BOTTOM), 26 * SCALE), PAGE)
        ImageDraw.Draw(strip).text((strip.width / 2, strip.height / 2), y_label, INK, _font(18), anchor="mm")
        self.image.paste(strip.rotate(90, expand=True), (12 * SCALE, TOP * SCALE))

    def at(self, x: float, y: float) -> tuple[float, float]:
        u = (x - self._x[0]) / (self._x[1] - self._x[0])
        v = (y - self._y[0]) / (self._y[1] - self._y[0])
        return SCALE * (LEFT + u * (WIDTH - LEFT - RIGHT)), SCALE * (HEIGHT - BOTTOM - v * (HEIGHT - TOP - BOTTOM))

    def grid(self, xs: Sequence[float], ys: Sequence[float], y_names: Sequence[str] = ()) -> None:
        for x in xs:
            self.pen.line([self.at(x, self._y[0]), self.at(x, self._y[1])], GRID, SCALE)
            u, v = self.at(x, self._y[0])
            self.pen.text((u, v + 8 * SCALE), f"{x:g}", INK, _font(16), anchor="mt")
        for y, name in zip(ys, y_names or [f"{y:g}" for y in ys], strict=True):
            self.pen.line([self.at(self._x[0], y), self.at(self._x[1], y)], GRID, SCALE)
            u, v = self.at(self._x[0], y)
            self.pen.text((u - 8 * SCALE, v), name, INK, _font(16), anchor="rm")

    def save(self, path: Path) -> None:
        corners = [self.at(self._x[0], self._y[1]), self.at(self._x[1], self._y[0])]
        self.pen.rectangle(corners, outline=INK, width=2 * SCALE)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(path)


def draw_maxima(maxima_n: Sequence[float], path: Path) -> None:
    """PNG: how many runs had which largest force [N], counted on a logarithmic axis, with the hard limit."""
    counts, edges = np.histogram(np.clip(maxima_n, 0.0, MAXIMA_TO_N), np.arange(0.0, MAXIMA_TO_N + 0.25, 0.5))
    decades = int(np.ceil(np.log10(max(int(counts.max()), 9) + 1)))
    title = f"Largest force on the patient in {len(maxima_n)} runs with faults"
    page = _Page(title, "largest true normal force (N)", "runs", (0.0, MAXIMA_TO_N), (-0.3, float(decades)))
    page.grid(range(0, int(MAXIMA_TO_N) + 1, 2), range(decades + 1), [f"{10**d}" for d in range(decades + 1)])
    for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
        if count:
            x0, y0 = page.at(float(low), float(np.log10(count)))
            x1, y1 = page.at(float(high), -0.3)
            page.pen.rectangle((x0 + SCALE, y0, x1 - SCALE, y1), COLOURS[0] if high <= HARD_LIMIT_N else COLOURS[1])
    _limit(page, HARD_LIMIT_N, -0.3, float(decades), f"hard limit {HARD_LIMIT_N:.0f} N")
    page.save(path)


def draw_traces(traces: Mapping[str, Array], setpoint_n: float, dt_s: float, path: Path) -> None:
    """PNG: true force [N] over time from touch-down, a line per name; every trace (N,) has samples `dt_s` [s] apart."""
    longest_s = dt_s * max(len(trace) for trace in traces.values())
    page = _Page("Force from touch-down on", "time (s)", "true normal force (N)", (0.0, longest_s), (0.0, TRACE_TO_N))
    page.grid(range(0, int(longest_s) + 1, 2), range(0, int(TRACE_TO_N) + 1))
    page.pen.line([page.at(0.0, setpoint_n), page.at(longest_s, setpoint_n)], FAINT, 2 * SCALE)
    for i, (name, trace) in enumerate(traces.items()):
        points = [page.at(k * dt_s, float(np.clip(f, 0.0, TRACE_TO_N))) for k, f in enumerate(trace)]
        page.pen.line(points, COLOURS[i % len(COLOURS)], 2 * SCALE, joint="curve")
        x, y = page.at(0.62 * longest_s, 0.0)
        y -= (18 + 24 * (len(traces) - i - 1)) * SCALE
        page.pen.line([(x, y), (x + 30 * SCALE, y)], COLOURS[i % len(COLOURS)], 4 * SCALE)
        page.pen.text((x + 40 * SCALE, y), name, INK, _font(17), anchor="lm")
    page.save(path)


def _limit(page: _Page, x: float, low: float, high: float, words: str) -> None:
    page.pen.line([page.at(x, low), page.at(x, high)], LIMIT, 3 * SCALE)
    u, v = page.at(x, high)
    page.pen.text((u + 8 * SCALE, v + 12 * SCALE), words, LIMIT, _font(16), anchor="lt")

"""Small calm line plots as inline SVG, drawn by hand: axes, a curve, limit lines, markers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 760.0, 240.0
STYLE = (
    '<style>.plot text{font:11.5px "DejaVu Sans","Segoe UI",Arial,sans-serif;fill:#66727f}'
    ".plot .grid{stroke:#e3e8ed}.plot polyline{fill:none;stroke-linejoin:round}"
    ".plot .main{stroke:#1f5f8b;stroke-width:1.8}.plot .soft{stroke:#9fb4c4;stroke-width:1.4}"
    ".plot .band{fill:#1f5f8b;fill-opacity:.13}.plot .dot{fill:#1f5f8b}"
    ".plot line.limit{stroke:#b3392f;stroke-dasharray:6 4}.plot text.limit{fill:#b3392f}"
    ".plot line.guide{stroke:#9aa7b3;stroke-dasharray:2 4}"
    ".plot path.cross{stroke:#66727f;stroke-width:1.6;fill:none}"
    ".plot circle.mark{fill:none;stroke:#1d2733;stroke-width:1.6}"
    ".plot text.mark{fill:#1d2733;font-weight:600;font-size:13px}</style>"
)
"""In every figure, because the style of a page does not reach its figures everywhere."""
Scale = Callable[[float], float]

LEFT, RIGHT, TOP, BOTTOM = 52.0, 128.0, 14.0, 40.0


@dataclass(frozen=True)
class Curve:
    """Points of one curve; not-finite values break the line. `band` is a half width drawn around it."""

    x: Sequence[float]
    y: Sequence[float]
    style: str  # CSS class: main, soft
    dots: bool = False
    band: Sequence[float] = ()


@dataclass(frozen=True)
class Level:
    """A horizontal line with a label at its right end."""

    y: float
    label: str
    style: str = "limit"


@dataclass(frozen=True)
class Upright:
    """A vertical line with a label: with `anchor` "start" right of its foot, with "end" left of its top."""

    x: float
    label: str
    anchor: str = "start"


@dataclass(frozen=True)
class Mark:
    """A ringed point with a label."""

    x: float
    y: float
    label: str


def line_plot(
    x_label: str,
    y_label: str,
    curves: Sequence[Curve],
    levels: Sequence[Level] = (),
    marks: Sequence[Mark] = (),
    y_from_zero: bool = False,
    uprights: Sequence[Upright] = (),
) -> Markup:
    """An SVG figure; an empty string when nothing is finite."""
    xs = [x for c in curves for x, y in zip(c.x, c.y, strict=True) if math.isfinite(x) and math.isfinite(y)]
    ys = [y for c in curves for x, y in zip(c.x, c.y, strict=True) if math.isfinite(x) and math.isfinite(y)]
    if not xs:
        return Markup("")
    ys += [level.y for level in levels if math.isfinite(level.y)]
    x_ticks = _ticks(min(xs), max(xs))
    y_ticks = _ticks(0.0 if y_from_zero else min(ys), max(ys))
    x_low, x_high = min(xs), max(max(xs), min(xs) + 1e-9)
    y_low, y_high = min(y_ticks[0], min(ys)), max(y_ticks[-1], max(ys))

    def u(x: float) -> float:
        return LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)

    def v(y: float) -> float:
        return HEIGHT - BOTTOM - (y - y_low) / max(y_high - y_low, 1e-9) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg class="plot" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="{escape(y_label)}">{STYLE}'
    ]
    for tick in y_ticks:
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{v(tick):.1f}" y2="{v(tick):.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{v(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in x_ticks:
        if x_low <= tick <= x_high:
            parts.append(
                f'<text class="tick" x="{u(tick):.1f}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{tick:g}</text>'
            )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text class="axis" x="{middle}" y="{HEIGHT - 5}" text-anchor="middle">{escape(x_label)}</text>')
    parts.append(
        f'<text class="axis" transform="translate(13 {(HEIGHT - BOTTOM + TOP) / 2}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_label)}</text>'
    )
    for level in levels:
        if math.isfinite(level.y):
            y = v(level.y)
            parts.append(f'<line class="{level.style}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(
                f'<text class="{level.style}" x="{WIDTH - RIGHT + 8}" y="{y + 4:.1f}">{escape(level.label)}</text>'
            )
    for upright in uprights:
        shift, height_px = (5, HEIGHT - BOTTOM - 6) if upright.anchor == "start" else (-5, TOP + 12)
        x = u(upright.x)
        parts.append(f'<line class="guide" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(
            f'<text class="guide" x="{x + shift:.1f}" y="{height_px}" text-anchor="{upright.anchor}">'
            f"{escape(upright.label)}</text>"
        )
    for curve in curves:
        parts += _curve(curve, u, v)
    for mark in marks:
        if math.isfinite(mark.x) and math.isfinite(mark.y):
            parts.append(f'<circle class="mark" cx="{u(mark.x):.1f}" cy="{v(mark.y):.1f}" r="6"/>')
            below = v(mark.y) - TOP < 24
            parts.append(
                f'<text class="mark" x="{u(mark.x):.1f}" y="{v(mark.y) + (22 if below else -12):.1f}" '
                f'text-anchor="middle">'
                f"{escape(mark.label)}</text>"
            )
    parts.append("</svg>")
    return Markup("".join(parts))


def _curve(curve: Curve, u: Scale, v: Scale) -> list[str]:
    parts: list[str] = []
    runs: list[list[int]] = [[]]
    for i, (x, y) in enumerate(zip(curve.x, curve.y, strict=True)):
        if math.isfinite(x) and math.isfinite(y):
            runs[-1].append(i)
        elif runs[-1]:
            runs.append([])
    for run in runs:
        if not run:
            continue
        if curve.band:
            high = [f"{u(curve.x[i]):.1f},{v(curve.y[i] + curve.band[i]):.1f}" for i in run]
            low = [f"{u(curve.x[i]):.1f},{v(curve.y[i] - curve.band[i]):.1f}" for i in reversed(run)]
            parts.append(f'<polygon class="band" points="{" ".join(high + low)}"/>')
        points = " ".join(f"{u(curve.x[i]):.1f},{v(curve.y[i]):.1f}" for i in run)
        parts.append(f'<polyline class="{curve.style}" points="{points}"/>')
        if curve.dots:
            parts += [f'<circle class="dot" cx="{u(curve.x[i]):.1f}" cy="{v(curve.y[i]):.1f}" r="2.6"/>' for i in run]
    return parts


def _ticks(low: float, high: float) -> list[float]:
    """Four to seven round numbers that enclose [low, high]."""
    span = max(high - low, 1e-6)
    raw = span / 4.0
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(k * step, 10) for k in range(first, last + 1)]

"""Figures of the laboratory with matplotlib: colors, a common style, axes and saving."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100.0
INK, FAINT, GRID, PALE = "#1e2126", "#787e86", "#e0e3e7", "#c8d8e6"
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#785ec8", "#5a5a5a")
"""Okabe and Ito 2008: told apart by color-blind readers too."""
BLUE, RED, GREEN, PINK = COLORS[:4]
_RC: dict[Any, Any] = {
    "font.size": 10.0,
    "axes.titlesize": 12.0,
    "axes.titlepad": 10.0,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
}


@contextmanager
def style() -> Iterator[None]:
    """The common style; figures are made and saved inside."""
    import matplotlib

    with matplotlib.rc_context(_RC):
        yield


def new_figure(width_px: int, height_px: int, rows: int = 1, columns: int = 1, **how: Any) -> tuple[Figure, list[Axes]]:
    """A figure [px] with `rows` x `columns` axes, row by row; `how` as in `matplotlib.figure.Figure.subplots`."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(h_pad=0.1, w_pad=0.12)
    figure = Figure(figsize=(width_px / DPI, height_px / DPI), dpi=DPI, layout=layout)
    axes = figure.subplots(rows, columns, squeeze=False, **how)
    return figure, list(axes.flat)


def set_axes(
    axes: Axes,
    title: str,
    x_label: str,
    x_limits: tuple[float, float],
    y_limits: tuple[float, float],
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
) -> None:
    """Title, label, limits and ticks of one chart; titles name the y axis."""
    axes.set_title(title)
    axes.set_xlabel(x_label)
    axes.set_xlim(*x_limits)
    axes.set_ylim(*y_limits)
    axes.set_xticks(x_ticks)
    axes.set_yticks(y_ticks)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG without alpha channel."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]  # type: ignore[no-untyped-call]
    Image.fromarray(np.ascontiguousarray(pixels)).save(path)

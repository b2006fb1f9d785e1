"""Matplotlib figures as SVG for a self-contained HTML page: one calm style, text as text, same bytes every time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, GRID = "#1d2733", "#66727f", "#e3e8ed"
MAIN, SOFT, LIMIT, GUIDE = "#1f5f8b", "#9fb4c4", "#b3392f", "#9aa7b3"
UNITS_PER_INCH = 72.0
"""Of the SVG; sizes are given in its units, which are about pixels on the page."""
_RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 11.5,
    "text.color": QUIET,
    "axes.labelcolor": QUIET,
    "axes.labelsize": 11.5,
    "axes.labelpad": 5.0,
    "axes.edgecolor": GRID,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "grid.color": GRID,
    "grid.linewidth": 1.0,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "xtick.major.pad": 7.0,
    "ytick.major.pad": 8.0,
    "lines.solid_joinstyle": "round",
}
_FONTS = "'DejaVu Sans', 'Segoe UI', Arial, sans-serif"
_NOT_FOR_HTML = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", re.S)
_HEAD = re.compile(r"<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>", re.S)
_GROUP_ID = re.compile(r"<g id=\"[^\"]*\"")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")


@contextmanager
def style() -> Iterator[None]:
    """The style of all figures of the report; figures are made and written inside."""
    import matplotlib

    with matplotlib.rc_context(_RC):
        yield


def new_figure(width: float, height: float, box: tuple[float, float, float, float]) -> tuple[Figure, Axes]:
    """A figure of `width` x `height` SVG units with axes in `box` (left, top, right, bottom margins)."""
    from matplotlib.figure import Figure

    left, top, right, bottom = box
    figure = Figure(figsize=(width / UNITS_PER_INCH, height / UNITS_PER_INCH))
    figure.patch.set_visible(False)
    place = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    axes = figure.add_axes(place)
    axes.patch.set_visible(False)
    return figure, axes


def svg_of(figure: Figure, label: str, css_class: str = "plot") -> Markup:
    """The figure as an element of an HTML page.

    Args:
        figure: Made by `new_figure`, inside `style`.
        label: For screen readers; also makes the identifiers inside the figure unique, so no two figures share it.
        css_class: Classes of the element.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    target = StringIO()
    with matplotlib.rc_context({"svg.hashsalt": label}):
        FigureCanvasSVG(figure).print_svg(target, metadata={"Date": None})  # type: ignore[no-untyped-call]
    svg = _NOT_FOR_HTML.sub("", target.getvalue())
    head = (
        rf'<svg class="{css_class}" viewBox="\1" role="img" aria-label="{escape(label)}" '
        'stroke-linejoin="round" stroke-linecap="butt">'
    )
    svg = _HEAD.sub(head, svg, count=1)
    svg = _GROUP_ID.sub("<g", svg).replace("'DejaVu Sans'", _FONTS)  # several figures in a page: no id twice
    return Markup(_LONG_NUMBER.sub(lambda number: f"{float(number.group()):.1f}", svg).strip())

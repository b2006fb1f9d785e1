"""Figures of force-only runs: the distribution of the largest forces; force over time at several stiffnesses."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np

from echopilot_core import Array
from echopilot_core.robot import HARD_LIMIT_N
from echopilot_lab.util.chart import COLORS, FAINT, new_figure, save_figure, set_axes, style

WIDTH_PX, HEIGHT_PX = 960, 480
BIN_N = 0.5
MAXIMA_TO_N, TRACE_TO_N = 24.0, 8.0
LIMIT = "#be1e1e"
ROW_PX = 30


def draw_maxima(maxima_n: Sequence[float], path: Path) -> None:
    """PNG: how many runs had which largest force [N], counted on a logarithmic axis, with the hard limit."""
    counts, edges = np.histogram(np.clip(maxima_n, 0.0, MAXIMA_TO_N), np.arange(0.0, MAXIMA_TO_N + BIN_N / 2, BIN_N))
    decades = int(np.ceil(np.log10(max(int(counts.max()), 9) + 1)))
    title = f"Largest force on the patient in {len(maxima_n)} runs with faults"
    with style():
        figure, (axes,) = new_figure(WIDTH_PX, HEIGHT_PX)
        colors = [COLORS[0] if high <= HARD_LIMIT_N else COLORS[1] for high in edges[1:]]
        axes.bar(edges[:-1], counts, width=0.9 * BIN_N, align="edge", color=colors)
        axes.axvline(HARD_LIMIT_N, color=LIMIT, linewidth=2.0)
        axes.text(HARD_LIMIT_N + 0.2, 0.6 * 10.0**decades, f"hard limit {HARD_LIMIT_N:.0f} N", color=LIMIT)
        axes.set_yscale("log")
        whole_n = range(0, int(MAXIMA_TO_N) + 1, 2)
        tens = [10**decade for decade in range(decades + 1)]
        label = "largest true normal force (N)"
        set_axes(axes, title, label, (0.0, MAXIMA_TO_N), (0.5, 10.0**decades), whole_n, tens)
        axes.set_ylabel("runs")
        path.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, path)


def draw_traces(traces: Mapping[str, Array], setpoint_n: float, dt_s: float, path: Path) -> None:
    """PNG: true force [N] over time from touch-down, a line per name; every trace (N,) has samples `dt_s` [s] apart."""
    longest_s = dt_s * max(len(trace) for trace in traces.values())
    with style():
        figure, (axes,) = new_figure(WIDTH_PX, HEIGHT_PX)
        axes.axhline(setpoint_n, color=FAINT, linewidth=1.5)
        for (name, trace), color in zip(traces.items(), cycle(COLORS), strict=False):
            axes.plot(dt_s * np.arange(len(trace)), trace, color=color, linewidth=1.5, label=name)
        whole_s, whole_n = range(0, int(longest_s) + 1, 2), range(int(TRACE_TO_N) + 1)
        label = "time (s)"
        set_axes(axes, "Force from touch-down on", label, (0.0, longest_s), (0.0, TRACE_TO_N), whole_s, whole_n)
        axes.set_ylabel("true normal force (N)")
        axes.legend(loc="lower right")
        path.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, path)


def draw_lies(runs_n: Mapping[str, Mapping[str, Sequence[float]]], limits_n: Sequence[float], path: Path) -> None:
    """PNG: largest true force [N] of every run with a lying sensor, a row for each kind, a color for each time."""
    names = list(runs_n)
    with style():
        figure, (axes,) = new_figure(WIDTH_PX, 120 + ROW_PX * len(names))
        for k, when in enumerate(next(iter(runs_n.values()))):
            points = [
                (min(n, MAXIMA_TO_N), row + 0.36 * k - 0.18)
                for row, kind in enumerate(names)
                for n in runs_n[kind][when]
            ]
            forces_n, rows = zip(*points, strict=True)
            axes.scatter(forces_n, rows, s=20.0, color=COLORS[k], label=when)
        for n in limits_n:
            axes.axvline(n, color=LIMIT, linewidth=2.0)
            axes.text(n + 0.2, -0.6, f"{n:.0f} N", color=LIMIT, verticalalignment="top")
        title, label = "Largest force on the patient with a lying force sensor", "largest true normal force (N)"
        whole_n = range(0, int(MAXIMA_TO_N) + 1, 2)
        set_axes(axes, title, label, (0.0, MAXIMA_TO_N), (len(names) - 0.5, -1.0), whole_n, range(len(names)))
        axes.set_yticks(range(len(names)), names)
        axes.legend(loc="center right")
        path.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, path)

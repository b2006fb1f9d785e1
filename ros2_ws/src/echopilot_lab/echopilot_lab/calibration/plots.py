"""Figures of calibrations: errors in the image plane and by frame; two motions over each other."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from echopilot_control.calibration.delay import TimeOffset
from echopilot_control.calibration.probe import ProbeCalibration
from echopilot_core import Array
from echopilot_lab.util.chart import BLUE, COLORS, FAINT, new_figure, save_figure, set_axes, style

WIDTH_PX, HEIGHT_PX = 1180, 520


def draw_probe(errors_m: Array, found: ProbeCalibration, names: Sequence[Sequence[str]], path: Path) -> None:
    """In-plane errors (F, P, 3, 2) [m] of the kept frames by row of wires, and the RMS of every frame."""
    errors = 1e3 * errors_m[found.kept]
    span = max(1.0, float(np.ceil(np.abs(errors).max() * 2.0) / 2.0))
    ticks = [float(v) for v in np.linspace(-span, span, 5)]
    rms = 1e3 * found.frame_errors_m
    top = float(np.ceil(5.0 * np.max(rms[found.kept]) + 0.2) / 5.0)
    with style():
        figure, (plane, frames) = new_figure(WIDTH_PX, HEIGHT_PX, 1, 2, width_ratios=(1.0, 1.6))
        x_label = "x to the right, y towards the probe [mm]"
        set_axes(plane, "Seen minus expected, in the image plane", x_label, (-span, span), (-span, span), ticks, ticks)
        plane.set_aspect("equal")
        for row, wires in enumerate(names):
            x, y = errors[:, row].reshape(-1, 2).T
            plane.plot(x, -y, ".", color=COLORS[row % len(COLORS)], markersize=3.0, label="  ".join(wires))
        plane.legend(loc="upper left", fontsize=9.0, frameon=False, markerscale=3.0, handletextpad=0.0)
        set_axes(
            frames,
            f"Every frame, {found.frames} kept, {int((~found.kept).sum())} rejected (gray)",
            "frame that shows all wires; RMS in plane [mm]",
            (0.0, float(len(rms))),
            (0.0, top),
            [float(v) for v in range(0, len(rms) + 1, max(1, len(rms) // 50 * 10))],
            [float(v) for v in np.arange(0.0, top + 1e-9, 0.2)],
        )
        numbers, shown = np.arange(len(rms)), np.minimum(rms, top)
        for chosen, color in ((found.kept, BLUE), (~found.kept, FAINT)):
            frames.plot(numbers[chosen], shown[chosen], "o", color=color, markersize=5.0, clip_on=False)
        save_figure(figure, path)


def draw_time(found: TimeOffset, path: Path) -> None:
    """The motion in the images and, shifted by the delay and with its sign, that of the tracker."""
    times = found.times_s - found.times_s[0]
    end = float(times[-1])
    top = 1.0 + float(np.ceil(max(np.abs(found.image).max(), np.abs(found.tracker).max())))
    with style():
        figure, (axes,) = new_figure(WIDTH_PX, HEIGHT_PX)
        set_axes(
            axes,
            f"Images late by {1e3 * found.delay_s:.1f} ms, correlation {found.correlation:.3f}",
            "time [s]; motions in standard deviations, poses shifted by the delay",
            (0.0, end),
            (-top, top),
            [float(v) for v in np.arange(0.0, end, max(1.0, round(end / 8.0)))],
            [float(v) for v in np.linspace(-top, top, 5)],
        )
        for name, values, color in (("images", found.image, COLORS[0]), ("poses", found.tracker, COLORS[1])):
            axes.plot(times, values, color=color, linewidth=2.0, label=name)
        axes.legend(loc="upper left", frameon=False)
        save_figure(figure, path)

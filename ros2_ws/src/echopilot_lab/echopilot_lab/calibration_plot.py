"""Pictures of calibrations: errors in the image plane and by frame; two motions laid over each other."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from echopilot_control.calibration.delay import TimeOffset
from echopilot_control.calibration.phantom import Array
from echopilot_control.calibration.probe import ProbeCalibration
from echopilot_lab.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, Panel, font, new_page, save_page
from echopilot_lab.roc import COLOURS, FAINT, SCALE


def draw_probe(errors_m: Array, found: ProbeCalibration, names: Sequence[Sequence[str]], path: Path) -> None:
    """In-plane errors (F, P, 3, 2) [m] of the kept frames by row of wires, and the RMS of every frame."""
    page, pen = new_page(1180)
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
        pen.text(corner, "  ".join(wires), COLOURS[row % len(COLOURS)], font(13), anchor="lm")
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
    save_page(page, path)


def draw_time(found: TimeOffset, path: Path) -> None:
    """The motion in the pictures and, shifted by the delay and with its sign, that of the tracker."""
    page, pen = new_page(1180)
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
        pen.text((SCALE * (LEFT + 12), SCALE * (TOP + 16 + 20 * k)), words, COLOURS[k], font(15), anchor="lm")
    save_page(page, path)

"""`echopilot calibrate time`: delay between an image stream and a pose stream, as a dated, hashed file."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from echopilot_control.calibration.delay import time_offset
from echopilot_control.calibration.record import check_name, make_record, write_record
from echopilot_lab.calibration.motion_signals import floor_in_images, probe_in_poses
from echopilot_lab.calibration.plots import draw_time
from echopilot_lab.cli.shared import png_only


def run_delay_calibration(
    images: Path, tracker: Path, pose: str, most_s: float, out: Path, console: Console
) -> dict[str, Any]:
    """Follow the brightest line and the tracked position, correlate, write the record and a PNG; the figures."""
    check_name(out)
    png_only(out.with_suffix(".png"))
    motion, floor = probe_in_poses(tracker, pose), floor_in_images(images)
    found = time_offset(floor.signal, motion.signal, most_s)
    values = {"image_delay_s": found.delay_s}
    residuals = {
        "sigma_s": found.sigma_s,
        "correlation": found.correlation,
        "margin_to_next_peak": found.margin,
        "samples": found.samples,
        "frames_without_line": int(np.isnan(floor.signal.values).sum()),
    }
    record = make_record("time", datetime.now(timezone.utc), [*floor.files, *motion.files], values, residuals)
    write_record(record, out)
    plot = out.with_suffix(".png")
    draw_time(found, plot)
    table = Table("figure", "value", title="Images against poses")
    table.add_row("images are late by", f"{1e3 * found.delay_s:+.1f} ms (standard error {1e3 * found.sigma_s:.1f} ms)")
    table.add_row("correlation", f"{found.correlation:+.3f}; {found.margin:.3f} above the next peak")
    table.add_row("samples, frames without a line", f"{found.samples}, {residuals['frames_without_line']}")
    console.print(table)
    console.print(f"{out} and {plot.name}; SHA-256 {record.sha256()[:12]}")
    return {"record": str(out), "picture": str(plot), "values": values, "residuals": residuals}

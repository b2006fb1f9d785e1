"""Plots of the report: diameters along the aorta, LV volume over time, force over the exam."""

import math
from itertools import pairwise

from markupsafe import Markup

from echopilot_core import MeasurementName
from echopilot_core.robot import FREE_N
from echopilot_exam.record import ExamRecord, contact_samples
from echopilot_report.content.content import station_numbers
from echopilot_report.grading.wording import text
from echopilot_report.images.plots import Curve, Level, Mark, Upright, line_plot

GAP_MM = 6.0
"""Stations lie 4 mm apart; a larger distance means that one is missing."""


def aorta_plot(record: ExamRecord) -> Markup:
    """Outer AP diameter [mm] by station [mm] with its standard deviation, the 30 mm line and both ends of the sweep."""
    stations = station_numbers(record)
    if not stations:
        return Markup("")
    widest = [m for m in record.measurements if m.name is MeasurementName.AORTA_MAX_OUTER_AP]
    x: list[float] = []
    y: list[float] = []
    band: list[float] = []
    for m in stations:
        if x and m.station_m * 1e3 - x[-1] > GAP_MM:
            x, y, band = [*x, m.station_m * 1e3], [*y, math.nan], [*band, math.nan]
        x, y, band = [*x, m.station_m * 1e3], [*y, m.value * 1e3], [*band, m.sigma * 1e3]
    named = {m.name for m in record.measurements}
    thirds = ((1, "third_mid"), (2, "third_distal")) if MeasurementName.AORTA_MID_OUTER_AP in named else ()
    return line_plot(
        text("plot", "aorta_x"),
        text("plot", "aorta_y"),
        [Curve(x, y, "main", dots=True, band=band)],
        [Level(30.0, text("plot", "aneurysm"))],
        [Mark(m.station_m * 1e3, m.value * 1e3, f"{m.value * 1e3:.1f} mm") for m in widest],
        y_from_zero=True,
        uprights=[
            Upright(x[0], text("plot", "sweep_start"), "start"),
            *(Upright(x[0] + (x[-1] - x[0]) * k / 3.0, text("plot", name)) for k, name in thirds),
            Upright(x[-1], text("plot", "sweep_end"), "end"),
        ],
    )


def gaps_sentence(record: ExamRecord) -> str:
    """Sentence on the parts of the sweep without a supported diameter; empty without a sweep."""
    stations = [m.station_m * 1e3 for m in station_numbers(record)]
    if not stations:
        return ""
    gaps = [f"{a + 2.0:.0f} to {b - 2.0:.0f}" for a, b in pairwise(stations) if b - a > GAP_MM]
    return text("page", "gaps", places=", ".join(gaps)) if gaps else text("page", "no_gaps")


def volume_plot(record: ExamRecord) -> Markup:
    """LV volume [mL] over time [s] with the end-diastolic and end-systolic volumes."""
    series = [s for s in record.series if s.name is MeasurementName.LV_VOLUME]
    if not series:
        return Markup("")
    levels = [
        Level(m.value * 1e6, text("plot", label, value=f"{m.value * 1e6:.0f}"), "guide")
        for m in record.measurements
        for name, label in ((MeasurementName.LV_EDV_A4C, "edv"), (MeasurementName.LV_ESV_A4C, "esv"))
        if m.name == name
    ]
    curve = Curve(series[-1].times_s, [value * 1e6 for value in series[-1].values], "main")
    return line_plot(text("plot", "time"), text("plot", "volume"), [curve], levels, (), True)


def force_plot(record: ExamRecord) -> Markup:
    """Contact force and set-point [N] over the exam [s] with the limits in force."""
    if not record.trace:
        return Markup("")
    start_ns = record.trace[0].stamp_ns
    every = max(len(record.trace) // 1500, 1)
    trace = record.trace[::every]
    times_s = [(t.stamp_ns - start_ns) * 1e-9 for t in trace]
    caps = [t.soft_cap_n for t in record.trace if math.isfinite(t.soft_cap_n)]
    trips = [t.trip_force_n for t in record.trace if math.isfinite(t.trip_force_n)]
    levels = [Level(min(trips), text("plot", "trip", value=f"{min(trips):.0f}"))] if trips else []
    levels += [Level(cap, text("plot", "soft_cap", value=f"{cap:.0f}"), "guide") for cap in sorted(set(caps))]
    setpoint_n = [t.setpoint_n if t.contact_force_n > FREE_N else math.nan for t in trace]
    return line_plot(
        text("plot", "time"),
        text("plot", "force"),
        [Curve(times_s, setpoint_n, "soft"), Curve(times_s, [t.contact_force_n for t in trace], "main")],
        levels,
        (),
        True,
    )


def force_sentence(record: ExamRecord) -> str:
    """Sentence on the largest force and on the deviation from the set-point."""
    forces = [t.contact_force_n for t in record.trace if math.isfinite(t.contact_force_n)]
    if not forces:
        return text("remark", "no_force")
    held = [t.contact_force_n - t.setpoint_n for t in contact_samples(record.trace)]
    words = text("remark", "force", largest=f"{max(forces):.1f}")
    if held:
        rms = math.sqrt(sum(error * error for error in held) / len(held))
        words += " " + text("remark", "force_held", rms=f"{rms:.2f}")
    return words

"""The report's three plots: diameters along the aorta, LV volume over time, force over the exam."""

import math

from markupsafe import Markup

from echopilot_exam.record import ExamRecord, held_samples
from echopilot_report.plots import Curve, Level, Mark, line_plot


def aorta_plot(record: ExamRecord) -> Markup:
    """Outer AP diameter [mm] by station [mm] with its standard deviation and the 30 mm line."""
    stations = [m for m in record.measurements if m.name == "aorta_outer_ap" and math.isfinite(m.station_m)]
    if not stations:
        return Markup("")
    widest = [m for m in record.measurements if m.name == "aorta_max_outer_ap"]
    x = [m.station_m * 1e3 for m in stations]
    y = [m.value * 1e3 for m in stations]
    curve = Curve(x, y, "main", dots=True, band=[m.sigma * 1e3 for m in stations])
    return line_plot(
        "distance along the aorta from the first section (mm)",
        "outer AP diameter (mm)",
        [curve],
        [Level(30.0, "30 mm aneurysm")],
        [Mark(m.station_m * 1e3, m.value * 1e3, f"{m.value * 1e3:.1f} mm") for m in widest],
        y_from_zero=True,
    )


def volume_plot(record: ExamRecord) -> Markup:
    """LV volume [mL] over time [s] with the mean end-diastolic and end-systolic volumes."""
    series = [s for s in record.series if s.name == "lv_volume"]
    if not series:
        return Markup("")
    levels = [
        Level(m.value * 1e6, f"{label} {m.value * 1e6:.0f} mL", "guide")
        for m in record.measurements
        for name, label in (("lv_edv_a4c", "EDV"), ("lv_esv_a4c", "ESV"))
        if m.name == name
    ]
    volumes = [value * 1e6 for value in series[-1].values]
    return line_plot("time (s)", "LV volume (mL)", [Curve(series[-1].times_s, volumes, "main")], levels, (), True)


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
    levels = [Level(min(trips), f"trip {min(trips):.0f} N")] if trips else []
    levels += [Level(cap, f"soft cap {cap:.0f} N", "guide") for cap in sorted(set(caps))]
    setpoint_n = [t.setpoint_n if t.contact_force_n > 0.5 else math.nan for t in trace]
    return line_plot(
        "time (s)",
        "contact force (N)",
        [Curve(times_s, setpoint_n, "soft"), Curve(times_s, [t.contact_force_n for t in trace], "main")],
        levels,
        (),
        True,
    )


def force_sentence(record: ExamRecord) -> str:
    """Largest force and how well the set-point was held, in words."""
    forces = [t.contact_force_n for t in record.trace if math.isfinite(t.contact_force_n)]
    if not forces:
        return "No force was recorded."
    held = [t.contact_force_n - t.setpoint_n for t in held_samples(record.trace)]
    text = f"Dark: measured force, light: set-point. Largest measured force {max(forces):.1f} N."
    if held:
        rms = math.sqrt(sum(error * error for error in held) / len(held))
        text += f" In contact, the force differed from its set-point by {rms:.2f} N (RMS)."
    return text

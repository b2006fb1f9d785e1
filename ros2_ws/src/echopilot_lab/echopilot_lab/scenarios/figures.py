"""Figures of one run, from its trace."""

import math
from dataclasses import dataclass

import numpy as np

from echopilot_core import Array, ControlPhase, View
from echopilot_core.robot import CONTACT_N
from echopilot_lab.scenarios.trace import Trace

_SETTLED_S = 1.5
_REGULATED_N = 3.0  # set-points below are those of touching


@dataclass(frozen=True)
class Figures:
    """NaN where a run gives no such figure. Forces are true ones [N]."""

    max_force_n: float
    limit_crossings: int
    force_rmse_n: float
    force_peak_error_n: float
    contact_share: float
    angle_deg: float
    offset_mm: float
    seconds: float
    completed: bool
    centring_mm: float
    tracking_rmse_mm: float
    retreated: bool
    latched: tuple[str, ...]
    phases: tuple[str, ...]
    suspicions: tuple[str, ...] = ()


def figures_of(trace: Trace, max_force_n: float, limit_crossings: int, settle_s: float) -> Figures:
    """All figures of a run."""
    force = np.array(trace.force_n)
    after = np.array(trace.contact_s) >= 0.0
    error = _force_errors(trace)
    angle, offset = _held_view(trace)
    frame_s = np.array(trace.frame_contact_s)
    x_mm = 1e3 * np.array(trace.aorta_x_m)
    sweeping = np.array([phase is ControlPhase.SWEEP for phase in trace.frame_phase], dtype=bool)
    swept = x_mm[sweeping & np.isfinite(x_mm)] if x_mm.size else x_mm
    tracked = x_mm[(frame_s >= settle_s) & np.isfinite(x_mm)] if x_mm.size else x_mm
    return Figures(
        max_force_n=max_force_n,
        limit_crossings=limit_crossings,
        force_rmse_n=_rms(error),
        force_peak_error_n=float(np.abs(error).max()) if error.size else math.nan,
        contact_share=float(np.mean(force[after] > CONTACT_N)) if after.any() else 0.0,
        angle_deg=angle,
        offset_mm=offset,
        seconds=trace.success_s,
        completed=trace.completed,
        centring_mm=float(np.median(np.abs(swept))) if swept.size else math.nan,
        tracking_rmse_mm=_rms(tracked),
        retreated=bool(after.any() and force[-1] < CONTACT_N),
        latched=tuple(sorted(trace.reasons)),
        phases=tuple(phase.name for phase in dict.fromkeys(trace.phase)),
        suspicions=trace.suspicions,
    )


def _force_errors(trace: Trace) -> Array:
    """True force minus set-point, where one of 3 N and more has stood for 1.5 s and the probe has not left for good."""
    setpoint, force, time = np.array(trace.setpoint_n), np.array(trace.force_n), np.array(trace.time_s)
    if not time.size:
        return time
    changed = np.concatenate([[True], np.diff(setpoint) != 0.0])
    since = time - np.maximum.accumulate(np.where(changed, time, 0.0))
    errors: Array = (force - setpoint)[(setpoint >= _REGULATED_N) & (since >= _SETTLED_S)]
    return errors


def _held_view(trace: Trace) -> tuple[float, float]:
    """Median angle [deg] and offset [mm] against the last view that was held."""
    held = [k for k, phase in enumerate(trace.frame_phase) if phase is ControlPhase.HOLD]
    held = [k for k in held if trace.goal_view[k] is not View.NONE and math.isfinite(trace.angle_rad[k])]
    if not held:
        return math.nan, math.nan
    angles, offsets = (np.median([values[k] for k in held]) for values in (trace.angle_rad, trace.offset_m))
    return math.degrees(float(angles)), 1e3 * float(offsets)


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values.size else math.nan

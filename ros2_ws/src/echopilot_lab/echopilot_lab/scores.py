"""Scores of one exam: what the exam says, held against the simulator's truth after the fact."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from echopilot_core import ANEURYSM_M, View

REACHED_ANGLE_DEG, REACHED_OFFSET_MM = 8.0, 8.0
NEAR_ANGLE_DEG, NEAR_OFFSET_MM = 15.0, 15.0


@dataclass(frozen=True)
class TruthSample:
    """Truth of one frame, as trial and the scorer node both have it."""

    stamp_ns: int
    sequence: int
    view_angle_rad: dict[View, float]
    view_offset_m: dict[View, float]
    aorta_outer_ap_m: float  # in the image plane, under the actual indentation; NaN where there is no aorta
    station_m: float


@dataclass(frozen=True)
class PatientTruth:
    """What is true of the patient and of the run as a whole."""

    seed: int
    max_outer_diameter_m: float  # anatomical, unloaded
    ejection_fraction: float
    limit_crossings: int
    peak_normal_force_n: float  # over all physics steps

    @property
    def aneurysm(self) -> bool:
        """Whether the anatomical diameter reaches the threshold."""
        return self.max_outer_diameter_m >= ANEURYSM_M


@dataclass(frozen=True)
class ViewScore:
    """How a view went; errors are medians over the frames that the exam kept for it."""

    attempted: bool
    accepted: bool
    reached: bool
    near: bool
    seconds: float
    angle_error_deg: float
    offset_mm: float


@dataclass(frozen=True)
class AortaScore:
    """The sweep. `true_max_diameter_mm` is under the actual indentation; the unloaded one stands beside it."""

    attempted: bool
    completed: bool
    max_diameter_mm: float
    true_max_diameter_mm: float
    unloaded_max_diameter_mm: float
    convention: str
    aneurysm: bool
    true_aneurysm: bool


@dataclass(frozen=True)
class HeartScore:
    """Ejection fraction in percent."""

    ef_pct: float
    true_ef_pct: float


@dataclass(frozen=True)
class ForceScore:
    """Measured force against the set-point while in contact, and the largest true normal force."""

    rmse_n: float
    max_n: float


@dataclass(frozen=True)
class SafetyScore:
    """Trips of the safety process; physics steps above the hard limit."""

    trips: int
    limit_crossings: int


@dataclass(frozen=True)
class Scores:
    """All scores of one exam."""

    patient: int
    views: dict[str, ViewScore]
    aorta: AortaScore
    heart: HeartScore
    force: ForceScore
    safety: SafetyScore


def view_score(
    view: View, accepted: bool, seconds: float, kept_sequences: Sequence[int], truth: Sequence[TruthSample]
) -> ViewScore:
    """Score one attempted view from the frames that the exam kept for it."""
    kept = set(kept_sequences)
    samples = [s for s in truth if s.sequence in kept and view in s.view_angle_rad]
    if not samples:
        return ViewScore(True, accepted, False, False, seconds, math.nan, math.nan)
    angle_deg = math.degrees(float(np.median([s.view_angle_rad[view] for s in samples])))
    offset_mm = 1e3 * float(np.median([s.view_offset_m[view] for s in samples]))
    return ViewScore(
        attempted=True,
        accepted=accepted,
        reached=accepted and angle_deg <= REACHED_ANGLE_DEG and offset_mm <= REACHED_OFFSET_MM,
        near=angle_deg <= NEAR_ANGLE_DEG and offset_mm <= NEAR_OFFSET_MM,
        seconds=seconds,
        angle_error_deg=angle_deg,
        offset_mm=offset_mm,
    )


def true_max_diameter_mm(truth: Sequence[TruthSample], sweep_sequences: Sequence[int]) -> float:
    """Largest true outer AP diameter [mm] over the swept frames, under the actual indentation."""
    swept = set(sweep_sequences)
    values = [s.aorta_outer_ap_m for s in truth if s.sequence in swept and math.isfinite(s.aorta_outer_ap_m)]
    return 1e3 * max(values) if values else math.nan


def force_score(measured_n: Sequence[float], setpoint_n: Sequence[float], peak_n: float) -> ForceScore:
    """RMSE of the measured force where a set-point holds, beside the largest true force."""
    error = np.asarray(measured_n, dtype=float) - np.asarray(setpoint_n, dtype=float)
    rmse = float(np.sqrt(np.mean(error**2))) if error.size else math.nan
    return ForceScore(rmse, peak_n)


def as_json(scores: Scores) -> dict[str, Any]:
    """Plain JSON with null for what is not known."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: clean(v) for k, v in value.items()}
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return round(value, 4) if isinstance(value, float) else value

    result: dict[str, Any] = clean(asdict(scores))
    return result

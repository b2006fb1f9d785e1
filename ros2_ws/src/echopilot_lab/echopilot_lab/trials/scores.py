"""Scores of one exam: its results compared with the simulator's truth after the fact."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import ANEURYSM_M, View
from echopilot_lab.trials.suspicions.suspicion_score import SuspicionScore

REACHED_ANGLE_DEG, REACHED_OFFSET_MM = 8.0, 8.0
NEAR_ANGLE_DEG, NEAR_OFFSET_MM = 15.0, 15.0


@dataclass(frozen=True)
class TruthSample:
    """Truth of one frame, as trial and the scorer node both have it; the last four are known to trials alone.

    `view_turn_rad` is the rotation vector (3,) from the probe to each view, in probe. `aorta_centre_m` is where the
    true center line of the pressed vessel crosses the image plane, `aorta_along` its course there, both (3,) in base.
    """

    stamp_ns: int
    sequence: int
    view_angle_rad: dict[View, float]
    view_offset_m: dict[View, float]
    aorta_outer_ap_m: float  # in the image plane, under the actual indentation; NaN where there is no aorta
    station_m: float
    view_turn_rad: dict[View, NDArray[np.float64]] = field(default_factory=dict)
    obliquity_rad: float = math.nan
    aorta_centre_m: NDArray[np.float64] | None = None
    aorta_along: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class PatientTruth:
    """What is true of the patient and of the run as a whole; what has a default is known to trials alone."""

    seed: int
    max_outer_diameter_m: float  # anatomical, unloaded
    ejection_fraction: float
    limit_crossings: int
    peak_normal_force_n: float  # over all physics steps
    bmi_kg_m2: float = math.nan
    lung_overlap_m: float = math.nan  # how far the left lung covers the heart: narrows the windows
    root_m: float = math.nan  # largest leading-edge diameter of aortic root and ascending aorta
    effusion_m: float = math.nan  # thickness of the fluid in the pericardium
    thrombus_m: float = math.nan  # largest thickness in the abdominal aorta, 0 without
    dissection: bool | None = None

    @property
    def aneurysm(self) -> bool:
        """Whether the anatomical diameter reaches the threshold."""
        return self.max_outer_diameter_m >= ANEURYSM_M


@dataclass(frozen=True)
class ViewScore:
    """How a view went; errors are medians over the frames that the exam kept for it.

    `seconds` run from the start of the step to acceptance, recording included, or until the view was given up.
    `start_*` are the true errors at the first contact, `end_*` those of the last look, whatever came of it.
    `spin_deg` (about the beam) and `tilt_deg` (of the beam) are the parts of the angle error. Where the view was not
    reached, `failure` names the kind and `why` the reason.
    """

    attempted: bool
    accepted: bool
    reached: bool
    near: bool
    seconds: float
    angle_error_deg: float
    offset_mm: float
    spin_deg: float = math.nan
    tilt_deg: float = math.nan
    start_angle_deg: float = math.nan
    start_offset_mm: float = math.nan
    end_angle_deg: float = math.nan
    end_offset_mm: float = math.nan
    failure: str = ""
    why: str = ""


@dataclass(frozen=True)
class AortaScore:
    """The sweep. `true_max_diameter_mm` is under the actual indentation; the unloaded one stands beside it.

    What was found is NaN or None unless the sweep was completed.
    """

    attempted: bool
    completed: bool
    max_diameter_mm: float
    true_max_diameter_mm: float
    unloaded_max_diameter_mm: float
    convention: str
    aneurysm: bool | None  # None: no whole sweep, so no answer
    true_aneurysm: bool


@dataclass(frozen=True)
class HeartScore:
    """Ejection fraction in percent."""

    ef_pct: float
    true_ef_pct: float


@dataclass(frozen=True)
class ForceScore:
    """Measured force, at the ticks of the record (20 Hz), and `max_n`, the largest true force of any physics step.

    `rmse_n` and `overshoot_n` (the largest excess) hold against the set-point while the exam holds one, `touchdown_n`
    is the peak from first contact until the set-point is built up.
    """

    rmse_n: float
    max_n: float
    overshoot_n: float = math.nan
    touchdown_n: float = math.nan


@dataclass(frozen=True)
class SafetyScore:
    """Trips of the safety process; physics steps above the hard limit."""

    trips: int
    limit_crossings: int


@dataclass(frozen=True)
class Person:
    """What of the patient makes views hard."""

    bmi_kg_m2: float
    lung_overlap_mm: float


@dataclass(frozen=True)
class Scores:
    """All scores of one exam. `outcome` is completed, aborted, or unfinished where the record stops before its end.

    `diseases` names the findings that are true of the patient; `second_look_s` is the part of `exam_s` [s] that went
    into second looks.
    """

    outcome: str
    patient: int
    views: dict[str, ViewScore]
    aorta: AortaScore
    heart: HeartScore
    force: ForceScore
    safety: SafetyScore
    person: Person
    suspicions: tuple[SuspicionScore, ...] = ()
    diseases: tuple[str, ...] = ()
    exam_s: float = math.nan
    second_look_s: float = 0.0


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
    turns = np.degrees([s.view_turn_rad[view] for s in samples if view in s.view_turn_rad]).reshape(-1, 3)
    return ViewScore(
        attempted=True,
        accepted=accepted,
        reached=accepted and angle_deg <= REACHED_ANGLE_DEG and offset_mm <= REACHED_OFFSET_MM,
        near=angle_deg <= NEAR_ANGLE_DEG and offset_mm <= NEAR_OFFSET_MM,
        seconds=seconds,
        angle_error_deg=angle_deg,
        offset_mm=offset_mm,
        spin_deg=float(np.median(np.abs(turns[:, 2]))) if len(turns) else math.nan,
        tilt_deg=float(np.median(np.linalg.norm(turns[:, :2], axis=1))) if len(turns) else math.nan,
    )


def errors_at(view: View, stamp_ns: int | None, truth: Sequence[TruthSample]) -> tuple[float, float]:
    """True errors [deg, mm] against a view in the frame nearest to a stamp, NaN without one within a quarter second."""
    near = [s for s in truth if view in s.view_angle_rad and stamp_ns is not None and abs(s.stamp_ns - stamp_ns) < 25e7]
    if stamp_ns is None or not near:
        return math.nan, math.nan
    sample = min(near, key=lambda s: abs(s.stamp_ns - stamp_ns))
    return math.degrees(sample.view_angle_rad[view]), 1e3 * sample.view_offset_m[view]


def true_max_diameter_mm(truth: Sequence[TruthSample], sweep_sequences: Sequence[int]) -> float:
    """Largest true outer AP diameter [mm] over the swept frames, under the actual indentation."""
    swept = set(sweep_sequences)
    values = [s.aorta_outer_ap_m for s in truth if s.sequence in swept and math.isfinite(s.aorta_outer_ap_m)]
    return 1e3 * max(values) if values else math.nan


def force_score(
    measured_n: Sequence[float], setpoint_n: Sequence[float], peak_n: float, touchdown_n: Sequence[float] = ()
) -> ForceScore:
    """Measured force where a set-point holds and, apart, while it is built up, beside the largest true force."""
    error = np.asarray(measured_n, dtype=float) - np.asarray(setpoint_n, dtype=float)
    return ForceScore(
        rmse_n=float(np.sqrt(np.mean(error**2))) if error.size else math.nan,
        max_n=peak_n,
        overshoot_n=max(float(error.max()), 0.0) if error.size else math.nan,
        touchdown_n=max(touchdown_n, default=math.nan),
    )


def as_json(scores: Scores) -> dict[str, Any]:
    """Plain JSON with null for what is not known."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: clean(v) for k, v in value.items()}
        if isinstance(value, tuple | list):
            return [clean(v) for v in value]
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return round(value, 4) if isinstance(value, float) else value

    result: dict[str, Any] = clean(asdict(scores))
    return result

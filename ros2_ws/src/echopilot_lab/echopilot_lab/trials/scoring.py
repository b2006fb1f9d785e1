"""Scoring: an exam record joined with the simulator's truth, after the exam."""

import math
from collections.abc import Sequence
from dataclasses import replace

from echopilot_core import ANEURYSM_M, CaliperConvention, ExamPhase, Measurement, MeasurementName, View
from echopilot_exam.machine.states import FORCE_BUILD_UP, StepResult
from echopilot_exam.protocol.step import StepKind
from echopilot_exam.record import ExamRecord, contact_samples
from echopilot_lab.trials.failures import Failure, failure_of, off_by
from echopilot_lab.trials.scores import (
    REACHED_ANGLE_DEG,
    REACHED_OFFSET_MM,
    AortaScore,
    ForceScore,
    HeartScore,
    PatientTruth,
    Person,
    SafetyScore,
    Scores,
    TruthSample,
    ViewScore,
    errors_at,
    force_score,
    true_max_diameter_mm,
    view_score,
)
from echopilot_lab.trials.step_times import step_times
from echopilot_lab.trials.suspicions.scoring import diseases_of, second_look_seconds, suspicion_scores

SCORED_FRACTIONS = (MeasurementName.EF_BIPLANE, MeasurementName.EF_SINGLE_PLANE_A4C)
"""The first that was measured counts."""


def score(record: ExamRecord, truth: Sequence[TruthSample], patient: PatientTruth) -> Scores:
    """Score one exam; `truth` holds the frames of the exam, or those that scores need, in order.

    A step that the exam never came to counts as attempted and failed.
    """
    return Scores(
        outcome=outcome_of(record),
        patient=patient.seed,
        views=_views(record, truth),
        aorta=_aorta(record, truth, patient),
        heart=HeartScore(ef_pct=100.0 * _ejection_fraction(record), true_ef_pct=100.0 * patient.ejection_fraction),
        force=_force(record, patient),
        safety=SafetyScore(
            trips=sum(event.state is ExamPhase.SAFETY_STOPPED for event in record.events),
            limit_crossings=patient.limit_crossings,
        ),
        person=Person(patient.bmi_kg_m2, 1e3 * patient.lung_overlap_m),
        suspicions=suspicion_scores(record, truth, patient),
        diseases=diseases_of(patient),
        exam_s=1e-9 * (record.updated_ns - record.started_ns),
        second_look_s=second_look_seconds(record),
    )


def outcome_of(record: ExamRecord) -> str:
    """In one word how an exam ended."""
    ends = {ExamPhase.DONE: "completed", ExamPhase.ABORTED: "aborted"}
    return ends.get(record.state, "unfinished") if record.state else "unfinished"


def _views(record: ExamRecord, truth: Sequence[TruthSample]) -> dict[str, ViewScore]:
    """Scores by view, in the order of the protocol; second looks and steps that nothing asked for are left out."""
    views = {}
    for index, words in enumerate(record.steps):
        name, _, kind = words.partition(" ")
        if kind == StepKind.ACQUIRE.value:
            result = record.results[index] if index < len(record.results) else None
            if result is not None and result.left_out:
                continue
            views[name] = _view(record, index, View[name], result, truth)
    return views


def _view(
    record: ExamRecord, index: int, view: View, result: StepResult | None, truth: Sequence[TruthSample]
) -> ViewScore:
    times = step_times(record, index)
    start, end = errors_at(view, times.contact_ns, truth), errors_at(view, times.looked_ns, truth)
    found = (
        ViewScore(True, False, False, False, math.nan, math.nan, math.nan)
        if result is None
        else view_score(view, result.accepted, result.seconds, result.frame_sequences, truth)
    )
    kind, why = None, ""
    if not found.accepted:
        kind, why = failure_of(result, times, record.message)
    elif not found.reached:
        shares = found.angle_error_deg / REACHED_ANGLE_DEG, found.offset_mm / REACHED_OFFSET_MM
        kind, why = Failure.OFF, off_by(*shares, found.spin_deg, found.tilt_deg)
    return replace(
        found,
        start_angle_deg=start[0],
        start_offset_mm=start[1],
        end_angle_deg=end[0],
        end_offset_mm=end[1],
        failure=kind.value if kind else "",
        why=why,
    )


def _aorta(record: ExamRecord, truth: Sequence[TruthSample], patient: PatientTruth) -> AortaScore:
    sweeps = [r for r in record.results if r.kind is StepKind.SWEEP and r.view is View.AORTA_TRANS]
    swept = [sequence for r in sweeps for sequence in r.frame_sequences]
    completed = any(r.accepted for r in sweeps)
    largest = _measurement(record, MeasurementName.AORTA_MAX_OUTER_AP) if completed else None
    return AortaScore(
        attempted=bool(sweeps) or f"{View.AORTA_TRANS.name} {StepKind.SWEEP.value}" in record.steps,
        completed=completed,
        max_diameter_mm=1e3 * largest.value if largest else math.nan,
        true_max_diameter_mm=true_max_diameter_mm(truth, swept),
        unloaded_max_diameter_mm=1e3 * patient.max_outer_diameter_m,
        convention=(largest.convention if largest else CaliperConvention.NOT_APPLICABLE).name,
        aneurysm=None if largest is None else largest.value >= ANEURYSM_M,
        true_aneurysm=patient.aneurysm,
    )


def _force(record: ExamRecord, patient: PatientTruth) -> ForceScore:
    held = contact_samples(record.trace)
    return force_score(
        [s.contact_force_n for s in held],
        [s.setpoint_n for s in held],
        patient.peak_normal_force_n,
        [s.contact_force_n for s in record.trace if s.phase in FORCE_BUILD_UP and math.isfinite(s.contact_force_n)],
    )


def _measurement(record: ExamRecord, name: MeasurementName) -> Measurement | None:
    return next((m for m in reversed(record.measurements) if m.name is name), None)


def _ejection_fraction(record: ExamRecord) -> float:
    found = (_measurement(record, name) for name in SCORED_FRACTIONS)
    return next((m.value for m in found if m is not None), math.nan)

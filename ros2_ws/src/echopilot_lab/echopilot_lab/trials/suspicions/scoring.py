"""Scoring of the suspicions of an exam record against the simulator's truth, after the exam."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from echopilot_core import FindingKind, Look, Suspicion, SuspicionOutcome
from echopilot_exam.machine.planned_step import SECOND_LOOK
from echopilot_exam.protocol.step import StepKind
from echopilot_exam.record import ExamRecord
from echopilot_lab.trials.scores import PatientTruth, TruthSample, true_max_diameter_mm
from echopilot_lab.trials.suspicions.suspicion_score import SuspicionScore
from echopilot_perception.anomaly.thresholds import SIZES, borderline

CLEAR_THROMBUS_M = 0.003
"""A thinner thrombus is two cells of the network's grid and counts as borderline."""


def suspicion_scores(
    record: ExamRecord, truth: Sequence[TruthSample], patient: PatientTruth
) -> tuple[SuspicionScore, ...]:
    """Scores of all suspicions, in the order in which they were raised."""
    return tuple(_scored(suspicion, record, truth, patient) for suspicion in record.suspicions)


def disease_of(kind: FindingKind, patient: PatientTruth) -> tuple[bool | None, bool]:
    """Whether the patient truly has it (None: not known), and whether that is borderline."""
    if kind is FindingKind.DISSECTION_FLAP:
        return patient.dissection, False
    if kind is FindingKind.THROMBUS:
        thick_m = patient.thrombus_m
        return (None, False) if math.isnan(thick_m) else (thick_m > 0.0, 0.0 < thick_m < CLEAR_THROMBUS_M)
    size_m = _size_m(kind, patient)
    if math.isnan(size_m):
        return None, False
    return size_m >= SIZES[kind].value, borderline(SIZES[kind], size_m)


def diseases_of(patient: PatientTruth) -> tuple[str, ...]:
    """Names of the findings that are true of the patient, as far as the truth is known."""
    asked = (*_SIZES, FindingKind.THROMBUS, FindingKind.DISSECTION_FLAP)
    return tuple(kind.name for kind in sorted(asked) if disease_of(kind, patient)[0])


def second_look_seconds(record: ExamRecord) -> float:
    """Time of the exam [s] that went into second looks, ways there and back included."""
    events = [*((e.stamp_ns, e.step_index) for e in record.events), (record.updated_ns, -1)]
    own = {index for index, label in enumerate(record.steps) if label.endswith(SECOND_LOOK)}
    return 1e-9 * sum(later - stamp_ns for (stamp_ns, index), (later, _) in pairwise(events) if index in own)


_SIZES = {
    FindingKind.ANEURYSM_ABDOMINAL: "max_outer_diameter_m",
    FindingKind.DILATED_ROOT: "root_m",
    FindingKind.EFFUSION: "effusion_m",
}
"""Fields of PatientTruth that hold the true size [m] of a finding."""


def _size_m(kind: FindingKind, patient: PatientTruth) -> float:
    return float(getattr(patient, _SIZES[kind])) if kind in _SIZES else math.nan


def _scored(
    suspicion: Suspicion, record: ExamRecord, truth: Sequence[TruthSample], patient: PatientTruth
) -> SuspicionScore:
    kind, first = suspicion.finding.kind, suspicion.looks[0]
    true, near_limit = disease_of(kind, patient)
    is_open = suspicion.outcome is SuspicionOutcome.OPEN
    before_mm = after_mm = true_before_mm = true_after_mm = math.nan
    if first.unit == "m":
        alike = [look for look in suspicion.looks if look.view is first.view and math.isfinite(look.value)]
        before_mm, after_mm = 1e3 * first.value, 1e3 * suspicion.value
        true_mm = [_true_mm(kind, look, record, truth, patient) for look in alike]
        true_before_mm, true_after_mm = true_mm[0], float(np.mean(true_mm))
    return SuspicionScore(
        kind=kind.name,
        outcome=suspicion.outcome.name,
        reason=suspicion.reason,
        true=true,
        borderline=near_limit,
        right=None if is_open or true is None else (suspicion.outcome is SuspicionOutcome.CONFIRMED) == true,
        looks=len(suspicion.looks),
        before_mm=before_mm,
        after_mm=after_mm,
        true_before_mm=true_before_mm,
        true_after_mm=true_after_mm,
        error_before_mm=abs(before_mm - true_before_mm),
        error_after_mm=abs(after_mm - true_after_mm),
    )


def _true_mm(
    kind: FindingKind, look: Look, record: ExamRecord, truth: Sequence[TruthSample], patient: PatientTruth
) -> float:
    """True size [mm] at a look: the widest of the swept frames of its pass, or that of the patient."""
    if kind is not FindingKind.ANEURYSM_ABDOMINAL:
        return 1e3 * _size_m(kind, patient)
    frames = set(look.frame_sequences)
    sweeps = [r.frame_sequences for r in record.results if r.kind is StepKind.SWEEP]
    swept = next((s for s in sweeps if frames.intersection(s)), ())
    return true_max_diameter_mm(truth, swept)

"""Joins an exam record and the simulator's truth, after the exam, into scores."""

import math
from collections.abc import Sequence

from echopilot_core import ANEURYSM_M, Convention, Measurement, View
from echopilot_exam.protocol import StepKind
from echopilot_exam.record import ExamRecord, held_samples
from echopilot_exam.states import StepResult
from echopilot_lab.scores import (
    AortaScore,
    ForceScore,
    HeartScore,
    PatientTruth,
    SafetyScore,
    Scores,
    TruthSample,
    ViewScore,
    force_score,
    true_max_diameter_mm,
    view_score,
)

AORTA_MAX = "aorta_max_outer_ap"
EJECTION_FRACTION = "ef_single_plane_a4c"
TRIPPED = "SAFETY_STOPPED"


def score(record: ExamRecord, truth: Sequence[TruthSample], patient: PatientTruth) -> Scores:
    """Score one exam; `truth` holds every frame of the exam in order."""
    return Scores(
        patient=patient.seed,
        views={r.view.name: _view(r, truth) for r in record.results if r.kind is StepKind.ACQUIRE},
        aorta=_aorta(record, truth, patient),
        heart=HeartScore(
            ef_pct=100.0 * _value(record, EJECTION_FRACTION), true_ef_pct=100.0 * patient.ejection_fraction
        ),
        force=_force(record, patient),
        safety=SafetyScore(
            trips=sum(event.state == TRIPPED for event in record.events), limit_crossings=patient.limit_crossings
        ),
    )


def _view(result: StepResult, truth: Sequence[TruthSample]) -> ViewScore:
    return view_score(result.view, result.accepted, result.seconds, result.frame_sequences, truth)


def _aorta(record: ExamRecord, truth: Sequence[TruthSample], patient: PatientTruth) -> AortaScore:
    sweeps = [r for r in record.results if r.kind is StepKind.SWEEP and r.view is View.AORTA_TRANS]
    swept = [sequence for r in sweeps for sequence in r.frame_sequences]
    largest = _measurement(record, AORTA_MAX)
    return AortaScore(
        attempted=bool(sweeps),
        completed=any(r.accepted for r in sweeps),
        max_diameter_mm=1e3 * largest.value if largest else math.nan,
        true_max_diameter_mm=true_max_diameter_mm(truth, swept),
        unloaded_max_diameter_mm=1e3 * patient.max_outer_diameter_m,
        convention=(largest.convention if largest else Convention.NOT_APPLICABLE).name,
        aneurysm=largest is not None and largest.value >= ANEURYSM_M,
        true_aneurysm=patient.aneurysm,
    )


def _force(record: ExamRecord, patient: PatientTruth) -> ForceScore:
    held = held_samples(record.trace)
    return force_score([s.contact_force_n for s in held], [s.setpoint_n for s in held], patient.peak_normal_force_n)


def _measurement(record: ExamRecord, name: str) -> Measurement | None:
    return next((m for m in reversed(record.measurements) if m.name == name), None)


def _value(record: ExamRecord, name: str) -> float:
    measurement = _measurement(record, name)
    return measurement.value if measurement else math.nan

"""Suspicions are scored against truth: right or wrong, and what the second look changed; open ones count as neither."""

import math
from pathlib import Path
from typing import Any

import pytest

from echopilot_core import (
    ExamPhase,
    Finding,
    FindingKind,
    Look,
    Outcome,
    Suspicion,
    SuspicionOutcome,
    View,
)
from echopilot_exam.machine.states import StepResult
from echopilot_exam.protocol.step import StepKind
from echopilot_exam.record import ExamRecord, RecordHeader
from echopilot_exam.record.model import Event
from echopilot_lab.trials.scores import PatientTruth, TruthSample, as_json
from echopilot_lab.trials.scoring import score
from echopilot_lab.trials.suspicions.figures import errors_of, suspicion_figures, suspicion_lines
from echopilot_lab.trials.suspicions.scoring import disease_of, diseases_of, second_look_seconds, suspicion_scores

ANEURYSM, THROMBUS, FLAP = FindingKind.ANEURYSM_ABDOMINAL, FindingKind.THROMBUS, FindingKind.DISSECTION_FLAP
TRANS, LONG = View.AORTA_TRANS, View.AORTA_LONG
CONFIRMED, WITHDRAWN, OPEN = SuspicionOutcome.CONFIRMED, SuspicionOutcome.WITHDRAWN, SuspicionOutcome.OPEN
FIRST, SECOND = tuple(range(10, 20)), tuple(range(30, 40))


def truth_of(**changes: Any) -> PatientTruth:
    values = {"max_outer_diameter_m": 0.044, "root_m": 0.034, "effusion_m": 0.0, "thrombus_m": 0.0, "dissection": False}
    return PatientTruth(seed=1, ejection_fraction=0.6, limit_crossings=0, peak_normal_force_n=9.0, **values | changes)


def sample(sequence: int, outer_mm: float) -> TruthSample:
    return TruthSample(sequence, sequence, {}, {}, 1e-3 * outer_mm, 0.0)


def aneurysm(outcome: SuspicionOutcome = CONFIRMED, first_mm: float = 46.0, second_mm: float = 44.0) -> Suspicion:
    """Looks of a sweep, a second pass and the long axis."""
    looks = (
        Look("sweep", TRANS, 1e-3 * first_mm, 0.0005, "m", FIRST[:3]),
        Look("second pass", TRANS, 1e-3 * second_mm, 0.0005, "m", SECOND[:3]),
        Look("long axis", LONG, 0.043, 0.0005, "m", (50,)),
    )
    value = math.nan if outcome is OPEN else 5e-4 * (first_mm + second_mm)
    finding = Finding(ANEURYSM, 0.9, TRANS, FIRST[:3], "Suspected.")
    return Suspicion(finding, None, "?", 240.0, 0, looks, outcome, "words", value)


def scored_kind(kind: FindingKind, outcome: SuspicionOutcome, reason: str = "words") -> Suspicion:
    look = Look("sweep", TRANS, 0.9, math.nan, "1", FIRST[:3])
    return Suspicion(Finding(kind, 0.9, TRANS, FIRST[:3], "Suspected."), None, "?", 240.0, 0, (look,), outcome, reason)


def record_of(*suspicions: Suspicion) -> ExamRecord:
    steps = ("AORTA_TRANS sweep", "AORTA_TRANS sweep second look", "AORTA_LONG acquire second look")
    results = tuple(
        StepResult(TRANS, StepKind.SWEEP, Outcome.SUCCEEDED, True, 1.0, 0.8, 20.0, frames[0], "", frames)
        for frames in (FIRST, SECOND)
    )
    ticks = ((0, 0, ExamPhase.SWEEP), (40, 1, ExamPhase.PREPARE), (60, 1, ExamPhase.RETREAT), (70, 2, ExamPhase.RECORD))
    return ExamRecord(
        folder=Path("."),
        header=RecordHeader("virtual-1", "screening", ""),
        started_ns=0,
        updated_ns=round(100e9),
        state=ExamPhase.DONE,
        complete=True,
        message="",
        steps=steps,
        results=results,
        measurements=(),
        findings=(),
        series=(),
        events=tuple(Event(round(1e9 * t), t, phase, step, "") for t, step, phase in ticks),
        suspicions=suspicions,
    )


TRUTH = [*(sample(k, 44.0) for k in FIRST), *(sample(k, 44.4) for k in SECOND)]


def test_the_sizes_before_and_after_stand_beside_the_truth_of_their_own_passes() -> None:
    (found,) = suspicion_scores(record_of(aneurysm()), TRUTH, truth_of())
    assert found.right is True and found.true is True and not found.borderline and found.looks == 3
    assert (found.before_mm, found.after_mm) == (pytest.approx(46.0), pytest.approx(45.0))
    assert (found.true_before_mm, found.true_after_mm) == (pytest.approx(44.0), pytest.approx(44.2))
    assert (found.error_before_mm, found.error_after_mm) == (pytest.approx(2.0), pytest.approx(0.8))


@pytest.mark.parametrize(
    ("outcome", "true_mm", "right"),
    [(CONFIRMED, 44.0, True), (CONFIRMED, 22.0, False), (WITHDRAWN, 22.0, True), (WITHDRAWN, 44.0, False)],
)
def test_right_means_confirmed_where_it_is_true_and_withdrawn_where_it_is_not(
    outcome: SuspicionOutcome, true_mm: float, right: bool
) -> None:
    patient = truth_of(max_outer_diameter_m=1e-3 * true_mm)
    (found,) = suspicion_scores(record_of(aneurysm(outcome)), TRUTH, patient)
    assert found.right is right


def test_an_open_one_is_neither_right_nor_wrong_and_has_no_size_after() -> None:
    (found,) = suspicion_scores(record_of(aneurysm(OPEN)), TRUTH, truth_of())
    assert found.right is None and math.isnan(found.after_mm) and math.isnan(found.error_after_mm)
    assert found.error_before_mm == pytest.approx(2.0)


def test_what_the_scorer_of_a_graph_does_not_know_is_unknown_and_not_false() -> None:
    little = PatientTruth(1, 0.044, 0.6, 0, 9.0)
    assert disease_of(THROMBUS, little) == (None, False) and disease_of(FLAP, little) == (None, False)
    (found,) = suspicion_scores(record_of(scored_kind(THROMBUS, CONFIRMED)), TRUTH, little)
    assert found.true is None and found.right is None
    assert diseases_of(little) == (ANEURYSM.name,)


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        (ANEURYSM, {"max_outer_diameter_m": 0.031}, (True, True)),
        (ANEURYSM, {"max_outer_diameter_m": 0.027}, (False, False)),
        (FindingKind.DILATED_ROOT, {"root_m": 0.045}, (True, False)),
        (FindingKind.EFFUSION, {"effusion_m": 0.006}, (True, True)),
        (THROMBUS, {"thrombus_m": 0.001}, (True, True)),
        (THROMBUS, {"thrombus_m": 0.010}, (True, False)),
        (FLAP, {"dissection": True}, (True, False)),
    ],
)
def test_disease_near_its_limit_is_borderline(
    kind: FindingKind, changes: dict[str, Any], expected: tuple[bool, bool]
) -> None:
    assert disease_of(kind, truth_of(**changes)) == expected


def test_the_time_of_second_looks_holds_the_ways_to_them_and_back() -> None:
    assert second_look_seconds(record_of(aneurysm())) == pytest.approx(60.0)


def result_of(*suspicions: Suspicion, seed: int = 1, **changes: Any) -> dict[str, Any]:
    scores = score(record_of(*suspicions), TRUTH, truth_of(**changes))
    return as_json(scores) | {"patient": seed}


def test_the_cohort_counts_by_truth_and_outcome_with_reasons() -> None:
    results = [
        result_of(aneurysm(), scored_kind(THROMBUS, CONFIRMED), seed=1, thrombus_m=0.01),
        result_of(aneurysm(WITHDRAWN), seed=2, max_outer_diameter_m=0.022),
        result_of(scored_kind(FLAP, OPEN, "the looks contradict each other"), seed=3, max_outer_diameter_m=0.022),
        result_of(aneurysm(), seed=4, max_outer_diameter_m=0.0305),
        result_of(seed=5, max_outer_diameter_m=0.022),
    ]
    found = suspicion_figures(results)
    assert found["raised"] == 5
    assert found["true"] == {"open": 0, "confirmed": 2, "withdrawn": 0}
    assert found["false"] == {"open": 1, "confirmed": 0, "withdrawn": 1}
    assert found["borderline"] == {"open": 0, "confirmed": 1, "withdrawn": 0}
    assert found["by_kind"][THROMBUS.name]["true"]["confirmed"] == 1
    assert found["open_reasons"] == [{"patient": 3, "kind": FLAP.name, "reason": "the looks contradict each other"}]
    assert found["open_without_reason"] == 0 and found["wrong"] == []
    assert found["diameter_error_mm"] == {
        "suspicions": 2,
        "before": pytest.approx(2.0),
        "after": pytest.approx(0.8),
        "share": pytest.approx(0.4),
    }
    assert found["second_look_healthy"]["patients"] == 3
    lines = suspicion_lines(found)
    assert "true: 2 confirmed" in lines[0] and "2.00 mm before and 0.80 mm after" in lines[1]


def test_a_disease_that_nobody_suspected_is_missed() -> None:
    found = suspicion_figures([result_of(aneurysm(), thrombus_m=0.01) | {"aorta": {"completed": True}}])
    assert found["missed"] == {THROMBUS.name: 1}


def test_without_suspicions_there_is_nothing_to_tell() -> None:
    found = suspicion_figures([result_of(max_outer_diameter_m=0.022)])
    assert found["raised"] == 0 and suspicion_lines(found) == []
    assert errors_of([])["share"] is None


def test_an_open_one_without_words_is_counted_as_such() -> None:
    assert suspicion_figures([result_of(scored_kind(FLAP, OPEN, " "))])["open_without_reason"] == 1

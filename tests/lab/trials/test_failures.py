"""A view that was not reached gets the failure that it was, from events and result of the record."""

import math
from pathlib import Path

import numpy as np
import pytest

from echopilot_core import CaliperConvention, CaliperPoint, ExamPhase, Measurement, MeasurementName, Outcome, View, se3
from echopilot_exam.machine.states import StepResult
from echopilot_exam.protocol.step import StepKind
from echopilot_exam.record import ExamRecord, RecordHeader
from echopilot_exam.record.model import Event, PerceptionSample, TraceSample
from echopilot_lab.trials.failures import Failure, off_by
from echopilot_lab.trials.scores import PatientTruth, TruthSample
from echopilot_lab.trials.scoring import score
from echopilot_lab.trials.step_times import step_times
from echopilot_lab.trials.sweep_scores import sweep_errors

PATIENT = PatientTruth(1, 0.02, 0.6, 0, 9.0)
FOUND = ("APPROACH", "TOUCH", "COUPLE", "SEARCH", "REFINE", "HOLD")


def event(stamp_s: float, state: str, step: int = 0, message: str = "") -> Event:
    return Event(round(stamp_s * 1e9), 0, ExamPhase[state], step, message)


def result(detail: str, accepted: bool = False, kept: tuple[int, ...] = ()) -> StepResult:
    outcome = Outcome.SUCCEEDED if accepted else Outcome.NOT_FOUND
    return StepResult(View.A4C, StepKind.ACQUIRE, outcome, accepted, 0.0, 0.0, 9.0, -1, detail, kept)


def record(
    events: tuple[Event, ...], results: tuple[StepResult, ...], steps: tuple[str, ...] = ("A4C acquire",)
) -> ExamRecord:
    return ExamRecord(
        Path("."), RecordHeader("p", "cardiac", ""), 0, 10**10, ExamPhase.DONE, True, "exam over",
        steps, results, (), (), (), events=events,
    )  # fmt: skip


def sample(
    sequence: int, stamp_s: float, angle_deg: float, offset_mm: float, turn_deg: tuple[float, ...]
) -> TruthSample:
    return TruthSample(
        round(stamp_s * 1e9), sequence, {View.A4C: math.radians(angle_deg)}, {View.A4C: 1e-3 * offset_mm},
        math.nan, math.nan, {View.A4C: np.radians(turn_deg)},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("states", "detail", "kind", "why"),
    [
        (("APPROACH", "TOUCH", "SEARCH"), "A4C not reached within 75 s", Failure.NOT_FOUND, "A4C not"),
        (FOUND[:5], "A4C not reached within 75 s", Failure.TIMEOUT, "A4C not"),
        (FOUND, "gate refused: 10% of 30 frames passed, 60% needed: LA not seen", Failure.GATE_REFUSED, "LA not seen"),
        (FOUND[:4], "regains contact for more than 8 s", Failure.CONTACT_LOST, "regains"),
        (("APPROACH",), "no contact where the skin should be", Failure.CONTACT_LOST, "no contact"),
        ((*FOUND, "SAFETY_STOPPED"), "skipped by the operator", Failure.SAFETY_TRIP, "FORCE_TRIP"),
        (("PREPARE",), "controller did not take the goal", Failure.OTHER, "controller"),
    ],
)
def test_a_view_that_was_not_accepted_has_its_failure(
    states: tuple[str, ...], detail: str, kind: Failure, why: str
) -> None:
    events = tuple(event(k, s, message=f"safety stopped: {why}") for k, s in enumerate(states))
    view = score(record(events, (result(detail),)), (), PATIENT).views["A4C"]
    assert (view.failure, view.attempted, view.reached) == (kind.value, True, False)
    assert why in view.why


def test_a_view_that_the_exam_never_came_to_counts_and_says_why() -> None:
    views = score(record((), (), ("PLAX acquire", "A4C acquire", "AORTA_TRANS sweep")), (), PATIENT)
    assert list(views.views) == ["PLAX", "A4C"]
    assert all(v.attempted and v.failure == "not begun" and v.why == "exam over" for v in views.views.values())
    assert views.aorta.attempted
    assert not views.aorta.completed


@pytest.mark.parametrize(
    ("angle_deg", "offset_mm", "turn_deg", "why"),
    [(12.0, 2.0, (1, 2, 12), "spin"), (12.0, 2.0, (11, 2, 3), "tilt"), (9.0, 12.0, (9, 0, 0), "offset")],
)
def test_an_accepted_view_that_is_off_names_the_axis(
    angle_deg: float, offset_mm: float, turn_deg: tuple[float, ...], why: str
) -> None:
    truth = [sample(7, 5.0, angle_deg, offset_mm, turn_deg)]
    view = score(record((), (result("", True, (7,)),)), truth, PATIENT).views["A4C"]
    assert (view.failure, view.why, view.accepted) == (Failure.OFF.value, why, True)


def test_a_reached_view_has_no_failure_and_knows_where_it_began_and_ended() -> None:
    events = tuple(event(k, s) for k, s in enumerate((*FOUND, "RECORD", "RETREAT")))
    truth = [sample(1, 1.01, 25.0, 30.0, (0, 0, 25)), sample(2, 7.0, 3.0, 2.0, (0, 0, 3))]
    view = score(record(events, (result("", True, (2,)),)), truth, PATIENT).views["A4C"]
    assert (view.reached, view.failure) == (True, "")
    assert (view.start_angle_deg, view.start_offset_mm) == (pytest.approx(25.0), pytest.approx(30.0))
    assert view.end_angle_deg == pytest.approx(3.0)


def test_times_of_a_step_are_its_own() -> None:
    events = (event(1, "TOUCH"), event(2, "SEARCH"), event(3, "RETREAT"), event(4, "TOUCH", 1), event(5, "HOLD", 1))
    first, second = (step_times(record(events, ()), k) for k in (0, 1))
    assert (first.contact_ns, first.looked_ns) == (10**9, 3 * 10**9)
    assert (second.contact_ns, second.looked_ns) == (4 * 10**9, 10**10)
    assert step_times(record(events, ()), 2).contact_ns is None


def test_nothing_kept_is_nobodys_fault() -> None:
    assert off_by(math.nan, math.nan, math.nan, math.nan) == "no frame kept"


def test_center_line_errors_are_distances_from_the_line_in_base_at_the_pose_of_the_frame() -> None:
    """The probe slides and turns; the outline is seen 3 mm beside and 4 mm below the center of an oblique tube."""
    poses = [se3.transform(se3.so3_exp(np.array([0.0, 0.0, 0.2 * k])), np.array([0.02 * k, 0.0, 0.3])) for k in (0, 1)]
    trace = tuple(
        TraceSample(k * 50_000_000, k, ExamPhase.SWEEP, 8.0, 8.0, 15.0, 18.0, 0.0, 0.0, T) for k, T in enumerate(poses)
    )
    ends = (CaliperPoint(0.003, 0.054), CaliperPoint(0.003, 0.074))
    measured = Measurement(
        MeasurementName.AORTA_OUTER_AP,
        0.02,
        "m",
        1e-4,
        View.AORTA_TRANS,
        CaliperConvention.OUTER_TO_OUTER,
        end_points=ends,
    )
    seen = PerceptionSample(25_000_000, 5, View.AORTA_TRANS, 0.9, 0.9, 1.0, 0.0, (measured,))
    T_image = se3.between(poses[0], poses[1], 0.5) @ se3.T_PROBE_US_IMAGE
    centre_m = se3.apply(T_image, np.array([[0.0, 0.06, 0.0]]))[0]
    along = T_image[:3, :3] @ np.array([0.0, 0.6, 0.8])
    true = TruthSample(25_000_000, 5, {}, {}, 0.02, 0.1, {}, 0.1, centre_m, along)
    exam = ExamRecord(
        Path("."), RecordHeader("p", "aorta", ""), 0, 1, ExamPhase.DONE, True, "", (), (), (), (), (),
        trace=trace, perception=(seen,),
    )  # fmt: skip
    errors = sweep_errors(exam, [true], [5])
    assert errors.centreline_mm == (pytest.approx(math.hypot(3.0, 4.0 * 0.8), abs=1e-3),)
    assert errors.orientation_deg == (pytest.approx(math.degrees(0.1), abs=0.01),)
    assert sweep_errors(exam, [true], [6]).centreline_mm == ()

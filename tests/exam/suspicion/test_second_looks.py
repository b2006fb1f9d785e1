"""An exam goes back to what it found, and settles it: with a scripted controller and scripted frames."""

import json
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from exam_world import CELL_M, World, make_seen, make_status

from echopilot_core import (
    ClassExtent,
    ControlPhase,
    ExamPhase,
    FindingKind,
    GoalKind,
    LabelMap,
    MeasurementName,
    Outcome,
    PerceptionResult,
    SegmentationClass,
    SuspicionOutcome,
    View,
)
from echopilot_exam.machine.machine import ExamMachine, ExamOutput, OperatorRequest
from echopilot_exam.machine.status import exam_status
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_exam.record import RecordHeader, RecordWriter, read_exam
from echopilot_exam.record.schema import SCHEMA_FILE
from echopilot_exam.suspicion.follow_up import FollowUp
from echopilot_exam.suspicion.table import second_looks


@lru_cache(maxsize=8)
def tube(diameter_mm10: int) -> tuple[LabelMap, tuple[ClassExtent, ...]]:
    """A vessel along the image, its wall 2.5 mm thick."""
    grid = CELL_M * (np.arange(128) + 0.5)
    off_m = np.abs(np.broadcast_to(grid[:, None] - 0.075, (128, 128)))
    radius_m = 0.5e-4 * diameter_mm10
    labels = np.where(off_m <= radius_m - 0.0025, SegmentationClass.AO_LUMEN, SegmentationClass.BACKGROUND)
    labels[(off_m > radius_m - 0.0025) & (off_m <= radius_m)] = SegmentationClass.AO_WALL
    label_map = LabelMap(labels.astype(np.uint8), float(grid[0] - 0.08), float(grid[0]), CELL_M)
    classes = (SegmentationClass.AO_LUMEN, SegmentationClass.AO_WALL)
    return label_map, tuple(ClassExtent(c, float((labels == c).sum()) * CELL_M**2, 1e-6, 0.0, 0.075) for c in classes)


class PatientAgain(World):
    """A patient whose aorta is as wide at the second sight as `again_m` says; goals may start elsewhere on it."""

    def __init__(self, protocol: str = "screening", first_m: float = 0.044, again_m: float = 0.044) -> None:
        super().__init__(ExamMachine(load_protocol(protocol), "P-test"), widest_m=first_m)
        self.again_m = again_m
        self.refusal = ""
        self.starts: list[np.ndarray] = []

    def _drive(self) -> None:
        goal = self._goal
        T = goal.T_base_start
        if T is None:
            super()._drive()
            return
        if not self.starts or self.starts[-1] is not T:
            self.starts.append(T)
            self.along_m = -float(T[1, 3])
        super()._drive()
        if goal.kind is GoalKind.SWEEP and self._status is not None:
            swept_m = self.along_m + float(T[1, 3])
            outcome = Outcome.SUCCEEDED if swept_m >= goal.sweep_m else Outcome.RUNNING
            self._status = replace(self._status, outcome=outcome)
        if self.refusal:
            status = make_status(self.now_ns, goal, ControlPhase.APPROACH, Outcome.ABORTED, 0.0)
            self._status = replace(status, detail=self.refusal)

    def _result(self, sequence: int, stamp_ns: int) -> PerceptionResult:
        self.widest_m = self.again_m if self._goal.T_base_start is not None else self.widest_m
        seen = super()._result(sequence, stamp_ns)
        if self._goal.view is View.AORTA_LONG:
            label_map, extents = tube(round(1e4 * self.again_m))
            return replace(seen, label_map=label_map, extents=extents, measurements=())
        return seen if self._goal.view is not View.PLAX else make_seen(sequence, stamp_ns, View.PLAX)


def text(output: ExamOutput) -> str:
    return "; ".join(s.reason for s in output.state.suspicions)


@pytest.fixture(scope="module")
def confirmed() -> list[ExamOutput]:
    return PatientAgain().run()


def test_the_probe_goes_back_to_an_aneurysm_and_confirms_it_in_two_planes(confirmed: list[ExamOutput]) -> None:
    state = confirmed[-1].state
    assert state.phase is ExamPhase.DONE
    assert state.labels[:4] == (
        "AORTA_TRANS acquire",
        "AORTA_TRANS sweep",
        "AORTA_TRANS sweep second look",
        "AORTA_LONG acquire second look",
    )
    assert len(state.results) == len(state.labels) and all(r.accepted for r in state.results[:4])
    (suspicion,) = state.suspicions
    assert suspicion.finding.kind is FindingKind.ANEURYSM_ABDOMINAL and len(suspicion.looks) == 3
    assert suspicion.outcome is SuspicionOutcome.CONFIRMED
    assert [x.value for x in suspicion.looks] == pytest.approx([0.044] * 3, abs=0.0015)
    largest = [m for o in confirmed for m in o.new_measurements if m.name is MeasurementName.AORTA_MAX_OUTER_AP]
    assert largest[-1].value == suspicion.value and set(largest[0].frame_sequences) < set(largest[-1].frame_sequences)


def test_the_way_back_is_told_before_it_is_gone(confirmed: list[ExamOutput]) -> None:
    waits = [o.state.waiting_for for o in confirmed]
    told = re.compile(r"AORTA_TRANS: goes back to (70|66|74) mm: aorta 4[34]\.\d mm here; second pass; ")
    assert any(told.match(line) for line in waits)
    assert any(line.startswith("AORTA_LONG: goes back to") for line in waits)
    assert any("aneurysm abdominal confirmed: 4" in o.state.message for o in confirmed)
    (told,) = exam_status(confirmed[-1].state, 0, __file__).suspicions
    assert told.outcome is SuspicionOutcome.CONFIRMED and told.text.startswith("4")


def test_a_second_pass_is_short_gentle_and_around_the_widest_place(confirmed: list[ExamOutput]) -> None:
    goals = {o.goal.goal_id: o.goal for o in confirmed if o.goal.T_base_start is not None}
    sweep, axis = goals.values()
    assert (sweep.kind, axis.kind, axis.view) == (GoalKind.SWEEP, GoalKind.ACQUIRE_VIEW, View.AORTA_LONG)
    assert sweep.sweep_m == 0.040 and sweep.force_setpoint_n < 8.0
    assert sweep.T_base_start is not None and -sweep.T_base_start[1, 3] == pytest.approx(0.05, abs=0.004)
    assert axis.T_base_start is not None and -axis.T_base_start[1, 3] == pytest.approx(0.07, abs=0.004)


def test_numbers_of_the_second_pass_do_not_stand_among_the_stations_of_the_first(confirmed: list[ExamOutput]) -> None:
    stations = [m for o in confirmed for m in o.new_measurements if m.name is MeasurementName.AORTA_OUTER_AP]
    assert len({m.station_m for m in stations}) == len(stations)
    assert sum(f.kind is FindingKind.ANEURYSM_ABDOMINAL for o in confirmed for f in o.new_findings) == 1


def test_the_record_holds_every_suspicion_and_an_older_one_none(tmp_path: Path) -> None:
    world, folder = PatientAgain(), tmp_path / "record"
    plan = world.machine.protocol
    writer = RecordWriter(folder, plan, RecordHeader("P-test", plan.name, plan.sha256))
    while not (output := world.tick()).done:
        assert world.last_inputs is not None
        writer.tick(world.last_inputs, output)
    writer.tick(world.last_inputs, output)
    writer.close()
    record = read_exam(folder)
    assert record.suspicions == output.state.suspicions and len(record.suspicions) == 1
    assert record.steps == output.state.labels and record.damaged == ()
    path = folder / "exam.json"
    older = json.loads(path.read_text())
    jsonschema.validate(older, json.loads((folder / SCHEMA_FILE.name).read_text()))
    older["suspicions"][0]["place"]["pose"].pop()
    path.write_text(json.dumps(older))
    assert read_exam(folder).suspicions == () and "12 numbers" in read_exam(folder).damaged[0]
    del older["suspicions"]
    path.write_text(json.dumps(older | {"revision": 3}))
    assert read_exam(folder).suspicions == () and read_exam(folder).damaged == ()


def test_a_wide_place_that_is_not_there_again_is_withdrawn_and_asks_for_no_heart() -> None:
    end = PatientAgain(first_m=0.036, again_m=0.021).run()[-1]
    (suspicion,) = end.state.suspicions
    assert suspicion.outcome is SuspicionOutcome.WITHDRAWN and "sweep 36.0 mm, second pass 21.0 mm" in suspicion.reason
    assert [r.detail for r in end.state.results[-2:]] == ["left out: no finding asks for it"] * 2


def test_a_place_that_the_controller_refuses_leaves_it_open_with_the_reason() -> None:
    world = PatientAgain()
    world.refusal = "start refused: it lies 62 mm from the patient's skin, at most 40 mm"
    end = world.run()[-1]
    (suspicion,) = end.state.suspicions
    assert end.state.phase is ExamPhase.DONE and suspicion.outcome is SuspicionOutcome.OPEN
    assert "second pass: " in suspicion.reason and world.refusal in suspicion.reason


def test_an_exam_of_a_healthy_aorta_is_not_longer_than_without_second_looks() -> None:
    healthy, plain = PatientAgain(first_m=0.021), PatientAgain("aorta", first_m=0.021)
    ends = healthy.run()[-1], plain.run()[-1]
    assert ends[0].state.suspicions == ends[1].state.suspicions == ()
    assert healthy.now_ns == plain.now_ns
    assert [r.left_out for r in ends[0].state.results] == [False, False, True, True]


def test_other_protocols_have_no_second_looks() -> None:
    end = PatientAgain("aorta").run()[-1]
    assert end.state.suspicions == () and end.state.labels == ("AORTA_TRANS acquire", "AORTA_TRANS sweep")


def run_to_look(world: PatientAgain) -> None:
    while world.tick().goal.T_base_start is None:
        assert world.now_ns < 200e9


def test_an_exam_that_is_ended_in_a_second_look_says_that_it_is_open() -> None:
    world = PatientAgain()
    run_to_look(world)
    world.request = OperatorRequest.ABORT
    end = world.run()[-1]
    assert end.state.phase is ExamPhase.ABORTED
    assert end.state.suspicions[0].outcome is SuspicionOutcome.OPEN and "the exam ended" in text(end)


def test_a_look_that_the_operator_skips_is_told_as_such() -> None:
    world = PatientAgain()
    for _ in range(2):
        run_to_look(world)
        world.request = OperatorRequest.SKIP
        world.tick()
        while world._goal.T_base_start is not None:
            world.tick()
    assert text(world.run()[-1]) == "second pass: skipped by the operator; long axis: skipped by the operator"


def test_a_look_whose_time_is_used_up_is_left_out() -> None:
    world = PatientAgain()
    row = second_looks()[FindingKind.ANEURYSM_ABDOMINAL]
    assert world.machine._exam.follow_up is not None
    world.machine._exam.follow_up = FollowUp({row.kind: replace(row, budget_s=3.0)})
    end = world.run()[-1]
    assert [label for label in end.state.labels if "second look" in label] == ["AORTA_TRANS sweep second look"]
    assert end.state.suspicions[0].outcome is SuspicionOutcome.CONFIRMED  # by the pass alone
    assert len(end.state.suspicions[0].looks) == 2

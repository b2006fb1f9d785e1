"""Order and delays of the closed loop, on a plant that stands still and a controller that only remembers."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import gantry
import numpy as np
import pytest
from control_world import FRAME_TICKS, IMAGE_LATENCY_NS
from hypothesis import given, settings
from hypothesis import strategies as st
from still_loop import POSE, Goals, RememberingController, StillLoop, StillPlant

from echopilot_control.goal_schedule import IDLE
from echopilot_control.loop import ClosedLoop, Disturbances
from echopilot_control.observation import ControlInputs
from echopilot_control.safety import Limits, Reason, SafetyInputs, SafetyMonitor
from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    ControlGoal,
    GoalKind,
    PerceptionResult,
    ProbeCommand,
    RobotState,
    SafeTwist,
    SafetyMode,
    se3,
)
from echopilot_core.timing import EXAM_TICKS, SURFACE_TICKS, TICK_NS

PRESETS = ("cardiac", "abdomen")
delays_ns = st.lists(st.integers(0, 20).map(lambda ticks: 5_000_000 * ticks), min_size=1, max_size=12)
starts = st.integers(0, 3 * SURFACE_TICKS)


class Delays(Disturbances):
    """Results arrive later by delays that repeat [ns]; `lost` are sequences that never do."""

    def __init__(self, extra_ns: Sequence[int], lost: frozenset[int] = frozenset()) -> None:
        self._extra_ns, self._lost = extra_ns, lost

    def extra_delay_ns(self, result: PerceptionResult) -> int:
        return self._extra_ns[result.sequence % len(self._extra_ns)]

    def loses_frame(self, acquisition: PerceptionResult) -> bool:
        return acquisition.sequence in self._lost


@given(extra_ns=delays_ns, latency_ns=st.integers(0, 25).map(lambda n: 7_000_000 * n), start=starts)
@settings(max_examples=50, deadline=None)
def test_a_result_arrives_at_its_time_never_before_it_and_never_before_an_older_one(extra_ns, latency_ns, start):
    delays = Delays(extra_ns)
    still = StillLoop(delays, start=start, latency_ns=latency_ns).run(60)
    results = [result for tick in still.ticks for result in tick.results]
    due_ns = list(accumulate((r.stamp_ns + latency_ns + delays.extra_delay_ns(r) for r in results), max))
    for taken in still.controller.taken:
        arrived = [r for r, at_ns in zip(results, due_ns, strict=True) if at_ns <= taken.now_ns]
        assert taken.result is (arrived[-1] if arrived else None)
        if taken.result is not None:
            age_ns = taken.now_ns - taken.result.stamp_ns
            assert age_ns >= latency_ns + delays.extra_delay_ns(taken.result)
    used = [taken.result.sequence for taken in still.controller.taken if taken.result is not None]
    assert all(a <= b for a, b in pairwise(used))


@given(extra_ns=delays_ns, lost=st.frozensets(st.integers(1, 25), max_size=8))
@settings(max_examples=25, deadline=None)
def test_goals_hear_every_result_once_in_order_and_never_one_that_was_lost(extra_ns, lost):
    still = StillLoop(Delays(extra_ns, lost)).run(60)
    heard = [result.sequence for reports in still.goals.reports for result in reports.results]
    sent = [sequence for sequence in range(1, still.plant.sequence + 1) if sequence not in lost]
    assert heard == sent[: len(heard)] and heard
    assert [r.sequence for tick in still.ticks for r in tick.results] == sent


@given(start=starts)
@settings(max_examples=25, deadline=None)
def test_a_goal_of_exam_tick_j_acts_from_control_tick_5_j_plus_5(start):
    still = StillLoop(start=start).run(40)
    first = -(-(start + 1) // EXAM_TICKS)  # exam tick of the first report
    assert still.goals.reports[0].robot.tick == EXAM_TICKS * first
    for tick, taken in zip(still.ticks, still.controller.taken, strict=True):
        j = tick.robot.tick // EXAM_TICKS - 1
        assert tick.goal == taken.goal
        assert (taken.goal.goal_id, taken.goal.kind) == ((j, GoalKind.HOLD) if j >= first else (0, GoalKind.IDLE))
        assert (tick.directive is not None) == (tick.robot.tick % EXAM_TICKS == 0)


@given(start=starts)
@settings(max_examples=25, deadline=None)
def test_a_frame_is_read_for_the_goal_in_force_before_its_tick_and_safety_takes_the_row_of_the_one_in_it(start):
    heard = []

    class Ear(Disturbances):
        def safety_inputs(self, tick: int, inputs: SafetyInputs) -> SafetyInputs:
            heard.append(inputs.preset)
            return inputs

    goals = Goals(lambda j, usual: replace(usual, goal=replace(usual.goal, preset=PRESETS[j % 2])))
    still = StillLoop(Ear(), goals, start).run(40)
    in_force = {tick.robot.tick: tick.goal for tick in still.ticks}
    assert still.plant.read_for == [(n, in_force.get(n - 1, IDLE)) for n in in_force if n % FRAME_TICKS == 0]
    assert heard == ["" if g.kind is GoalKind.IDLE else g.preset for g in in_force.values()]


@given(
    presets=st.lists(st.sampled_from(["", *PRESETS]), min_size=12, max_size=12),
    gains_db=st.lists(st.sampled_from([0.0, 6.0]), min_size=12, max_size=12),
)
@settings(max_examples=50, deadline=None)
def test_an_imaging_change_acts_at_the_next_exam_tick_and_only_where_it_changes_something(presets, gains_db):
    class Knob(Disturbances):
        def gain_db(self) -> float:
            return gains_db[still.plant.tick // EXAM_TICKS - 1]

    still = StillLoop(Knob(), Goals(lambda j, usual: replace(usual, preset=presets[j - 1])))
    still.run(12 * EXAM_TICKS)
    expected, asked, last = [], "", ("", 0.0)
    for j in range(1, 13):
        if asked and (asked, gains_db[j - 1]) != last:
            last = asked, gains_db[j - 1]
            expected.append((EXAM_TICKS * j, *last))
        asked = presets[j - 1] or asked
    assert still.plant.imaging == expected


@given(lost=st.frozensets(st.integers(1, 40)), late_ns=st.integers(-5_000_000, 5_000_000))
@settings(max_examples=25, deadline=None)
def test_the_plant_gets_the_answer_to_its_last_state_under_its_own_stamp(lost, late_ns):
    class Wire(Disturbances):
        def twist(self, tick: int, twist: SafeTwist | None) -> SafeTwist | None:
            return None if tick in lost else twist

        def safety_inputs(self, tick: int, inputs: SafetyInputs) -> SafetyInputs:
            return replace(inputs, now_ns=inputs.now_ns + late_ns)  # safety by a clock of its own

    still = StillLoop(Wire()).run(40)
    assert still.plant.twists[0] is None
    for number, (got, answered) in enumerate(zip(still.plant.twists[1:], still.ticks, strict=False), start=2):
        assert answered.safety.mode is SafetyMode.OK
        if number in lost:
            assert got is None
        else:
            assert got is answered.safety.twist and got.stamp_ns == answered.robot.stamp_ns
            assert np.array_equal(got.twist, answered.control.command.twist)


@given(lost=st.frozensets(st.integers(2, 30), min_size=1))
@settings(max_examples=25, deadline=None)
def test_a_lost_command_leaves_safety_without_one(lost):
    class Wire(Disturbances):
        def command(self, tick: int, command: ProbeCommand) -> ProbeCommand | None:
            return None if tick in lost else command

    for number, tick in enumerate(StillLoop(Wire()).run(31).ticks, start=1):
        missing = Reason.COMMAND_MISSING.name in tick.safety.state.reasons
        assert missing == (number in lost)
        assert not missing or tick.safety.twist is None or not tick.safety.twist.twist.any()


@given(start=starts)
@settings(max_examples=20, deadline=None)
def test_poses_and_goals_are_heard_by_all_as_one_message(start):
    still = StillLoop(start=start).run(30)
    assert all(np.array_equal(tick.robot.T_base_probe, se3.as_transmitted(POSE)) for tick in still.ticks)
    assert all(taken.robot is tick.robot for tick, taken in zip(still.ticks, still.controller.taken, strict=True))
    by_tick = {tick.robot.tick: tick for tick in still.ticks}
    for reports in still.goals.reports:
        before = by_tick.get(reports.robot.tick - 1)  # the exam acts before the controller of the same tick
        assert reports.robot is by_tick[reports.robot.tick].robot and reports.now_ns == reports.robot.stamp_ns
        assert reports.status is (None if before is None else before.control.status)
        assert reports.safety is (None if before is None else before.safety.state)


class Marks(Disturbances):
    """Notes every call, and marks what passes through, so that its receivers tell the marked from the original."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, str]] = []
        self.given: dict[str, list[object]] = {}
        self.tick = 0

    def _note(self, name: str, value: object = None) -> None:
        self.calls.append((self.tick, name))
        self.given.setdefault(name, []).append(value)

    def begin(self, tick: int, now_ns: int) -> None:
        self.tick = tick
        self._note("begin", now_ns)

    def twist(self, tick: int, twist: SafeTwist | None) -> SafeTwist | None:
        marked = None if twist is None else replace(twist, twist=2.0 * twist.twist)
        self._note("twist", marked)
        return marked

    def robot(self, robot: RobotState) -> RobotState:
        marked = replace(robot, due_frame_sequence=77)
        self._note("robot", marked)
        return marked

    def loses_frame(self, acquisition: PerceptionResult) -> bool:
        self._note("loses_frame", acquisition)
        return False

    def extra_delay_ns(self, result: PerceptionResult) -> int:
        self._note("extra_delay_ns", result)
        return 0

    def result(self, result: PerceptionResult, now_ns: int) -> PerceptionResult:
        marked = replace(result, quality=0.5)
        self._note("result", marked)
        return marked

    def surface(self, surface: BodySurface) -> BodySurface:
        marked = replace(surface, points_m=np.ones((1, 3)))
        self._note("surface", marked)
        return marked

    def landmarks(self, landmarks: BodyLandmarks) -> BodyLandmarks:
        marked = replace(landmarks, xiphoid_m=landmarks.xiphoid_m + 1e-3)
        self._note("landmarks", marked)
        return marked

    def gain_db(self) -> float:
        self._note("gain_db")
        return 3.0

    def goal(self, tick: int, goal: ControlGoal) -> ControlGoal:
        marked = replace(goal, force_setpoint_n=4.0)
        self._note("goal", marked)
        return marked

    def control_inputs(self, tick: int, inputs: ControlInputs) -> ControlInputs:
        marked = replace(inputs)
        self._note("control_inputs", marked)
        return marked

    def command(self, tick: int, command: ProbeCommand) -> ProbeCommand:
        marked = replace(command, twist=0.5 * command.twist)
        self._note("command", marked)
        return marked

    def safety_inputs(self, tick: int, inputs: SafetyInputs) -> SafetyInputs:
        self._note("safety_inputs", inputs)
        return inputs


@pytest.fixture(scope="module")
def marked() -> tuple[Marks, StillLoop]:
    marks = Marks()
    return marks, StillLoop(marks, Goals(lambda j, usual: replace(usual, preset="cardiac"))).run(2 * SURFACE_TICKS)


def test_disturbances_are_called_in_the_order_of_a_tick(marked):
    marks, still = marked
    for n in range(1, len(still.ticks) + 1):
        framed, arrives = n % FRAME_TICKS == 0, (n - IMAGE_LATENCY_NS // TICK_NS) % FRAME_TICKS == 0 and n > 6
        expected = [
            "begin",
            *(["landmarks", "surface"] if n == 1 else []),
            "twist",
            "robot",
            *(["loses_frame", "extra_delay_ns"] if framed else []),
            *(["result"] if arrives else []),
            *(["surface"] if n % SURFACE_TICKS == 0 else []),
            *(["gain_db"] if n % EXAM_TICKS == 0 else []),
            "goal",
            "control_inputs",
            "command",
            "safety_inputs",
        ]
        assert [name for tick, name in marks.calls if tick == n] == expected
    assert set(marks.given) == {name for name in vars(Disturbances) if not name.startswith("_")}


def test_what_a_disturbance_returns_is_what_its_receivers_get(marked):
    marks, still = marked
    given, taken, heard = marks.given, still.controller.taken, marks.given["safety_inputs"]
    assert given["begin"] == [0, *(tick.robot.stamp_ns for tick in still.ticks[:-1])]
    assert same(still.plant.twists, given["twist"])
    assert same([t.robot for t in taken], given["robot"]) and same([s.robot for s in heard], given["robot"])
    assert same(taken, given["control_inputs"])
    assert same([t.goal for t in taken], given["goal"])
    assert same([s.command for s in heard], given["command"])
    newest = [max((r for r in given["result"] if r.stamp_ns + IMAGE_LATENCY_NS <= t.now_ns), key=lambda r: r.sequence,
                  default=None) for t in taken]  # fmt: skip
    assert same([t.result for t in taken], newest)
    at_exam_ticks = [r for reports in still.goals.reports for r in reports.results]
    assert same(at_exam_ticks, given["result"][: len(at_exam_ticks)])
    surfaces = [given["surface"][tick.robot.tick // SURFACE_TICKS] for tick in still.ticks]
    assert same([t.surface for t in taken], surfaces) and same([s.surface for s in heard], surfaces)
    marks_m = given["landmarks"] * len(taken)
    assert same([t.landmarks for t in taken], marks_m) and same([s.landmarks for s in heard], marks_m)
    assert still.plant.imaging == [(2 * EXAM_TICKS, "cardiac", 3.0)]


def same(a: Sequence[object], b: Sequence[object]) -> bool:
    """The very same objects in the same order."""
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))


def test_a_directive_that_is_done_ends_the_loop():
    still = StillLoop(goals=Goals(lambda j, usual: replace(usual, done=j >= 4)))
    still.run(4 * EXAM_TICKS - 1)
    assert not still.loop.done
    still.run(1)
    assert still.loop.done and still.ticks[-1].directive.done


def test_without_a_reader_no_frame_is_taken_and_the_loop_goes_on():
    plant, controller = StillPlant(), RememberingController()
    loop = ClosedLoop(
        plant, None, Goals(), controller, SafetyMonitor(Limits(), robot_description=gantry.URDF), IMAGE_LATENCY_NS
    )
    ticks = [loop.step() for _ in range(30)]
    assert any(tick.acquisitions for tick in ticks)
    assert not any(tick.results or tick.frames for tick in ticks)
    assert all(taken.result is None for taken in controller.taken)

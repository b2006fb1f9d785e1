"""Every reason of safety, injected on the simulated arm in contact: reaction, time to it, silence, latch, log line."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from control_loop import LIMITS
from hazard_bench import Bench, Tick
from hazard_cases import CASES

from echopilot_control.safety import Reason, SafetyInputs, check, log_line
from echopilot_control.safety.evidence.tables import filled
from echopilot_core import BodyLandmarks, SafetyMode
from echopilot_core.timing import TICK_NS

SEED = 600_001
ELSEWHERE = {
    Reason.FORCE_DWELL: "test_pressing_for_a_minute_retracts",
    Reason.FORCE_UNPROVEN: "test_the_probe_does_not_touch_before_the_sensor_was_seen_working",
    Reason.FORCE_UNFELT: "test_a_face_deep_below_the_seen_skin_needs_its_force_even_if_the_joints_agree",
    Reason.BODY_DISAGREES: "test_landmarks_off_the_skin_hold_from_the_start",
    Reason.LATCH_UNREADABLE: "test_an_unreadable_record_stops_until_a_reset",
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    yield Bench(SEED)


@pytest.mark.parametrize("reason", CASES, ids=lambda r: r.name)
def test_hazard(reason: Reason, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    case, rule = CASES[reason], reason.value
    if case.in_air:
        bench.lift_by_hand(0.08)
        bench.start_anew()
        bench.run(0.3)
    else:
        bench.into_contact()
    assert bench.ticks[-1].decision.mode is SafetyMode.OK
    began = len(bench.ticks)

    def spoil(inputs: SafetyInputs) -> SafetyInputs:
        k = len(bench.ticks) - began
        return case.inject(bench, inputs, k) if k < case.ticks else inputs

    bench.spoil = spoil
    bench.run(case.ticks * 0.01 + 0.3)
    after = bench.ticks[began:]
    first = next(k for k, t in enumerate(after) if reason.name in t.decision.state.reasons)
    decision = after[first].decision
    quiet = next(k for k, t in enumerate(after) if t.decision.mode is not SafetyMode.OK)
    done = is_out if rule.reaction is SafetyMode.RETRACT else is_still
    acts = next(k for k, t in enumerate(after[quiet:]) if done(t))
    with capsys.disabled():
        does = "backs out" if rule.reaction is SafetyMode.RETRACT else "stands still"
        arm = f"{does} {10 * acts} ms later"
        print(
            f"\nhazard {rule.row:2d} {reason.name:19s} -> {decision.mode.name:8s} {10 * first:5d} ms after the fault, "
            f"arm {arm}, peak {bench.simulation.max_normal_force_n:.1f} N",
            end="",
        )

    assert first * 0.01 <= case.within_s + 1e-9
    assert decision.mode is rule.reaction
    assert f"{rule.reaction.name} " in log_line(decision.state) and f"{reason.name} ({rule.text}" in log_line(
        decision.state
    )
    assert bench.simulation.max_normal_force_n < 20.0

    # Nothing that the controller wants leaves any more: one brake, then silence, or the way out along the probe.
    ends = next((k for k, t in enumerate(after[quiet:]) if t.decision.mode is SafetyMode.OK), len(after) - quiet)
    for k, tick in enumerate(after[quiet : quiet + ends]):
        twist, mode = tick.decision.twist, tick.decision.mode
        if twist is None:
            continue
        if mode is SafetyMode.RETRACT and twist.twist.any():
            z = tick.inputs.robot.T_base_probe[:3, 2]
            assert np.allclose(twist.twist, [*(-LIMITS.retract_m_s * z), 0.0, 0.0, 0.0])
        else:
            assert not twist.twist.any() and (k == 0 or mode is SafetyMode.RETRACT or reason is Reason.HEARTBEAT_LOST)

    if rule.latched:
        check_latch(bench, reason)
    else:
        bench.run(1.0)
        assert bench.ticks[-1].decision.mode is SafetyMode.OK, "a hold ends when its cause is gone"


def is_still(tick: Tick) -> bool:
    """Slower than a breathing chest moves an arm that holds compliantly."""
    return tick.speed_m_s < 0.01


def is_out(tick: Tick) -> bool:
    """Backs out at half its speed or more."""
    robot = tick.inputs.robot
    return robot is not None and float(robot.twist[:3] @ robot.T_base_probe[:3, 2]) < -0.5 * LIMITS.retract_m_s


def check_latch(bench: Bench, reason: Reason) -> None:
    """Only an operator clears it, and only off the patient."""
    bench.spoil = lambda inputs: replace(inputs, reset=inputs.robot.contact_force_n >= 1.0)
    bench.run(0.2)
    assert reason.name in bench.ticks[-1].decision.state.reasons, "a reset in contact is refused"
    if reason.value.reaction is SafetyMode.RETRACT:
        bench.spoil = lambda inputs: inputs
        bench.run(2.5)
        assert bench.ticks[-1].decision.twist is None, "the retreat has ended"
    else:
        bench.lift_by_hand()
    bench.spoil = lambda inputs: replace(inputs, reset=False)
    bench.run(0.2)
    assert reason.name in bench.ticks[-1].decision.state.reasons, "nothing but a reset clears it"
    bench.spoil = lambda inputs: replace(inputs, reset=True)
    bench.tick()
    assert bench.ticks[-1].decision.mode is SafetyMode.OK


def test_a_trip_ends_a_fast_motion_at_once(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """The bar: from the trip to a stopped command at most 20 ms; the arm's own 10 Hz loop follows."""
    bench.into_contact()
    across = bench.robot.T_base_probe[:3, 0]
    twist = np.concatenate([LIMITS.lateral_contact_m_s * across, np.zeros(3)])
    bench.spoil = lambda i: replace(i, command=replace(i.command, twist=twist))
    before = bench.run(0.4)
    assert before[-1].speed_m_s > 0.8 * LIMITS.lateral_contact_m_s
    bench.spoil = lambda i: replace(i, command=replace(i.command, twist=twist), operator_stop=True)
    after = bench.run(0.5)
    stopped = next(k for k, t in enumerate(after) if t.decision.twist is None or not t.decision.twist.twist.any())
    slow = next(k for k, t in enumerate(after) if t.speed_m_s < 0.1 * before[-1].speed_m_s)
    with capsys.disabled():
        print(f"\ntrip at {1e3 * before[-1].speed_m_s:.0f} mm/s: command 0 after {10 * stopped} ms, arm below a tenth "
              f"after {10 * slow} ms", end="")  # fmt: skip
    assert 0.01 * stopped <= 0.02
    assert all(t.decision.twist is None for t in after[stopped + 1 :])


@pytest.mark.parametrize("move", [[0.0, 0.0, 0.015], [-0.015, 0.0, 0.0]], ids=["towards", "aside"])
def test_a_shift_of_15_mm_in_half_a_second_retracts(move: list[float], bench: Bench) -> None:
    """Hazard 9 from both sides: what the probe feels, and what the camera sees."""
    bench.into_contact()
    bench.simulation.shift_patient(np.array(move))
    bench.run(0.8)
    assert Reason.PATIENT_MOVED in bench.memory.latched
    bench.run(1.5)
    assert bench.simulation.max_normal_force_n < 20.0


def test_pressing_for_a_minute_retracts() -> None:
    """Hazard 3 (section 3.2 of the reference): more than 15 N at one spot."""
    from good_evidence import PROVEN, inputs
    from good_evidence import command as good_command
    from good_evidence import robot as good_robot

    memory, modes = PROVEN, []
    for k in range(1, 670):
        now = 9 * k * TICK_NS
        state = good_robot(now, 15.7)
        decision = check(memory, inputs(now, state, good_command(now, k), preset="abdomen"), LIMITS)
        memory = decision.memory
        modes.append(decision.mode)
    assert modes == [SafetyMode.OK] * 667 + [SafetyMode.RETRACT] * 2 and memory.latched == (Reason.FORCE_DWELL,)


def test_the_probe_does_not_touch_before_the_sensor_was_seen_working() -> None:
    from evidence_stream import TOP_M, EvidenceStream, press

    stream = EvidenceStream(press, TOP_M)
    decisions = stream.run(40)
    assert decisions[0].state.reasons == ("FORCE_UNPROVEN",)
    assert decisions[0].mode is SafetyMode.HOLD
    assert decisions[-1].mode is SafetyMode.OK


@pytest.mark.parametrize(
    ("twist", "passes"),
    [
        ((0.0, 0.0, 0.02, 0.0, 0.0, 0.0), True),
        ((0.01, 0.0, 0.02, 0.0, 0.0, 0.0), True),
        ((0.02, 0.0, 0.01, 0.0, 0.0, 0.0), False),
        ((0.0, 0.0, 0.02, 0.2, 0.0, 0.0), True),
        ((0.0, 0.0, 0.02, 0.5, 0.0, 0.0), False),
        ((0.0, 0.0, -0.02, 0.0, 0.0, 0.0), False),
        ((0.0, 0.0, 0.0, 0.0, 0.0, 0.0), False),
    ],
)
def test_a_sensor_not_seen_working_lets_the_probe_off_the_skin_and_nowhere_else(
    twist: tuple[float, ...], passes: bool
) -> None:
    from evidence_stream import TOP_M, EvidenceStream

    decision = EvidenceStream(lambda stream: np.array(twist), TOP_M).run(1)[0]
    assert decision.state.reasons == (() if passes else ("FORCE_UNPROVEN",))
    assert (decision.twist is not None) is passes


def test_a_face_deep_below_the_seen_skin_needs_its_force_even_if_the_joints_agree() -> None:
    """Both lie: the sensor has noise alone, and the joints hold the gantry's weight and nothing more."""
    import gantry
    from evidence_stream import EvidenceStream
    from good_evidence import NOISE

    def press_deep(stream: EvidenceStream) -> np.ndarray:
        down_m_s = min(max((9.0 - stream.force_n) * 0.004, -0.01), 0.01)
        return np.array([0.0, 0.0, -down_m_s, 0.0, 0.0, 0.0])

    stream, rng = EvidenceStream(press_deep), np.random.default_rng(5)
    stream.run(800)
    assert stream.force_n > 8.0
    for _ in range(30):
        inputs = stream.good()
        weight = gantry.efforts(inputs.kinematics, np.eye(3), np.zeros(6))
        robot = replace(inputs.robot, wrench=NOISE * rng.standard_normal(6), joint_effort_n_m=weight)
        decision = stream.decide(replace(inputs, robot=robot))
    assert decision.state.reasons == ("FORCE_UNFELT",)
    assert decision.mode is SafetyMode.RETRACT


def test_an_unreadable_record_stops_until_a_reset() -> None:
    from test_latches import Stream

    from echopilot_control.safety import latches_from_json

    stream = Stream(latches_from_json("{"))
    assert stream.tick().state.reasons == ("LATCH_UNREADABLE",)
    assert stream.tick(reset=True).mode is SafetyMode.OK


def test_landmarks_off_the_skin_hold_from_the_start() -> None:
    from good_evidence import LANDMARKS, PROVEN, command, inputs
    from good_evidence import robot as good_robot

    high = BodyLandmarks(0, *(m + [0.0, 0.0, 0.1] for m in (LANDMARKS.notch_m, LANDMARKS.xiphoid_m, LANDMARKS.navel_m)))
    decision = check(PROVEN, inputs(TICK_NS, good_robot(TICK_NS), command(TICK_NS, 1), high), LIMITS)
    assert decision.twist is None and decision.state.reasons == ("BODY_DISAGREES",)


def test_every_reason_is_injected_by_a_test() -> None:
    assert set(CASES) | set(ELSEWHERE) == set(Reason)
    assert set(ELSEWHERE.values()) <= set(globals())


def test_the_safety_page_shows_the_declaration() -> None:
    page = (Path(__file__).parents[2] / "docs" / "safety.md").read_text()
    assert page == filled(page), "run scripts/safety_tables.py --write"

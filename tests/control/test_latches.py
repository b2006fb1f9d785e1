"""Latched reasons end by a reset alone; stray ticks, stamps and sequences are refused and named, and block nobody."""

from dataclasses import replace

import pytest
from good_evidence import PROVEN, command, inputs, robot
from test_safety_properties import LIMITS, run, still

from echopilot_control.safety import (
    Reason,
    SafetyDecision,
    SafetyMonitor,
    latches_from_json,
    latches_to_json,
)
from echopilot_core import SafetyMode
from echopilot_core.timing import TICK_NS

HUGE = 2**31 - 2
LATCHED = tuple(reason for reason in Reason if reason.value.latched)


@pytest.mark.parametrize("latched", [(), LATCHED[:1], LATCHED])
def test_what_is_written_is_read(latched: tuple[Reason, ...]) -> None:
    assert latches_from_json(latches_to_json(latched)) == latched


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "7", "{}", '{"latched": null}', '{"latched": "x"}', '{"latched": [1]}', "[" * 100_000,
     '{"latched": ["NO_SUCH_REASON"]}', '{"latched": ["COMMAND_MISSING"]}', "\x00" * 40],
)  # fmt: skip
def test_an_unreadable_record_is_latched_itself(text: str) -> None:
    assert Reason.LATCH_UNREADABLE in latches_from_json(text)


def test_what_can_be_read_of_a_record_of_another_version_stays_latched() -> None:
    latched = latches_from_json('{"latched": ["OPERATOR_STOP", "FROM_THE_FUTURE"]}')
    assert latched == (Reason.OPERATOR_STOP, Reason.LATCH_UNREADABLE)


class Stream:
    """A monitor that is fed tick by tick."""

    def __init__(self, latched: tuple[Reason, ...] = ()) -> None:
        self.monitor = SafetyMonitor(LIMITS, latched=latched)
        self.begin()

    def begin(self) -> None:
        """Count from 1; the force sensor, whose noise these states leave out, was seen working."""
        self.monitor._memory = replace(self.monitor._memory, witness=PROVEN.witness)
        self.k = 0

    def restart(self) -> None:
        """The robot announces that it begins again."""
        self.monitor.restart()
        self.begin()

    def tick(self, **changes: object) -> SafetyDecision:
        self.k += 1
        now = self.k * TICK_NS
        good = inputs(now, robot(now), command(now, self.k))
        return self.monitor.decide(replace(good, **changes))

    def run(self, ticks: int) -> list[SafetyDecision]:
        return [self.tick() for _ in range(ticks)]


@pytest.mark.parametrize("reason", LATCHED, ids=lambda r: r.name)
def test_a_latch_of_an_earlier_process_holds_without_motion_until_a_reset(reason: Reason) -> None:
    stream = Stream(latches_from_json(latches_to_json([reason])))
    assert all(still(d) and reason.name in d.state.reasons for d in stream.run(50))
    stream.restart()
    assert all(still(d) and reason.name in d.state.reasons for d in stream.run(50))
    assert stream.monitor.latched == (reason,)
    assert stream.tick(reset=True).mode is SafetyMode.OK and stream.monitor.latched == ()


def test_a_robot_that_begins_again_unannounced_is_stopped_until_a_reset() -> None:
    stream = Stream()
    assert stream.run(300)[-1].mode is SafetyMode.OK
    stream.k = 0
    again = stream.run(299)
    assert all(still(d) for d in again)
    assert "ROBOT_ORDER" in again[0].state.reasons and "ROBOT_LOST" in again[-1].state.reasons
    assert stream.monitor.refused["ROBOT_ORDER"] == 299
    stream.tick(reset=True)
    assert [d.mode for d in stream.run(120)][-1] is SafetyMode.OK


def test_an_announced_restart_begins_at_tick_1_and_keeps_a_stop() -> None:
    stream = Stream()
    stream.run(300)
    stream.restart()
    assert stream.run(20)[-1].mode is SafetyMode.OK
    stream.tick(operator_stop=True)
    stream.restart()
    assert all(still(d) and d.state.reasons == ("OPERATOR_STOP",) for d in stream.run(100))


@pytest.mark.parametrize("tick", [1, 299, HUGE])
def test_one_stray_state_is_refused_and_the_true_ones_go_on(tick: int) -> None:
    stream = Stream()
    stream.run(300)
    now = 301 * TICK_NS
    stray = stream.tick(robot=robot(now, tick=tick))
    assert still(stray) and stray.state.reasons == ("ROBOT_LEAP" if tick == HUGE else "ROBOT_ORDER",)
    assert [d.mode for d in stream.run(40)] == [SafetyMode.HOLD] * 19 + [SafetyMode.OK] * 21


@pytest.mark.parametrize("leap_ns", [10**9, 10**18])
def test_a_stray_state_from_the_future_does_not_deafen(leap_ns: int) -> None:
    stream = Stream()
    stream.run(300)
    now = 301 * TICK_NS + leap_ns
    assert still(stream.tick(robot=robot(now, tick=301)))
    assert all(d.mode is SafetyMode.OK for d in stream.run(40)[20:])
    stream.tick(now_ns=now, robot=robot(now, tick=342))  # the clock leapt with it
    stream.run(150)
    assert not stream.monitor.latched or still(stream.tick())
    stream.tick(reset=True)
    stream.run(120)
    assert stream.tick().mode is SafetyMode.OK


def test_a_stray_sequence_is_refused_and_the_true_ones_go_on() -> None:
    stream = Stream()
    stream.run(100)
    stray = stream.tick(command=command(101 * TICK_NS, HUGE))
    assert still(stray) and stray.state.reasons == ("COMMAND_LEAP",)
    assert all(d.mode is SafetyMode.OK for d in stream.run(100))


@pytest.mark.parametrize("sequence", [1, HUGE - 500])
def test_a_controller_that_counts_anew_is_believed_after_a_silence_and_one_successor(sequence: int) -> None:
    stream = Stream()
    stream.run(1000)
    for _ in range(60):
        stream.tick(command=None)
    first, *later = [stream.tick(command=command((stream.k + 1) * TICK_NS, sequence + k)) for k in range(100)]
    assert first.state.reasons == ("COMMAND_LEAP",) and still(first)
    assert all(d.mode is SafetyMode.OK for d in later)


def test_a_stray_sequence_in_a_silence_does_not_deafen() -> None:
    stream = Stream()
    stream.run(100)
    for _ in range(60):
        stream.tick(command=None)
    assert still(stream.tick(command=command(161 * TICK_NS, HUGE)))
    assert all(d.mode is SafetyMode.OK for d in stream.run(10))


def test_states_and_commands_may_be_lost_for_a_while() -> None:
    before = run(20)
    assert run(5, memory=before.memory, start=100).mode is SafetyMode.OK

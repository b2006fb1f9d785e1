"""What is offered fits what is asked for, on every topic."""

import itertools

import pytest

pytest.importorskip("rclpy", reason="needs rclpy")

from rclpy.duration import Infinite
from rclpy.qos import QoSCompatibility, qos_check_compatible

from echopilot_nodes.graph import qos

PAIRS = [
    *itertools.product([qos.FRAMES_OFFERED], [qos.FRAMES_NEWEST, qos.FRAMES_LOCKSTEP, qos.FRAMES_RECORDED]),
    *itertools.product([qos.STATE_OFFERED], [qos.STATE, qos.STATE_LOCKSTEP, qos.STATE_RECORDED]),
    *itertools.product(
        [qos.ANSWER_OFFERED],
        [qos.ANSWER_LOCKSTEP, qos.ANSWER_RECORDED, qos.STATE, qos.STATE_LOCKSTEP, qos.STATE_RECORDED],
    ),
    (qos.COMMAND, qos.COMMAND),
    (qos.COMMAND, qos.STATE_RECORDED),
    (qos.EVENTS, qos.EVENTS),
    (qos.LATCHED, qos.LATCHED),
]


@pytest.mark.parametrize(("offered", "asked"), PAIRS)
def test_offered_and_asked_are_compatible(offered: object, asked: object) -> None:
    verdict, reason = qos_check_compatible(offered, asked)
    assert verdict == QoSCompatibility.OK, reason


def test_the_check_can_fail() -> None:
    verdict, _ = qos_check_compatible(qos.FRAMES_NEWEST, qos.FRAMES_RECORDED)
    assert verdict == QoSCompatibility.ERROR


def test_no_profile_runs_on_wall_time() -> None:
    for profile in {id(p): p for pair in PAIRS for p in pair}.values():
        for timing in (profile.deadline, profile.lifespan, profile.liveliness_lease_duration):
            assert timing in (Infinite,) or timing.nanoseconds == 0

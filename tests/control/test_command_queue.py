"""Each tick gets a command of its own, whoever hears a state first."""

import numpy as np
import pytest

from echopilot_control.safety.command_queue import CommandQueue
from echopilot_core import ProbeCommand

TICK_NS = 10_000_000


def command(tick: int) -> ProbeCommand:
    return ProbeCommand(tick * TICK_NS, tick, np.zeros(6), 5.0, -1, 40_000_000)


def taken(queue: CommandQueue, tick: int) -> int | None:
    """Sequence of the command that answers a tick; None where it has to wait."""
    return queue.current.sequence if queue.take(tick * TICK_NS) and queue.current is not None else None


def test_commands_that_come_before_their_states_answer_one_tick_each() -> None:
    queue = CommandQueue()
    queue.put(command(1))
    queue.put(command(2))
    assert [taken(queue, 1), taken(queue, 2), taken(queue, 3)] == [1, 2, None]


def test_a_state_that_the_controller_never_heard_is_answered_once_and_nothing_is_repeated() -> None:
    queue = CommandQueue()
    queue.put(command(2))
    assert [taken(queue, 1), taken(queue, 2)] == [2, None]
    queue.put(command(3))
    assert taken(queue, 3) == 3


def test_a_command_that_is_too_old_for_the_tick_stays_the_last_one_and_answers_nothing() -> None:
    queue = CommandQueue()
    queue.put(command(1))
    assert taken(queue, 4) is None
    assert queue.current is not None and queue.current.sequence == 1


@pytest.mark.parametrize("taken_before", [False, True])
def test_the_newest_command_is_known_whether_or_not_a_tick_had_it(taken_before: bool) -> None:
    queue = CommandQueue()
    assert queue.newest is None
    queue.put(command(1))
    queue.put(command(2))
    if taken_before:
        queue.take_newest()
    assert queue.newest is not None and queue.newest.sequence == 2


def test_of_commands_that_are_all_too_old_the_newest_stays() -> None:
    queue = CommandQueue()
    queue.put(command(1))
    queue.put(command(2))
    assert taken(queue, 7) is None
    assert queue.current is not None and queue.current.sequence == 2

"""Stamp and number read from the bytes are those of the decoded message, whoever wrote them."""

from typing import Any

import pytest
import wire_items as items
from hypothesis import given, settings
from hypothesis import strategies as st

import echopilot_wire as wire
from echopilot_wire.store import STORE

NUMBERED = {
    "frame": (items.FRAMES, wire.to_frame, "sequence"),
    "result": (items.results(), wire.to_result, "sequence"),
    "robot": (items.ROBOT_STATES, wire.to_robot_state, "tick"),
    "command": (items.COMMANDS, wire.to_command, "sequence"),
    "status": (items.STATUSES, wire.to_status, "tick"),
    "exam": (items.EXAM_STATUSES, wire.to_exam_state, "tick"),
}


@pytest.mark.parametrize("name", NUMBERED)
@pytest.mark.parametrize("little", [True, False])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_they_are_those_of_the_message(name: str, little: bool, data: Any) -> None:
    strategy, to, number = NUMBERED[name]
    item = data.draw(strategy)
    message = to(item)
    message.header.frame_id = data.draw(items.TEXT)
    written = bytes(STORE.serialize_cdr(message, message.__msgtype__, little_endian=little))
    assert wire.peek_stamp(written) == item.stamp_ns
    assert wire.peek_number(written) == getattr(item, number)


@given(st.binary(max_size=30))
def test_too_few_bytes_are_a_value_error(data: bytes) -> None:
    try:
        assert isinstance(wire.peek_number(data) + wire.peek_stamp(data), int)
    except ValueError as error:
        assert "no message with a header" in str(error)

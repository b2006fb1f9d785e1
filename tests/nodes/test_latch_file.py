"""Latches are on disk for the graph that they belong to; what cannot be read or kept is a latch itself."""

import json
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs rclpy")
from echopilot_control.safety import Reason
from echopilot_nodes.graph.latch_file import RUN, STATE, LatchFile

STOP, TRIP = Reason.OPERATOR_STOP, Reason.FORCE_TRIP


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (RUN, "ROS_LOG_DIR", "ROS_DOMAIN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(STATE, str(tmp_path / "state"))
    return tmp_path / "state"


def test_what_is_kept_is_read_by_the_next_process_until_it_is_reset(state: Path) -> None:
    file = LatchFile("/")
    assert file.read() == ()
    assert file.keep((STOP, TRIP))
    assert LatchFile("/").read() == (STOP, TRIP)
    assert file.keep(())
    assert LatchFile("").read() == () and [p.name for p in state.iterdir()] == [file.path.name]


def test_another_domain_namespace_or_run_has_latches_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    LatchFile("/").keep((STOP,))
    assert LatchFile("/lab").read() == ()
    for name, value in (("ROS_DOMAIN_ID", "7"), (RUN, "second demo"), ("ROS_LOG_DIR", "/run/log")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert LatchFile("/").read() == ()
    assert LatchFile("/").read() == (STOP,)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"{", b"[]", b'{"latched": 3}', b'{"latched": ["COFFEE"]}', b"[" * 9999]
)
def test_a_damaged_file_is_a_latch_that_stays_until_a_reset(content: bytes) -> None:
    LatchFile("/").keep((STOP,))
    LatchFile("/").path.write_bytes(content)
    assert LatchFile("/").read() == (Reason.LATCH_UNREADABLE,)
    assert LatchFile("/").read() == (Reason.LATCH_UNREADABLE,), "a second restart does not heal it"


def test_a_file_that_cannot_be_opened_is_a_latch() -> None:
    path = LatchFile("/").path
    path.mkdir(parents=True)
    assert LatchFile("/").read() == (Reason.LATCH_UNREADABLE,)


def test_where_none_can_be_kept_safety_starts_latched(state: Path) -> None:
    state.write_text("a file where the folder should be")
    file = LatchFile("/")
    assert Reason.LATCH_UNREADABLE in file.read() and not file.keep((STOP,))


def test_a_draft_that_was_cut_off_changes_nothing(state: Path) -> None:
    file = LatchFile("/")
    file.keep((STOP,))
    (state / f".{file.path.name}.99").write_text('{"latch')
    assert LatchFile("/").read() == (STOP,)
    assert json.loads(file.path.read_text()) == {"latched": ["OPERATOR_STOP"]}

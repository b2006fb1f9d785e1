"""What one operator stopped, another lets move only by a hand-over; every command is written down with who."""

import json
from collections.abc import Callable
from typing import Any

from websockets.sync.client import connect

from echopilot_core import ManualClock, to_ns
from echopilot_report.page.access import audit
from echopilot_report.page.access.holds import ANSWER_S, Holds
from echopilot_report.page.access.roles import Action, Role

PASSWORD = {"password": "operator-password"}


def open_page(page: Any, person: Any) -> Any:
    address = f"ws://127.0.0.1:{page.port}/ws"
    return connect(address, origin=page.origin, additional_headers={"Cookie": person.cookie})


def until(socket: Any, kind: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The next message of a kind for which `holds` does."""
    while True:
        text = socket.recv(timeout=20)
        if isinstance(text, str) and (message := json.loads(text))["kind"] == kind and holds(message):
            return message


def pass_time(page: Any, seconds: float) -> None:
    page.clock.advance_to(page.clock.now_ns() + to_ns(seconds))


def actions(page: Any) -> list[Action]:
    return [wish.action for wish in page.book.wishes]


def test_both_see_a_hand_over_and_nothing_moves_before_it(page, person):
    first, second = person(Role.OPERATOR), person(Role.OPERATOR)
    with open_page(page, first) as seen_by_first, open_page(page, second) as seen_by_second:
        until(seen_by_first, "hold", lambda m: True)
        until(seen_by_second, "hold", lambda m: True)
        assert first.ask("/api/do/stop", {})[0] == 200
        page.book.is_stopped = True
        until(seen_by_second, "hold", lambda m: m["by"] and m["by"][0]["present"])
        for action in (Action.RESUME, Action.LIFT_OFF, Action.SKIP):
            status, answer = second.ask(f"/api/do/{action.value}", {})
            assert status == 409 and "hand-over" in answer["detail"], action
        assert second.ask("/api/take-over", PASSWORD)[0] == 409, "the first has the page open"
        assert second.ask("/api/hand-over", {"what": "agree"})[0] == 409, "nobody agrees for another"
        assert second.ask("/api/hand-over", {"what": "ask"})[0] == 200
        asked = until(seen_by_first, "hold", lambda m: m["ask"])
        assert asked["ask"]["label"] == "Test (operator)"
        assert first.ask("/api/hand-over", {"what": "agree"})[0] == 200
        for socket in (seen_by_first, seen_by_second):
            until(socket, "hold", lambda m: m["by"] and m["by"][0]["id"] == asked["ask"]["id"] and not m["ask"])
        assert first.ask("/api/do/resume", {})[0] == 409, "it is the second's now"
        assert second.ask("/api/do/resume", {})[0] == 200
    assert actions(page) == [Action.STOP, Action.RESUME]


def test_a_request_without_answer_ends_without_effect_and_then_opens_the_way_by_password(page, person):
    first, second = person(Role.OPERATOR), person(Role.OPERATOR)
    with open_page(page, first) as seen:
        until(seen, "hold", lambda m: True)
        assert first.ask("/api/do/stop", {})[0] == 200
        until(seen, "hold", lambda m: m["by"])
        assert second.ask("/api/hand-over", {"what": "ask"})[0] == 200
        pass_time(page, ANSWER_S + 1.0)
        assert first.ask("/api/hand-over", {"what": "agree"})[0] == 409, "too late"
        assert second.ask("/api/do/resume", {})[0] == 409
        assert second.ask("/api/take-over", {"password": "wrong"})[0] == 401
        assert second.ask("/api/do/resume", {})[0] == 409
        assert second.ask("/api/take-over", PASSWORD)[0] == 200
        until(seen, "log", lambda m: "taken over" in m["text"])
    assert second.ask("/api/do/resume", {})[0] == 200


def test_a_refusal_stands_while_the_first_is_there(page, person):
    first, second = person(Role.OPERATOR), person(Role.OPERATOR)
    with open_page(page, first) as seen:
        until(seen, "hold", lambda m: True)
        assert first.ask("/api/do/pause", {})[0] == 200, "a pause is held as a stop is"
        assert second.ask("/api/hand-over", {"what": "ask"})[0] == 200
        assert first.ask("/api/hand-over", {"what": "refuse"})[0] == 200
        assert second.ask("/api/take-over", PASSWORD)[0] == 409
    assert first.ask("/api/sign-out", {})[0] == 200
    assert second.ask("/api/do/resume", {})[0] == 409, "one who has gone has not agreed"
    assert second.ask("/api/take-over", PASSWORD)[0] == 200
    assert second.ask("/api/do/resume", {})[0] == 200


def test_whoever_stopped_resumes_alone_and_a_viewer_holds_nothing(page, person):
    operator, viewer = person(Role.OPERATOR), person(Role.VIEWER)
    assert viewer.ask("/api/do/stop", {})[0] == 200
    assert operator.ask("/api/do/resume", {})[0] == 200
    assert operator.ask("/api/do/stop", {})[0] == 200
    assert operator.ask("/api/do/resume", {})[0] == 200
    assert viewer.ask("/api/hand-over", {"what": "ask"})[0] == 403


def test_a_hold_ends_with_the_stop_and_not_before_it_was_seen():
    holds = Holds(ManualClock(10**9))
    holds.stopped("a", "A")
    holds.observe(False)  # a state from before the stop
    holds.observe(None)
    assert holds.blocking("b") == {"a": "A"}
    holds.observe(True)
    holds.observe(False)
    assert not holds.blocking("b")


def test_two_who_stopped_both_have_to_agree():
    holds = Holds(ManualClock(10**9))
    for key in "ab":
        holds.stopped(key, key)
    assert holds.blocking("a") == {"b": "b"}
    assert holds.ask("c", "c") == ""
    assert holds.answer("a", True) == ""
    assert holds.blocking("c") == {"b": "b"}
    assert holds.ask("d", "d") != "", "one at a time"
    assert holds.answer("b", True) == ""
    assert not holds.blocking("c") and holds.by == {"c": "c"}


def test_every_command_is_written_down_with_who_and_what_became_of_it(page, person, tmp_path):
    page.book.record_folder = tmp_path / "exam"
    page.book.record_folder.mkdir()
    operator = person(Role.OPERATOR)
    with open_page(page, operator) as socket:
        until(socket, "hold", lambda m: True)
        socket.send('{"kind":"stop"}')
        until(socket, "log", lambda m: m["text"].startswith("stop by Test (operator)"))
    operator.ask("/api/do/resume", {})
    confirmed = operator.ask("/api/confirm", {"protocol": "full", "patient": "P-1"} | PASSWORD)[1]
    operator.ask("/api/start", {"secret": confirmed["secret"]})
    operator.ask("/api/do/pause", {})
    operator.ask("/api/sign-out", {})
    for path in (page.audit, page.book.record_folder / audit.NAME):
        lines = audit.tail(path)
        assert [(line["command"], line["by"], line["done"]) for line in lines if line["command"] != "sign-in"] == [
            (command, "Test (operator)", True) for command in ("stop", "resume", "start", "pause", "sign-out")
        ]
        assert len({line["session"] for line in lines}) == 1
        assert all(set(line) >= {"at", "outcome"} for line in lines)
    assert next(line for line in audit.tail(page.audit) if line["command"] == "start")["patient"] == "P-1"


def test_the_audit_log_keeps_what_it_has_whatever_comes_after(tmp_path):
    path = tmp_path / "a" / audit.NAME
    assert audit.append(path, audit.entry("stop", "A", "k" * 64, True, "stopped")) == ""
    with path.open("ab") as file:
        file.write(b'{"command": "cut off by a full di')
    assert audit.append(path, audit.entry("resume", "B", "l" * 64, False, 'refused\nby "B"')) == ""
    assert [line["command"] for line in audit.tail(path)] == ["stop", "resume"]
    assert path.stat().st_mode & 0o077 == 0
    assert "directory" in audit.append(tmp_path, {}).lower()

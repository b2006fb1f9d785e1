"""Who the page lets in, and what it lets them do."""

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from echopilot_core import to_ns
from echopilot_report.page.access.roles import Action, Role
from echopilot_report.page.access.sessions import CONFIRM_S, IDLE_S, LONGEST_S

START = {"protocol": "full", "patient": "P-1", "password": "operator-password"}


def socket(page: Any, cookie: str | None, origin: str | None) -> Any:
    headers = {} if cookie is None else {"Cookie": cookie}
    return connect(f"ws://127.0.0.1:{page.port}/ws", origin=origin, additional_headers=headers)


def test_a_viewer_can_stop_and_nothing_else(page, person):
    viewer = person(Role.VIEWER)
    for action in Action:
        assert viewer.ask(f"/api/do/{action.value}", {})[0] == (200 if action is Action.STOP else 403), action
    assert viewer.ask("/api/confirm", START)[0] == 403
    assert [wish.action for wish in page.book.wishes] == [Action.STOP]


def test_requests_that_do_not_come_from_our_signed_in_page_reach_nothing(page, person):
    operator = person(Role.OPERATOR)
    for status, headers in (
        (403, {"Origin": "http://evil.example"}),
        (403, {"Origin": "null"}),
        (403, {"Origin": None}),
        (401, {"Cookie": None}),
        (401, {"Cookie": operator.cookie[:-1] + ("a" if operator.cookie[-1] != "a" else "b")}),
        (403, {"X-EchoPilot-Token": None}),
        (403, {"X-EchoPilot-Token": "x" * 43}),
        (403, {"Host": "rebound.example"}),
    ):
        assert operator.ask("/api/do/stop", {}, **headers)[0] == status, headers
    assert operator.ask("/api/me", Cookie=None)[0] == 401
    assert operator.ask("/api/sign-in", {"role": "operator", "password": "x" * 5000})[0] == 403, (
        "a body that is too long"
    )
    for cookie, origin in ((operator.cookie, "http://evil.example"), (operator.cookie, None), (None, page.origin)):
        with pytest.raises(InvalidStatus):
            socket(page, cookie, origin)
    assert page.book.wishes == []


def test_what_was_used_or_ended_cannot_be_replayed(page, person):
    operator, other = person(Role.OPERATOR), person(Role.OPERATOR)
    secret = operator.ask("/api/confirm", START)[1]["secret"]
    assert other.ask("/api/start", {"secret": secret})[0] == 403, "somebody else's confirmation"
    assert operator.ask("/api/start", {"secret": secret})[0] == 200
    assert operator.ask("/api/start", {"secret": secret})[0] == 403, "the same confirmation again"
    late = operator.ask("/api/confirm", START)[1]["secret"]
    page.clock.advance_to(page.clock.now_ns() + to_ns(CONFIRM_S + 1))
    assert operator.ask("/api/start", {"secret": late})[0] == 403, "a confirmation from before"
    assert [w.action for w in page.book.wishes] == [Action.START]

    with socket(page, operator.cookie, page.origin) as open_page:
        assert operator.ask("/api/sign-out", {})[0] == 200
        page.hub.put_newest("state", "{}")
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                open_page.recv(timeout=10)
        assert closed.value.rcvd.code == 4401
    assert operator.ask("/api/do/stop", {})[0] == 401, "the cookie of a session that ended"
    with pytest.raises(InvalidStatus):
        socket(page, operator.cookie, page.origin)


def test_a_session_ends_when_idle_and_after_a_working_day(page, person):
    operator = person(Role.OPERATOR)
    step_ns, days_end_ns = to_ns(0.9 * IDLE_S), page.clock.now_ns() + to_ns(LONGEST_S)
    while page.clock.now_ns() + step_ns < days_end_ns:
        page.clock.advance_to(page.clock.now_ns() + step_ns)
        assert operator.ask("/api/me")[0] == 200
    page.clock.advance_to(days_end_ns + 1)
    assert operator.ask("/api/me")[0] == 401
    assert person(Role.OPERATOR).ask("/api/me")[0] == 200
    idle = person(Role.VIEWER)
    page.clock.advance_to(page.clock.now_ns() + to_ns(IDLE_S) + 1)
    assert idle.ask("/api/me")[0] == 401


def test_motion_starts_only_from_this_machine(page, person):
    operator = person(Role.OPERATOR)
    for header in ("X-Forwarded-For", "Forwarded", "Via"):
        assert operator.ask("/api/confirm", START, **{header: "127.0.0.1"})[0] == 403
        assert operator.ask("/api/do/resume", {}, **{header: "127.0.0.1"})[0] == 403
    assert operator.ask("/api/do/stop", {}, Via="1.1 proxy")[0] == 200, "everybody may stop"
    assert operator.ask("/api/confirm", START | {"patient": "John Doe"})[0] == 422, "a name is no pseudonym"
    assert operator.ask("/api/confirm", START | {"protocol": "../x"})[0] == 422
    assert [wish.action for wish in page.book.wishes] == [Action.STOP]


def test_the_cookie_is_strict_and_the_answers_forbid_foreign_content(page, person):
    operator = person(Role.OPERATOR)
    operator.sign_in(Role.OPERATOR)
    flags = {part.strip().lower() for part in operator.set_cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert not any(flag.startswith(("domain", "expires", "max-age")) for flag in flags)
    assert operator.token not in operator.set_cookie


def test_stop_over_the_socket_works_for_a_viewer(page, person):
    viewer = person(Role.VIEWER)
    with socket(page, viewer.cookie, page.origin) as open_page:
        open_page.send('{"kind":"stop"}')
        assert page.book.asked.wait(10.0)
    assert [(w.action, w.by) for w in page.book.wishes] == [(Action.STOP, "Test (viewer)")]

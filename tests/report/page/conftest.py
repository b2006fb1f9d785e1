"""The page served on loopback, and people who talk to it as a browser would."""

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from echopilot_core import ManualClock
from echopilot_report.page import guard
from echopilot_report.page.accounts import hashed
from echopilot_report.page.app import create_app
from echopilot_report.page.graph import Answer, Wish
from echopilot_report.page.hub import Hub
from echopilot_report.page.roles import Role
from echopilot_report.page.server import PageServer, bound

PASSWORDS = {Role.VIEWER: "viewer-password", Role.OPERATOR: "operator-password"}


@dataclass
class Book:
    """A graph that writes every wish down."""

    wishes: list[Wish] = field(default_factory=list)

    async def ask(self, wish: Wish) -> Answer:
        self.wishes.append(wish)
        return Answer(True, "done")


@dataclass
class Page:
    """A served page: its port, what the graph was asked, its hub and its clock."""

    port: int
    book: Book
    hub: Hub
    clock: ManualClock

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Person:
    """Sends requests with cookie, token and origin; each can be replaced or (None) left out."""

    page: Page
    cookie: str | None = None
    token: str | None = None
    set_cookie: str = ""

    def ask(self, path: str, body: dict[str, Any] | None = None, **headers: str | None) -> tuple[int, dict[str, Any]]:
        sent: dict[str, str | None] = {"Cookie": self.cookie, "Host": f"127.0.0.1:{self.page.port}"}
        if body is not None:
            sent |= {"Content-Type": "application/json", "Origin": self.page.origin, "X-EchoPilot-Token": self.token}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.page.port, timeout=20)
        method = "GET" if body is None else "POST"
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {k: v for k, v in sent.items() if v is not None})
        response = connection.getresponse()
        self.set_cookie = response.headers.get("Set-Cookie", "")
        answer = json.loads(response.read() or b"{}") if "json" in response.headers.get("Content-Type", "") else {}
        connection.close()
        return response.status, answer

    def sign_in(self, role: Role, password: str | None = None) -> int:
        body = {"role": role.value, "password": password or PASSWORDS[role], "name": "Test"}
        status, answer = self.ask("/api/sign-in", body)
        if status == 200:
            self.cookie, self.token = self.set_cookie.split(";")[0], answer["token"]
        return status


@pytest.fixture(scope="session")
def hashes() -> dict[Role, str]:
    return {role: hashed(password) for role, password in PASSWORDS.items()}


@pytest.fixture
def page(hashes: dict[Role, str]) -> Iterator[Page]:
    listening = bound("127.0.0.1", 0)
    port = listening.getsockname()[1]
    served = Page(port, Book(), Hub(), ManualClock(10**9))
    app = create_app(served.hub, served.book, hashes, guard.loopback(port), ("aorta", "full"), served.clock)
    server = PageServer(app, listening)
    yield served
    server.close()


@pytest.fixture
def person(page: Page) -> Callable[..., Person]:
    """Somebody who has signed in with a role, or (None) not."""

    def make(role: Role | None = None) -> Person:
        somebody = Person(page)
        assert role is None or somebody.sign_in(role) == 200
        return somebody

    return make

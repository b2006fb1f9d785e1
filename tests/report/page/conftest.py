"""The page served on loopback, and people who talk to it as a browser would."""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from echopilot_core import ManualClock
from echopilot_report.page.access import request_checks as guard
from echopilot_report.page.access.accounts import hashed
from echopilot_report.page.access.roles import Role
from echopilot_report.page.app import create_app
from echopilot_report.page.graph import PageRequest, RequestResult
from echopilot_report.page.live.hub import Hub
from echopilot_report.page.server import PageServer, bound

PASSWORDS = {Role.VIEWER: "viewer-password", Role.OPERATOR: "operator-password"}


@dataclass
class Book:
    """A graph that writes every wish down."""

    wishes: list[PageRequest] = field(default_factory=list)
    is_stopped: bool | None = None
    record_folder: Path | None = None
    report: Path | None = None

    at_s: float = 0.0
    news: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)

    async def ask(self, request: PageRequest) -> RequestResult:
        self.at_s = time.monotonic()
        self.wishes.append(request)
        self.asked.set()
        return RequestResult(True, "done")


@dataclass
class Page:
    """A served page: its port, what the graph was asked, its hub and its clock."""

    port: int
    book: Book
    hub: Hub
    clock: ManualClock
    audit: Path
    server: PageServer | None = None

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


@contextlib.contextmanager
def serving(hashes: dict[Role, str], folder: Path) -> Iterator[Page]:
    """A page that is served until the end of the block."""
    listening = bound("127.0.0.1", 0)
    port = listening.getsockname()[1]
    served = Page(port, Book(), Hub(), ManualClock(10**9), folder / "commands.jsonl")
    address = guard.loopback(port)
    app = create_app(served.hub, served.book, hashes, address, ("aorta", "full"), served.clock, served.audit)
    served.server = PageServer(app, listening)
    try:
        yield served
    finally:
        served.server.close()


@pytest.fixture
def page(hashes: dict[Role, str], tmp_path: Path) -> Iterator[Page]:
    with serving(hashes, tmp_path) as served:
        yield served


@pytest.fixture(scope="module")
def shared_page(hashes: dict[Role, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One page for all tests of a file."""
    with serving(hashes, tmp_path_factory.mktemp("page")) as served:
        yield served


@pytest.fixture
def person(page: Page) -> Callable[..., Person]:
    """Somebody who has signed in with a role, or (None) not."""

    def make(role: Role | None = None) -> Person:
        somebody = Person(page)
        assert role is None or somebody.sign_in(role) == 200
        return somebody

    return make


@pytest.fixture(scope="session")
def make_person() -> Callable[[Page, Role], Person]:
    """Somebody who signs in at a given page."""

    def make(page: Page, role: Role) -> Person:
        somebody = Person(page)
        assert somebody.sign_in(role) == 200
        return somebody

    return make

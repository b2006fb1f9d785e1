"""STOP arrives while somebody attacks the page; on a live graph: `echopilot bench page --attacks all`."""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from echopilot_lab.benchmarks.page_floods import ATTACKS
from echopilot_report.page.access.roles import Action, Role

STOPS, MOST_MS, LONGEST_S = 7, 150.0, 4.0
IN_THE_BENCH = {"requests /web/main.js", "requests /api/me", "requests /api/start", "requests /api/do/resume"}


@contextmanager
def attacking(name: str, page: Any, viewer: Any) -> Iterator[None]:
    command = [sys.executable, "-m", "echopilot_lab.benchmarks.page_floods"]
    process = subprocess.Popen(
        [*command, name, str(page.port), viewer.cookie, viewer.token],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "running\n"
        yield
    finally:
        process.kill()
        process.communicate()


@contextmanager
def open_page(page: Any, operator: Any) -> Iterator[Any]:
    """A page that is open and takes what comes."""
    address = f"ws://127.0.0.1:{page.port}/ws"
    with connect(address, origin=page.origin, additional_headers={"Cookie": operator.cookie}) as socket:

        def read() -> None:
            try:
                for message in socket:
                    if isinstance(message, bytes):
                        socket.send('{"kind":"got"}')
            except ConnectionClosed:
                pass

        threading.Thread(target=read, daemon=True).start()
        yield socket


def stop_ms(page: Any, press: Any) -> float:
    """Time from STOP to the graph."""
    before = len(page.book.wishes)
    pressed_s = time.monotonic()
    press()
    while len(page.book.wishes) == before:
        if time.monotonic() - pressed_s > LONGEST_S:
            return 1e3 * LONGEST_S
        page.book.news.wait(0.001)
    assert page.book.wishes[-1].action is Action.STOP
    return 1e3 * (page.book.at_s - pressed_s)


def typical_ms(page: Any, operator: Any, socket: Any) -> float:
    by_request = [stop_ms(page, lambda: operator.ask("/api/do/stop", {})) for _ in range(STOPS)]
    by_socket = [stop_ms(page, lambda: socket.send('{"kind":"stop"}')) for _ in range(STOPS)]
    return max(statistics.median(by_request), statistics.median(by_socket))


@pytest.fixture(scope="module")
def people(shared_page, make_person):
    return make_person(shared_page, Role.OPERATOR), make_person(shared_page, Role.VIEWER)


@pytest.mark.parametrize("name", [name for name in ATTACKS if name not in IN_THE_BENCH])
def test_stop_arrives_during(name, shared_page, people):
    operator, viewer = people
    with open_page(shared_page, operator) as socket:
        quiet_ms = typical_ms(shared_page, operator, socket)
        with attacking(name, shared_page, viewer):
            attacked_ms = typical_ms(shared_page, operator, socket)
    assert attacked_ms <= max(MOST_MS, 5.0 * quiet_ms), f"{quiet_ms:.0f} ms without the attack"

"""Passwords are checked in turn: a process that guesses is slow, and keeps nobody out."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time

from echopilot_report.page.access.password_turns import BURST, MOST_OF_A_SOURCE, PasswordTurns, WaitingLimitError
from echopilot_report.page.access.peer_process import source_of
from echopilot_report.page.access.roles import Role
from echopilot_report.page.routes.dependencies import MOST_WRONG_CONFIRMS

GUESSER = """
import http.client, json, sys, threading
port = int(sys.argv[1])
def guess():
    while True:
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            body = json.dumps({"role": "operator", "password": "a wrong password"})
            headers = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}"}
            line.request("POST", "/api/sign-in", body, headers)
            print(line.getresponse().status, flush=True)
        except OSError:
            pass
for _ in range(20):
    threading.Thread(target=guess, daemon=True).start()
sys.stdin.read()
"""


def test_a_process_that_guesses_is_slow_and_locks_nobody_out(page, person):
    viewer = person(Role.VIEWER)
    guesser = subprocess.Popen(
        [sys.executable, "-c", GUESSER, str(page.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    told: list[str] = []
    reading = threading.Thread(target=lambda: told.extend(guesser.stdout), daemon=True)
    began_s = time.monotonic()
    try:
        for _ in range(int(BURST)):
            guesser.stdout.readline()  # guesses are being checked
        reading.start()
        operator = person(None)
        asked_s = time.monotonic()
        assert operator.sign_in(Role.OPERATOR) == 200
        waited_s = time.monotonic() - asked_s
        assert viewer.ask("/api/me")[0] == 200
        assert viewer.ask("/api/do/stop", {})[0] == 200
    finally:
        guesser.kill()
        guesser.wait()
    spent_s = time.monotonic() - began_s
    reading.join(timeout=10.0)
    assert waited_s < 5.0, "the guesser's turns and ours alternate"
    assert told.count("401\n") <= spent_s + 2.0, "one a second"
    assert "200\n" not in told


def test_the_same_process_gets_its_turn_after_any_number_of_wrong_ones(page, person):
    somebody = person()
    assert {somebody.sign_in(Role.VIEWER, "wrong") for _ in range(int(BURST) + 2)} == {401}
    assert somebody.sign_in(Role.OPERATOR) == 200
    assert somebody.sign_in(Role.SERVICE, "no-such-password") == 401, "a role without a password"


def test_sources_take_turns_and_none_waits_without_end():
    async def scene() -> list[str]:
        turns, order = PasswordTurns(time.monotonic, rate_hz=100.0, burst=1.0), []

        async def one(source: str) -> None:
            try:
                async with turns.turn(source):
                    order.append(source)
            except WaitingLimitError:
                order.append(f"refused {source}")

        greedy = [asyncio.ensure_future(one("greedy")) for _ in range(MOST_OF_A_SOURCE + 5)]
        await asyncio.sleep(0)
        late = asyncio.ensure_future(one("late"))
        await asyncio.gather(*greedy, late)
        return order

    order = asyncio.run(scene())
    assert order.count("refused greedy") >= 4
    checked = [source for source in order if not source.startswith("refused")]
    assert checked.index("late") <= 2, checked
    assert checked.count("greedy") >= MOST_OF_A_SOURCE, "who waits is served"


def test_a_session_that_guesses_its_password_ends(page, person):
    operator = person(Role.OPERATOR)
    body = {"protocol": "full", "patient": "P-1", "password": "wrong"}
    answers = [operator.ask("/api/confirm", body)[0] for _ in range(MOST_WRONG_CONFIRMS)]
    assert answers == [401] * MOST_WRONG_CONFIRMS
    assert operator.ask("/api/me")[0] == 401


def test_the_process_behind_a_local_connection_is_known():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as ours:
            assert source_of("127.0.0.1", ours.getsockname()[1], port) == f"process {os.getpid()}"
            call = f"import socket; s = socket.create_connection(('127.0.0.1', {port})); print(s.getsockname()[1])"
            call += "; input()"
            other = subprocess.Popen(
                [sys.executable, "-c", call], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            assert source_of("127.0.0.1", int(other.stdout.readline()), port) == f"process {other.pid}"
            other.communicate("\n", timeout=20)
    assert source_of("127.0.0.1", port, port) == "127.0.0.1", "nobody's"
    assert source_of("192.0.2.7", 5, port) == "192.0.2.7"

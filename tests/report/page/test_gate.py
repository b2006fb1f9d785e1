"""What the gate of the page takes in, from whom, and how much; and that it comes back."""

import contextlib
import http.client
import os
import random
import signal
import socket as sockets
import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from echopilot_report.page.access.roles import Action, Role
from echopilot_report.page.gate import frames
from echopilot_report.page.gate.budget import Allowance, Bucket, TurnQueue
from echopilot_report.page.gate.frames import FrameError, FrameReader
from echopilot_report.page.gate.head import HeadError, parse_head
from echopilot_report.page.gate.live_sockets import MOST, MOST_OF_A_SESSION, LiveSockets


def told(page, raw: bytes) -> int:
    """Status of the answer to raw bytes; 0 when the connection just ends."""
    with sockets.create_connection(("127.0.0.1", page.port), timeout=20) as line:
        line.sendall(raw)
        answer = line.recv(1 << 16)
    return int(answer.split()[1]) if answer else 0


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.0\r\nHost: h",
        "GET  / HTTP/1.1\r\nHost: h",
        "get / HTTP/1.1\r\nHost: h",
        "GET http://elsewhere/ HTTP/1.1\r\nHost: h",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 20",
        "POST / HTTP/1.1\r\nHost: h\r\nHost: g",
        "POST / HTTP/1.1\r\nHost : h",
        "GET / HTTP/1.1\r\nHost: h\r\n folded: x",
        "GET / HTTP/1.1\r\nHost: h\nX: y",
        "GET / HTTP/1.1\r\nno colon",
    ],
)
def test_a_head_that_two_readers_could_read_in_two_ways_is_refused(head):
    with pytest.raises(HeadError):
        parse_head(f"{head}\r\n\r\n".encode())


def test_what_is_no_request_of_the_page_ends_at_the_gate(page, person):
    operator = person(Role.OPERATOR)
    host = f"Host: 127.0.0.1:{page.port}\r\nOrigin: {page.origin}\r\n"
    signed = f"{host}Cookie: {operator.cookie}\r\nX-EchoPilot-Token: {operator.token}\r\n"
    assert told(page, b"\x16\x03\x01" + bytes(100) + b"\r\n\r\n") == 400
    assert told(page, f"GET / HTTP/1.1\r\n{host}X: {'x' * 9000}".encode()) == 400
    for length in ("Transfer-Encoding: chunked", "Content-Length: -1", "Content-Length: 4097", "X-None: 1"):
        assert told(page, f"POST /api/do/stop HTTP/1.1\r\n{signed}{length}\r\n\r\n".encode()) == 403, length
    assert page.book.wishes == []
    slow = f"POST /api/do/stop HTTP/1.1\r\n{signed}Content-Length: 100\r\n\r\n".encode()
    assert told(page, slow) == 200, "STOP does not wait for its body"
    assert [wish.action for wish in page.book.wishes] == [Action.STOP]


def test_a_sender_cannot_name_another_address_and_nobody_gets_past_the_gate(page, person):
    operator = person(Role.OPERATOR)
    status, answer = operator.ask("/api/me", X_EchoPilot_Peer="x 10.0.0.1 5")
    assert status == 200 and answer["local"] is True
    behind = page.server._behind.getsockname()
    with sockets.socket(sockets.AF_UNIX) as line:
        line.connect(behind)
        line.sendall(
            f"GET /api/me HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nCookie: {operator.cookie}\r\n\r\n".encode()
        )
        assert b" 403 " in line.recv(1 << 16)[:20]
    assert os.stat(os.path.dirname(behind)).st_mode & 0o077 == 0


def test_a_request_that_stays_half_is_ended(page):
    with sockets.create_connection(("127.0.0.1", page.port), timeout=20) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost:")
        assert b" 408 " in line.recv(1000)[:20]


def test_a_killed_gate_comes_back_and_knows_the_sessions(page, person):
    operator = person(Role.OPERATOR)
    first = page.server.gate.process
    os.kill(first.pid, signal.SIGKILL)
    end_s = time.monotonic() + 20.0
    while True:
        try:
            assert operator.ask("/api/do/stop", {})[0] == 200
            break
        except (OSError, http.client.HTTPException):
            assert time.monotonic() < end_s
    assert page.server.gate.process.pid != first.pid


def test_a_session_has_few_sockets_and_the_oldest_ends_for_a_new_one(page, person):
    viewer = person(Role.VIEWER)
    address, more = f"ws://127.0.0.1:{page.port}/ws", {"Cookie": viewer.cookie}
    with contextlib.ExitStack() as pages:
        opened = [
            pages.enter_context(connect(address, origin=page.origin, additional_headers=more))
            for _ in range(MOST_OF_A_SESSION + 1)
        ]
        with pytest.raises(ConnectionClosed):
            while True:
                opened[0].recv(timeout=10)
        opened[-1].send('{"kind":"ping","at":1}')
        while "pong" not in str(opened[-1].recv(timeout=10)):
            pass


def test_one_session_cannot_take_the_sockets_of_another():
    live, ended = LiveSockets(), []
    for number in range(2 * MOST):
        ended += live.add(f"greedy {number % 9}", ("greedy", number))
    ended += live.add("other", ("other", 0))
    assert all(who == "greedy" for who, _ in ended)


def test_frames_are_read_however_they_are_cut(page):
    del page
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    payloads = [b'{"kind":"stop"}', b"", b'{"kind":"got"}', b"x" * 200, b'["stop"]', b"stop"]
    sent = b""
    for payload in payloads:
        mask, length = dice.randbytes(4), len(payload)
        size = bytes([0x80 | length]) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
        sent += b"\x81" + size + mask + frames.unmasked(payload, mask)
    reader, found = FrameReader(), []
    while sent:
        count = dice.randint(1, 40)
        reader.feed(sent[:count])
        sent = sent[count:]
        while (frame := reader.next()) is not None:
            found.append(frame)
    assert [frame.payload for frame in found] == payloads
    assert [frame.is_stop for frame in found] == [True] + [False] * 5


@pytest.mark.parametrize("start", [b"\x81\x05", b"\x81\xff", b"\x81\xfe\xff\xff"])
def test_a_frame_that_is_too_large_or_not_masked_is_refused_by_its_start(start):
    reader = FrameReader()
    reader.feed(start)
    with pytest.raises(FrameError):
        reader.next()


def test_sources_are_served_in_turn_and_none_faster_than_its_allowance():
    queue: TurnQueue[int] = TurnQueue(under_way=3)
    slow, quick = Allowance(1.0, 2.0, 8, 10), Allowance(100.0, 50.0, 2, 100)
    assert [queue.add("slow", slow, n) for n in range(12)].count(False) == 2, "so many may wait"
    for number in range(20):
        queue.add("quick", quick, number)
    assert [source for source, _ in queue.due(0.0)] == ["slow", "quick", "slow"]
    queue.done("slow")
    assert [source for source, _ in queue.due(0.1)] == ["quick"], "the allowance of the other is used up"
    queue.done("slow")
    assert [source for source, _ in queue.due(1.1)] == ["slow"]


def test_a_bucket_never_gives_more_than_its_burst_and_rate():
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice, bucket, now_s, given = random.Random(seed), Bucket(5.0, 10.0), 0.0, 0
    for _ in range(2000):
        now_s += dice.expovariate(20.0)
        given += bucket.take(now_s)
        assert given <= 10.0 + 5.0 * now_s + 1e-6

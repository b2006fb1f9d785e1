"""The gate's loop: accepts, judges every request by its head, carries out STOP, and paces all else by its source."""

import asyncio
import contextlib
import hmac
import socket
import ssl
from collections import OrderedDict
from pathlib import Path
from typing import Any

from echopilot_report.page.access.request_checks import Address, session_key
from echopilot_report.page.gate.budget import Allowance, Bucket, TurnQueue
from echopilot_report.page.gate.connection import Client, Stage, Upstream
from echopilot_report.page.gate.head import LARGEST_HEAD, RequestHead, answer
from echopilot_report.page.gate.link import GateConfig
from echopilot_report.page.gate.live_sockets import LiveSockets
from echopilot_report.page.gate.stop_desk import KnownSession, Stop, StopDesk

MOST_CONNECTIONS = 1024
ACCEPTED_AT_ONCE = 32  # between two looks at the open connections
HANDSHAKES_AT_ONCE = 4  # of TLS, which cost a thousand times as much
REFUSALS_HZ, REFUSALS_BURST, HOLD_S = 50.0, 100.0, 1.0
REQUEST_S, ENDING_S, ANSWER_S, TURN_S = 5.0, 1.0, 40.0, 40.0
SWEEP_S = 0.25
UNDER_WAY = 64  # requests at the application at once, those that wait for a password check included
SESSION = Allowance(rate_hz=30.0, burst=60.0, under_way=6, waiting=64)
NOBODY = Allowance(rate_hz=100.0, burst=200.0, under_way=8, waiting=256)
SOCKETS = Allowance(rate_hz=2.0, burst=8.0, under_way=2, waiting=16)
SIGN_IN = Allowance(rate_hz=10.0, burst=10.0, under_way=48, waiting=512)
CONFIRM = Allowance(rate_hz=1.0, burst=5.0, under_way=2, waiting=8)


class Gate:
    """All connections of the page. Lives in one loop, which does nothing else."""

    def __init__(self, config: GateConfig, listening: socket.socket, stop: Stop, tell: Any) -> None:
        self._config, self._listening, self._tell = config, listening, tell
        self._address = Address(frozenset(config.hosts), config.tls)
        self._loop = asyncio.get_running_loop()
        self._sessions: dict[str, KnownSession] = {}
        self._desk = StopDesk(stop, Path(config.audit), tell)
        self._clients: set[Client] = set()
        self._silent: dict[Client, socket.socket] = {}  # those that have sent nothing yet
        self._idle: OrderedDict[Client, None] = OrderedDict()  # those that may be given up, the oldest first
        self._turns: TurnQueue[Client] = TurnQueue(UNDER_WAY)
        self._live: LiveSockets[Client] = LiveSockets()
        self._refusals = Bucket(REFUSALS_HZ, REFUSALS_BURST)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pumping: asyncio.TimerHandle | None = None
        self._tls = _tls_context(config) if config.tls else None

    def start(self) -> None:
        """Begin to accept."""
        self._listening.setblocking(False)
        self._loop.add_reader(self._listening.fileno(), self._accept)
        self._loop.call_later(SWEEP_S, self._sweep)

    def now_s(self) -> float:
        """The loop's time [s]."""
        return self._loop.time()

    # Sessions, as the application tells them

    def received(self, message: dict[str, Any]) -> None:
        """A session has begun or ended."""
        if opened := message.get("open"):
            self._sessions[opened["key"]] = KnownSession(**opened)
        if (closed := message.get("close")) is not None:
            self._sessions.pop(closed, None)
            self._desk.forget(closed)

    # Connections

    def _accept(self) -> None:
        for _ in range(HANDSHAKES_AT_ONCE if self._tls else ACCEPTED_AT_ONCE):
            try:
                accepted, peer = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # no descriptors left
                self._give_up(16)
                return
            accepted.setblocking(False)
            with contextlib.suppress(OSError):
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = Client(self, f"{peer[0]} {peer[1]}", self.now_s())
            self._clients.add(client)
            self._idle[client] = None
            if len(self._clients) > MOST_CONNECTIONS:
                self._give_up(1)
            if self._tls:
                self._do(self._take_in(client, accepted, b""))
            else:
                self._silent[client] = accepted
                self._loop.add_reader(accepted.fileno(), self._hear_first, client)

    def _hear_first(self, client: Client) -> None:
        """The first bytes of a connection, or its end; until then it costs no more than its descriptor."""
        accepted = self._silent.pop(client)
        self._loop.remove_reader(accepted.fileno())
        try:
            first = accepted.recv(LARGEST_HEAD)
        except OSError:
            first = b""
        if first:
            self._do(self._take_in(client, accepted, first))
        else:
            accepted.close()
            self.gone(client)

    async def _take_in(self, client: Client, accepted: socket.socket, first: bytes) -> None:
        more = {"ssl_handshake_timeout": REQUEST_S, "ssl_shutdown_timeout": ENDING_S} if self._tls else {}
        try:
            await self._loop.connect_accepted_socket(lambda: client, accepted, ssl=self._tls, **more)
        except (OSError, ssl.SSLError):
            accepted.close()
            self.gone(client)
            return
        if first:
            client.data_received(first)

    def _close_silent(self, client: Client) -> None:
        accepted = self._silent.pop(client)
        self._loop.remove_reader(accepted.fileno())
        accepted.close()
        self.gone(client)

    def _give_up(self, count: int) -> None:
        """End the oldest connections that have not yet made a request, or have had their answer."""
        for client in list(self._idle)[:count]:
            self._idle.pop(client, None)
            if client in self._silent:
                self._close_silent(client)
            elif hasattr(client, "transport"):
                client.transport.abort()

    def may_refuse_now(self) -> bool:
        """Whether a refusal may be told at once."""
        return self._refusals.take(self.now_s())

    def hold(self, client: Client) -> None:
        """Tell a refusal later."""
        self._idle[client] = None
        self._loop.call_later(HOLD_S, client.end_held)

    def judge(self, client: Client, head: RequestHead) -> bool:
        """Answer what can be answered from the head alone; False when the body is needed."""
        if reason := head.refusal(self._address):
            client.refuse(403, reason)
            return True
        secret = head.cookie(self._config.cookie)
        session = self._sessions.get(session_key(secret)) if secret else None
        client.session_key = session.key if session is not None else ""
        if head.path == "/api/do/stop" and head.method == "POST":
            if session is None:
                client.refuse(401, "sign in first")
            elif not hmac.compare_digest(head.headers.get("x-echopilot-token", "").encode(), session.token.encode()):
                client.refuse(403, "the session's token is missing or wrong")
            else:
                client.stage = Stage.UNDER_WAY
                self._idle.pop(client, None)
                self._do(self._stop(client, session))
            return True
        if head.is_socket and session is None:
            client.refuse(403, "sign in first")
            return True
        return False

    async def _stop(self, client: Client, session: KnownSession) -> None:
        done, message = await self._desk.press(session)
        client.end(answer(200, {"message": message}) if done else answer(409, {"detail": message}))

    def stop_by_socket(self, client: Client) -> None:
        """STOP by an open page."""
        session = self._sessions.get(client.session_key)
        if session is not None:
            self._do(self._desk.press(session))

    # Requests to the application

    def line_up(self, client: Client, head: RequestHead) -> None:
        """Let a complete request wait for its turn."""
        client.source, allowance = _source(head, client.session_key, client.peer)
        client.stage = Stage.WAITING
        self._idle.pop(client, None)
        client.since_s = self.now_s()
        if self._turns.add(client.source, allowance, client):
            self._pump()
        else:
            client.refuse(429, "too many requests wait already; try again", "Retry-After: 2")

    def _pump(self) -> None:
        if self._pumping is not None:
            self._pumping.cancel()
            self._pumping = None
        for source, client in self._turns.due(self.now_s()):
            client.stage, client.since_s = Stage.UNDER_WAY, self.now_s()
            self._do(self._pass_on(source, client))
        if (wait_s := self._turns.wait_s) < float("inf"):
            self._pumping = self._loop.call_later(max(wait_s, 0.005), self._pump)

    async def _pass_on(self, source: str, client: Client) -> None:
        head = client.head
        assert head is not None
        first = head.forwarded(f"{self._config.secret} {client.peer}") + client.body
        upstream = Upstream(client, first)
        client.upstream = upstream
        if head.is_socket:
            client.go_live()
            for old in self._live.add(client.session_key, client):
                old.end()
        try:
            await self._loop.create_unix_connection(lambda: upstream, self._config.application)
        except OSError:
            client.upstream = None
            client.refuse(502, "the page does not answer")
        if client not in self._clients:
            upstream.close()
        if client.stage is not Stage.UNDER_WAY:  # a live socket, or an end: the turn is over
            self._turn_over(source, client)

    def _turn_over(self, source: str, client: Client) -> None:
        if client.source:
            client.source = ""
            self._turns.done(source)
            self._pump()

    def left_stage(self, client: Client) -> None:
        """A connection leaves what it was in: its turn, its place in the queue or among the live sockets."""
        if client.stage is Stage.WAITING:
            self._turns.drop(client.source, client)
            client.source = ""
        elif client.stage is Stage.UNDER_WAY and client.source:
            self._turn_over(client.source, client)
        elif client.stage is Stage.LIVE:
            self._live.remove(client.session_key, client)
            if client.source:
                self._turn_over(client.source, client)

    def ending(self, client: Client) -> None:
        """A connection has had its answer."""
        if client.upstream is not None:
            client.upstream.close()
        self._idle[client] = None

    def gone(self, client: Client) -> None:
        """A connection is closed."""
        self.left_stage(client)
        client.stage = Stage.ENDING
        self._idle.pop(client, None)
        self._clients.discard(client)
        if client.upstream is not None:
            client.upstream.close()

    def _sweep(self) -> None:
        """End what takes too long."""
        now_s = self.now_s()
        for client in list(self._clients):
            spent_s = now_s - client.since_s
            if client in self._silent:
                if spent_s > REQUEST_S:
                    self._close_silent(client)
            elif not hasattr(client, "transport"):
                continue  # the handshake has a limit of its own
            elif client.stage is Stage.ENDING and spent_s > ENDING_S:
                client.transport.abort()
            elif client.stage is Stage.READING and spent_s > REQUEST_S:
                client.refuse(408, "the request did not arrive in time")
            elif client.stage is Stage.WAITING and spent_s > TURN_S:
                client.refuse(503, "too many requests; try again")
            elif client.stage is Stage.UNDER_WAY and spent_s > ANSWER_S:
                client.refuse(504, "the page does not answer")
        self._turns.forget_idle(now_s)
        self._loop.call_later(SWEEP_S, self._sweep)

    def _do(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _source(head: RequestHead, session_key: str, peer: str) -> tuple[str, Allowance]:
    """Whose allowance a request uses: sign-ins, a session, or an address without one."""
    if head.path == "/api/sign-in":
        return "sign-in", SIGN_IN
    if not session_key:
        return f"nobody at {peer.partition(' ')[0]}", NOBODY
    if head.path == "/api/confirm":
        return f"password {session_key}", CONFIRM
    if head.is_socket:
        return f"socket {session_key}", SOCKETS
    return session_key, SESSION


def _tls_context(config: GateConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.certificate, config.key or None)
    return context

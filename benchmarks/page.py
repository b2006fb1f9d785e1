"""The page beside a running graph: STOP to the first tick without motion; what ten watchers cost the simulation.

`python benchmarks/page.py [--stops 40] [--windows 8] [--json FILE]`
"""

import argparse
import asyncio
import contextlib
import http.client
import itertools
import json
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import ControlStatus, ExamState, RobotState, SafetyState
from echopilot_msgs.srv import ResetSafety
from rclpy.action import ActionClient
from rclpy.node import Node
from std_msgs.msg import Bool
from websockets.asyncio.client import connect

from echopilot_lab.page_invitation import free_port
from echopilot_lab.processes import CONFIG, free_domain, graph_environment, supervised
from echopilot_nodes import conversions as conv
from echopilot_nodes import names, qos

PASSWORD, START_S, CLIENTS = "only-for-this-bench", 400.0, 10
BARS = {"stop_p95_ms": 150.0, "loss_pct": 10.0, "age_p95_ms": 150.0, "pictures_per_s": 10.0, "ticks_missed": 0}
WARM_S = 2.0  # robot time after which everything has run once
IN_CONTACT = ("SEARCH", "REFINE", "HOLD", "RECORD", "SWEEP")


class Listener(Node):
    """What safety says and how far robot time has come, in a thread of its own; `wait` wakes at every message."""

    def __init__(self) -> None:
        super().__init__("page_bench")
        self.news = threading.Condition()
        self.active = False
        self.exam_state = self.safety_says = ""
        self.stopped_s = self.ok_s = self.robot_s = self.robot_wall_s = 0.0
        self.stopped_ticks = self.held = 0
        self.ticks: list[int] = []
        for kind, name, hear, profile in (
            (Bool, names.LIFECYCLE_ACTIVE, self._on_active, qos.LATCHED),
            (SafetyState, names.SAFETY_STATE, self._on_safety, qos.STATE_RECORDED),
            (RobotState, names.ROBOT_STATE, self._on_robot, qos.STATE_RECORDED),
            (ControlStatus, names.CONTROL_STATUS, self._on_status, qos.STATE_RECORDED),
            (ExamState, names.EXAM_STATE, self._on_exam, qos.STATE_RECORDED),
        ):
            self.create_subscription(kind, name, self._waking(hear), profile)
        self.reset = self.create_client(ResetSafety, names.RESET_SAFETY)
        self.exam = ActionClient(self, RunExam, names.EXAM_RUN)

    def _waking(self, hear: Callable[[Any], None]) -> Callable[[Any], None]:
        def heard(message: Any) -> None:
            with self.news:
                hear(message)
                self.news.notify_all()

        return heard

    def _on_active(self, message: Bool) -> None:
        self.active = message.data

    def _on_safety(self, message: SafetyState) -> None:
        now_s = time.monotonic()
        self.safety_says = f"mode {message.mode} {' '.join(message.reasons)}".rstrip()
        if message.mode == SafetyState.MODE_STOPPED:
            self.stopped_s = self.stopped_s or now_s
            self.stopped_ticks += 1
        if message.mode == SafetyState.MODE_OK:
            self.ok_s = now_s
        self.held += message.mode == SafetyState.MODE_HOLD

    def _on_robot(self, message: RobotState) -> None:
        self.robot_s, self.robot_wall_s = conv.from_time(message.header.stamp) * 1e-9, time.monotonic()

    def _on_status(self, message: ControlStatus) -> None:
        self.ticks.append(message.tick)

    def _on_exam(self, message: ExamState) -> None:
        self.exam_state = message.state if message.active else ""

    def wait(self, condition: Callable[[], Any], timeout_s: float, what: str) -> None:
        """Return once `condition` holds after a message; SystemExit with one line when it takes longer."""
        with self.news:
            if not self.news.wait_for(condition, timeout_s):
                silent_s = time.monotonic() - self.robot_wall_s
                where = f"safety: {self.safety_says}; robot at {self.robot_s:.1f} s, heard {silent_s:.1f} s ago"
                raise SystemExit(f"no {what} within {timeout_s:.0f} s ({where})")


class Operator:
    """Signed in at the page."""

    def __init__(self, port: int) -> None:
        self.port, self.origin = port, f"http://127.0.0.1:{port}"
        answer, headers = self.ask("/api/sign-in", {"role": "operator", "password": PASSWORD}, {})
        self.headers = {"Cookie": headers["Set-Cookie"].split(";")[0], "X-EchoPilot-Token": answer["token"]}

    def ask(self, path: str, body: dict[str, str], headers: dict[str, str] | None = None) -> tuple[Any, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"Origin": self.origin, "Content-Type": "application/json"} | (self.headers if headers is None else {})
        connection.request("POST", path, json.dumps(body), sent)
        response = connection.getresponse()
        return json.loads(response.read()), response.headers

    def socket(self) -> Any:
        cookie = {"Cookie": self.headers["Cookie"]}
        return connect(f"ws://127.0.0.1:{self.port}/ws", origin=self.origin, additional_headers=cookie)


def stops(listener: Listener, operator: Operator, count: int) -> dict[str, float]:
    """Milliseconds from the request on the page to safety's first tick in STOPPED (no twist leaves), heard outside."""
    spent = []
    listener.wait(lambda: listener.robot_s > WARM_S, 300.0, "warm graph")
    for number in range(count):
        asked_s = time.monotonic()
        listener.wait(lambda asked_s=asked_s: listener.ok_s > asked_s, 30.0, "safety OK")
        listener.stopped_s, listener.stopped_ticks = 0.0, 0
        if number % 2:
            sent_s = time.monotonic()
            operator.ask("/api/do/stop", {})
        else:
            sent_s = asyncio.run(stop_by_socket(operator))
        listener.wait(lambda: listener.stopped_ticks > 2, 60.0, "STOPPED")
        spent.append(1e3 * (listener.stopped_s - sent_s))
        asked_s = time.monotonic()
        listener.reset.call_async(ResetSafety.Request(operator_name="bench"))
        listener.wait(lambda asked_s=asked_s: listener.ok_s > asked_s, 60.0, "reset")
    return {f"p{p}": round(float(np.percentile(spent, p)), 1) for p in (50, 95, 100)}


async def stop_by_socket(operator: Operator) -> float:
    """Send STOP over an open page's socket; when [s] it left."""
    async with operator.socket() as socket:
        await socket.recv()
        sent_s = time.monotonic()
        await socket.send('{"kind":"stop"}')
        await socket.send('{"kind":"ping","at":1}')
        while "pong" not in str(await socket.recv()):
            pass
        return sent_s


class Watchers(threading.Thread):
    """Ten pages that take pictures as they come; their ages and rate."""

    def __init__(self, operator: Operator, listener: Listener) -> None:
        super().__init__(daemon=True)
        self.operator, self.news = operator, listener.news
        self.is_over = False
        self.pictures = [0] * CLIENTS
        self.ages_ms: list[float] = []
        self.sent_ms: list[float] = []  # how old the picture was when the page had packed it
        self.start()

    def run(self) -> None:
        async def watch(number: int) -> None:
            async with self.operator.socket() as socket:
                async for message in socket:
                    if self.is_over:
                        return
                    if isinstance(message, bytes):
                        header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "big")])
                        with self.news:
                            self.pictures[number] += 1
                            self.ages_ms.append(time.monotonic() * 1e3 - header["acquired_ms"])
                            self.sent_ms.append(header["sent_ms"] - header["acquired_ms"])
                            self.news.notify_all()
                        await socket.send('{"kind":"got"}')

        async def all_of_them() -> None:
            await asyncio.gather(*(watch(number) for number in range(CLIENTS)))

        asyncio.run(all_of_them())


def window(listener: Listener, seconds: float) -> tuple[float, float]:
    """Robot seconds per wall second over `seconds` of robot time, and the wall time [s] that it took."""
    with listener.news:
        robot_s, wall_s = listener.robot_s, listener.robot_wall_s
    listener.wait(lambda: listener.robot_s >= robot_s + seconds, 300.0, "robot time")
    spent_s = listener.robot_wall_s - wall_s
    return (listener.robot_s - robot_s) / spent_s, spent_s


def load(listener: Listener, operator: Operator, page_id: int, windows: int, seconds: float) -> dict[str, Any]:
    """Real-time factor with the page's process stopped and with ten watchers, in pairs of turning order in one exam."""
    listener.exam.wait_for_server(30.0)
    listener.exam.send_goal_async(RunExam.Goal(protocol="full", patient_pseudonym="bench"))
    listener.wait(lambda: listener.exam_state in IN_CONTACT, 300.0, "contact")
    factors: dict[bool, list[float]] = {True: [], False: []}
    ages: list[float] = []
    sent: list[float] = []
    rates: list[float] = []
    ticks: list[int] = []
    missed = listener.held = 0
    for pair in range(windows):
        for watched in (bool(pair % 2), not pair % 2):
            watchers = Watchers(operator, listener) if watched else None
            if watchers is not None:
                listener.wait(lambda w=watchers: min(w.pictures) > 1, 60.0, "picture for every watcher")
                before = sum(watchers.pictures)
                watchers.ages_ms.clear()
                watchers.sent_ms.clear()
            else:
                os.kill(page_id, signal.SIGSTOP)
            listener.ticks.clear()
            try:
                factor, spent_s = window(listener, seconds)
            finally:
                os.kill(page_id, signal.SIGCONT)
            factors[watched].append(factor)
            ticks = list(listener.ticks)
            if watchers is None:
                operator.ask("/api/me", {})  # the page answers again
                continue
            missed += sum(b - a - 1 for a, b in itertools.pairwise(ticks) if b > a)
            rates.append((sum(watchers.pictures) - before) / spent_s / CLIENTS)
            ages += watchers.ages_ms
            sent += watchers.sent_ms
            watchers.is_over = True
            watchers.join()
        if not listener.exam_state:
            raise SystemExit("the exam ended before the windows did: fewer --windows or shorter --seconds")
    losses = [100.0 * (1.0 - a / b) for a, b in zip(factors[True], factors[False], strict=True)]
    return {
        "real_time_factor": {
            "stopped": round(statistics.median(factors[False]), 3),
            "watched": round(statistics.median(factors[True]), 3),
        },
        "loss_pct": round(statistics.median(losses), 1),
        "losses_pct": [round(loss, 1) for loss in losses],
        "pictures_per_s_per_client": round(statistics.median(rates), 1),
        "picture_age_ms": {f"p{p}": round(float(np.percentile(ages, p)), 0) for p in (50, 95)},
        "of_that_before_the_page_sent_it_ms": {f"p{p}": round(float(np.percentile(sent, p)), 0) for p in (50, 95)},
        "control_ticks_missed": missed,
        "safety_holds": listener.held,
    }


def verdict(figures: dict[str, Any]) -> dict[str, bool]:
    """Which bars hold."""
    return {
        "stop": figures["stop_ms"]["p95"] <= BARS["stop_p95_ms"],
        "loss": figures["loss_pct"] <= BARS["loss_pct"],
        "rate": figures["pictures_per_s_per_client"] >= BARS["pictures_per_s"],
        "age": figures["picture_age_ms"]["p95"] <= BARS["age_p95_ms"],
        "ticks": figures["control_ticks_missed"] <= BARS["ticks_missed"],
    }


@contextlib.contextmanager
def graph(port: int, factor_text: str) -> Iterator[tuple[Listener, Operator, int]]:
    """The whole graph under supervisor, a listener in it, an operator at its page, and the page's process."""
    with tempfile.TemporaryDirectory(prefix="echopilot-page-") as folder:
        parameters = Path(folder) / "bench.yaml"
        text = (CONFIG / "sim.yaml").read_text().replace("start: with_exam", "start: immediately")
        parameters.write_text(text.replace("realtime_factor: 0.0", f"realtime_factor: {factor_text}"))
        domain = free_domain()
        extra = {
            "ECHOPILOT_SEED": "600002",
            "ECHOPILOT_PARAMS": str(parameters),
            "ECHOPILOT_PAGE": "true",
            "ECHOPILOT_PAGE_PORT": str(port),
            "ECHOPILOT_PAGE_PASSWORD": PASSWORD,
            "XDG_CONFIG_HOME": folder,
        }
        environment = graph_environment(Path(folder), domain, extra)
        with supervised("supervisord.conf", environment):
            rclpy.init(domain_id=domain, signal_handler_options=rclpy.signals.SignalHandlerOptions.NO)
            listener = Listener()
            spinning = threading.Thread(target=rclpy.spin, args=(listener,), daemon=True)
            spinning.start()
            try:
                listener.wait(lambda: listener.active and listener.ok_s, START_S, "active graph")
                yield listener, Operator(port), page_process(port)
            finally:
                rclpy.shutdown()
                spinning.join(timeout=5.0)


def page_process(port: int) -> int:
    """Process id of the page that listens on this port."""
    for member in [int(p.name) for p in Path("/proc").glob("[0-9]*")]:
        with contextlib.suppress(OSError):
            words = (Path("/proc") / str(member) / "cmdline").read_bytes().split(b"\0")
            if b"echopilot_nodes.page" in words and f"port:={port}".encode() in words:
                return member
    raise SystemExit("the page's process is not found")


def main() -> int:
    """Measure and print; 1 when a bar does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stops", type=int, default=40, help="how many STOPs (default: %(default)s)")
    parser.add_argument("--windows", type=int, default=8, help="how many pairs of windows (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="robot time of a window (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args()
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    figures: dict[str, Any] = {}
    with graph(free_port(), "1.0") as (listener, operator, _):
        figures["stop_ms"] = stops(listener, operator, given.stops)
    with graph(free_port(), "0.0") as (listener, operator, page_id):
        figures |= load(listener, operator, page_id, given.windows, given.seconds)
    figures["load_average"] = round(os.getloadavg()[0], 1)
    figures["holds"] = verdict(figures)
    print(json.dumps(figures, indent=2), file=sys.stderr)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if all(figures["holds"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())

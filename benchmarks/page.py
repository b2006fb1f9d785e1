"""The page beside a running graph: STOP to the first tick without motion; what ten watchers cost the simulation.

`python benchmarks/page.py [--stops 40] [--windows 4] [--json FILE]`
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
from echopilot_msgs.msg import ControlStatus, RobotState, SafetyState
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


class Listener(Node):
    """What safety says and how far robot time has come, in a thread of its own."""

    def __init__(self) -> None:
        super().__init__("page_bench")
        self.active = False
        self.stopped_s = self.ok_s = self.robot_s = 0.0
        self.ticks: list[int] = []
        self.held = 0
        self.create_subscription(Bool, names.LIFECYCLE_ACTIVE, self._on_active, qos.LATCHED)
        self.create_subscription(SafetyState, names.SAFETY_STATE, self._on_safety, qos.STATE_RECORDED)
        self.create_subscription(RobotState, names.ROBOT_STATE, self._on_robot, qos.STATE_RECORDED)
        self.create_subscription(ControlStatus, names.CONTROL_STATUS, self._on_status, qos.STATE_RECORDED)
        self.reset = self.create_client(ResetSafety, names.RESET_SAFETY)
        self.exam = ActionClient(self, RunExam, names.EXAM_RUN)

    def _on_active(self, message: Bool) -> None:
        self.active = message.data

    def _on_safety(self, message: SafetyState) -> None:
        now_s = time.monotonic()
        if message.mode == SafetyState.MODE_STOPPED:
            self.stopped_s = self.stopped_s or now_s
        if message.mode == SafetyState.MODE_OK:
            self.ok_s = now_s
        self.held += message.mode == SafetyState.MODE_HOLD

    def _on_robot(self, message: RobotState) -> None:
        self.robot_s = conv.from_time(message.header.stamp) * 1e-9

    def _on_status(self, message: ControlStatus) -> None:
        self.ticks.append(message.tick)


def until(condition: Callable[[], Any], timeout_s: float, what: str) -> None:
    """Poll; SystemExit with one line when it takes longer."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end_s:
            raise SystemExit(f"no {what} within {timeout_s:.0f} s")
        time.sleep(0.001)


class Operator:
    """Signed in at the page."""

    def __init__(self, port: int) -> None:
        self.port, self.origin = port, f"http://127.0.0.1:{port}"
        answer, headers = self.ask("/api/sign-in", {"role": "operator", "password": PASSWORD}, {})
        self.headers = {"Cookie": headers["Set-Cookie"].split(";")[0], "X-EchoPilot-Token": answer["token"]}

    def ask(self, path: str, body: dict[str, str], headers: dict[str, str] | None = None) -> tuple[Any, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
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
    for number in range(count):
        until(lambda: time.monotonic() - listener.ok_s < 0.1, 30.0, "safety OK")
        listener.stopped_s, sent_s = 0.0, time.monotonic()
        if number % 2:
            threading.Thread(target=operator.ask, args=("/api/do/stop", {})).start()
        else:
            asyncio.run(stop_by_socket(operator, listener))
            sent_s = operator.sent_s  # type: ignore[attr-defined]
        until(lambda: listener.stopped_s, 10.0, "STOPPED")
        spent.append(1e3 * (listener.stopped_s - sent_s))
        time.sleep(0.3)
        asked_s = time.monotonic()
        listener.reset.call_async(ResetSafety.Request(operator_name="bench"))
        until(lambda asked_s=asked_s: listener.ok_s > asked_s, 10.0, "reset")
    return {f"p{p}": round(float(np.percentile(spent, p)), 1) for p in (50, 95, 100)}


async def stop_by_socket(operator: Operator, listener: Listener) -> None:
    async with operator.socket() as socket:
        await socket.recv()
        operator.sent_s = time.monotonic()  # type: ignore[attr-defined]
        await socket.send('{"kind":"stop"}')
        while not listener.stopped_s and time.monotonic() - operator.sent_s < 5.0:  # type: ignore[attr-defined]
            await asyncio.sleep(0.001)


class Watchers(threading.Thread):
    """Ten pages that take pictures as they come; their ages and rate."""

    def __init__(self, operator: Operator) -> None:
        super().__init__(daemon=True)
        self.operator, self.is_over, self.pictures = operator, False, 0
        self.ages_ms: list[float] = []
        self.start()

    def run(self) -> None:
        async def watch() -> None:
            async with self.operator.socket() as socket:
                while not self.is_over:
                    with contextlib.suppress(asyncio.TimeoutError):
                        message = await asyncio.wait_for(socket.recv(), 0.5)
                        if isinstance(message, bytes):
                            self.pictures += 1
                            header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "big")])
                            self.ages_ms.append(time.monotonic() * 1e3 - header["acquired_ms"])
                            await socket.send('{"kind":"got"}')

        async def all_of_them() -> None:
            await asyncio.gather(*(watch() for _ in range(CLIENTS)))

        asyncio.run(all_of_them())


def factor(listener: Listener, seconds: float) -> float:
    """Robot seconds per wall second over a window."""
    robot_s, wall_s = listener.robot_s, time.monotonic()
    time.sleep(seconds)
    return (listener.robot_s - robot_s) / (time.monotonic() - wall_s)


def load(listener: Listener, operator: Operator, page_id: int, windows: int, seconds: float) -> dict[str, Any]:
    """Real-time factor with the page's process stopped, idle, and with ten watchers, in turn within one exam."""
    goal = RunExam.Goal(protocol="full", patient_pseudonym="bench")
    until(listener.exam.server_is_ready, 30.0, "exam")
    listener.exam.send_goal_async(goal)
    time.sleep(5.0)
    listener.ticks.clear()
    listener.held = 0
    found: dict[str, list[float]] = {"stopped": [], "idle": [], "watched": []}
    ages: list[float] = []
    pictures = 0
    for _ in range(windows):
        os.kill(page_id, signal.SIGSTOP)
        found["stopped"].append(factor(listener, seconds))
        os.kill(page_id, signal.SIGCONT)
        time.sleep(1.0)
        found["idle"].append(factor(listener, seconds))
        watchers = Watchers(operator)
        time.sleep(1.0)
        before = watchers.pictures
        found["watched"].append(factor(listener, seconds))
        pictures += watchers.pictures - before
        watchers.is_over = True
        watchers.join()
        ages += watchers.ages_ms
    ticks = listener.ticks
    medians = {name: statistics.median(values) for name, values in found.items()}
    return {
        "real_time_factor": {name: round(value, 3) for name, value in medians.items()},
        "loss_pct": round(100.0 * (1.0 - medians["watched"] / medians["stopped"]), 1),
        "pictures_per_s_per_client": round(pictures / (windows * seconds * CLIENTS), 1),
        "picture_age_ms": {f"p{p}": round(float(np.percentile(ages, p)), 0) for p in (50, 95)},
        "control_ticks": len(ticks),
        "control_ticks_missed": int(sum(b - a - 1 for a, b in itertools.pairwise(ticks) if b > a)),
        "safety_holds": listener.held,
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
                until(lambda: listener.active and listener.ok_s, START_S, "active graph")
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
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stops", type=int, default=40, help="how many STOPs (default: %(default)s)")
    parser.add_argument("--windows", type=int, default=4, help="how many windows of each kind (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a window (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args()
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    figures: dict[str, Any] = {}
    with graph(free_port(), "1.0") as (listener, operator, _):
        figures["stop_ms"] = stops(listener, operator, given.stops)
    with graph(free_port(), "0.0") as (listener, operator, page_id):
        figures |= load(listener, operator, page_id, given.windows, given.seconds)
    figures["load_average"] = round(os.getloadavg()[0], 1)
    print(json.dumps(figures, indent=2), file=sys.stderr)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

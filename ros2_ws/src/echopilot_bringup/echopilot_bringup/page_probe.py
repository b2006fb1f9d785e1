"""The running graph with its page, a node that listens to it, and an operator who uses the page."""

import contextlib
import http.client
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rclpy
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import ControlStatus, ExamState, RobotState, SafetyState
from echopilot_msgs.srv import ResetSafety
from rclpy.action import ActionClient
from rclpy.node import Node
from std_msgs.msg import Bool
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_now
from websockets.typing import Origin

from echopilot_bringup.processes import config_file, free_domain, graph_environment, supervised
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.context import init
from echopilot_report.page.access.accounts import set_password
from echopilot_report.page.access.roles import Role
from echopilot_wire import stamp_of

PASSWORDS = {Role.OPERATOR: "only-for-this-bench", Role.VIEWER: "to-watch-this-bench"}
START_S = 400.0


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
        for kind, name, handler, profile in (
            (Bool, topics.LIFECYCLE_ACTIVE, self._on_active, qos.LATCHED),
            (SafetyState, topics.SAFETY_STATE, self._on_safety, qos.STATE_RECORDED),
            (RobotState, topics.ROBOT_STATE, self._on_robot, qos.STATE_RECORDED),
            (ControlStatus, topics.CONTROL_STATUS, self._on_status, qos.STATE_RECORDED),
            (ExamState, topics.EXAM_STATE, self._on_exam, qos.STATE_RECORDED),
        ):
            self.create_subscription(kind, name, self._waking(handler), profile)
        self.reset = self.create_client(ResetSafety, topics.RESET_SAFETY)
        self.exam = ActionClient(self, RunExam, topics.EXAM_RUN)

    def _waking(self, handler: Callable[[Any], None]) -> Callable[[Any], None]:
        def wrapped(message: Any) -> None:
            with self.news:
                handler(message)
                self.news.notify_all()

        return wrapped

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
        self.robot_s, self.robot_wall_s = stamp_of(message) * 1e-9, time.monotonic()

    def _on_status(self, message: ControlStatus) -> None:
        self.ticks.append(message.tick)

    def _on_exam(self, message: ExamState) -> None:
        self.exam_state = message.state if message.active else ""

    def is_ok_since(self, time_s: float) -> bool:
        """Whether safety has been OK after a monotonic time [s]."""
        return self.ok_s > time_s

    def wait(self, condition: Callable[[], Any], timeout_s: float, what: str) -> None:
        """Return once `condition` holds after a message; SystemExit with one line when it takes longer."""
        with self.news:
            if not self.news.wait_for(condition, timeout_s):
                silent_s = time.monotonic() - self.robot_wall_s
                where = f"safety: {self.safety_says}; robot at {self.robot_s:.1f} s, heard {silent_s:.1f} s ago"
                raise SystemExit(f"no {what} within {timeout_s:.0f} s ({where})")


class User:
    """Somebody signed in at the page."""

    def __init__(self, port: int, role: Role = Role.OPERATOR) -> None:
        self.port, self.origin = port, f"http://127.0.0.1:{port}"
        answer, headers = self.post("/api/sign-in", {"role": role.value, "password": PASSWORDS[role]}, {})
        self.headers = {"Cookie": headers["Set-Cookie"].split(";")[0], "X-EchoPilot-Token": answer["token"]}

    def post(self, path: str, body: dict[str, str], headers: dict[str, str] | None = None) -> tuple[Any, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"Origin": self.origin, "Content-Type": "application/json"} | (self.headers if headers is None else {})
        connection.request("POST", path, json.dumps(body), sent)
        response = connection.getresponse()
        return json.loads(response.read()), response.headers

    def socket(self) -> Any:
        """A live socket, for an asyncio loop."""
        cookie = {"Cookie": self.headers["Cookie"]}
        return connect(f"ws://127.0.0.1:{self.port}/ws", origin=Origin(self.origin), additional_headers=cookie)


class OpenPage:
    """A page that stays open and takes what comes; `stop` presses its STOP."""

    def __init__(self, user: User) -> None:
        cookie = {"Cookie": user.headers["Cookie"]}
        address = f"ws://127.0.0.1:{user.port}/ws"
        self._open = contextlib.ExitStack()
        self._socket = self._open.enter_context(
            connect_now(address, origin=Origin(user.origin), additional_headers=cookie)
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            for message in self._socket:
                if isinstance(message, bytes):
                    self._socket.send('{"kind":"got"}')

    def stop(self) -> float:
        """Send STOP; when [s] it left."""
        sent_s = time.monotonic()
        self._socket.send('{"kind":"stop"}')
        return sent_s

    def close(self) -> None:
        """Close the page."""
        self._open.close()
        self._reading.join(5.0)


@contextlib.contextmanager
def graph(port: int, factor_text: str) -> Iterator[tuple[Listener, User, Path]]:
    """The whole graph under supervisor, a listener in it, an operator at its page, and the folder of its logs."""
    with tempfile.TemporaryDirectory(prefix="echopilot-page-") as folder:
        parameters = Path(folder) / "bench.yaml"
        text = config_file("sim.yaml").read_text().replace("start: with_exam", "start: immediately")
        parameters.write_text(text.replace("realtime_factor: 0.0", f"realtime_factor: {factor_text}"))
        domain = free_domain()
        for role, password in PASSWORDS.items():
            set_password(Path(folder) / "echopilot" / "page.json", role, password)
        extra = {
            "ECHOPILOT_SEED": "600002",
            "ECHOPILOT_PAGE": "true",
            "ECHOPILOT_PAGE_PORT": str(port),
            "XDG_CONFIG_HOME": folder,
            "XDG_STATE_HOME": folder,
        }
        environment = graph_environment(Path(folder), domain, parameters, extra)
        with supervised("supervisord.conf", environment):
            init(domain_id=domain)
            listener = Listener()
            spinning = threading.Thread(target=rclpy.spin, args=(listener,), daemon=True)
            spinning.start()
            try:
                listener.wait(lambda: listener.active and listener.ok_s, START_S, "active graph")
                yield listener, User(port), Path(folder)
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

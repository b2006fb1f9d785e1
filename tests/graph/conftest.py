"""Starts real nodes as processes, listens to them from one rclpy context, ends them by id."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs rclpy")
pytest.importorskip("echopilot_msgs.msg", reason="needs the built messages")

from rclpy.action import ActionClient  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "exam"), str(ROOT / "tests" / "graph")]  # helpers
CONFIG = ROOT / "ros2_ws/src/echopilot_bringup/config"
OF_THE_PATIENT = ("simulator", "gz_robot", "arm_driver", "scorer")
START_TIMEOUT_S = 90.0
PATIENCE_S = 5.0  # wall time after which a silent peer counts as absent, on machines that are busy with other tests


class Graph:
    """Processes of one ROS domain and a node that listens to them."""

    def __init__(self, folder: Path, namespace: str = "") -> None:
        self.folder = folder
        self.namespace = namespace
        self.domain = random.SystemRandom().randint(1, 100)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = dict(
            os.environ,
            ROS_DOMAIN_ID=str(self.domain),
            ROS_AUTOMATIC_DISCOVERY_RANGE="LOCALHOST",
            ROS_LOG_DIR=str(folder / "log"),
            XDG_STATE_HOME=str(folder / "state"),
            XDG_RUNTIME_DIR=os.environ.get("XDG_RUNTIME_DIR", ""),
            OMP_NUM_THREADS="1",
            PYTHONUNBUFFERED="1",
        )
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        self.context = Context()
        rclpy.init(context=self.context, domain_id=self.domain)
        self.node: Node = rclpy.create_node("test_listener", context=self.context, namespace=namespace)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.heard: dict[str, list[Any]] = defaultdict(list)

    def start(self, name: str, config: str = "sim.yaml", **parameters: object) -> None:
        """Start `python -m echopilot_nodes.<name>`, or the virtual patient's node, in its own process group."""
        package = "echopilot_sim_nodes" if name in OF_THE_PATIENT else "echopilot_nodes"
        command = [sys.executable, "-m", f"{package}.{name}", "--ros-args", "--params-file", str(CONFIG / config)]
        if self.namespace:
            command += ["-r", f"__ns:={self.namespace}"]
        for key, value in parameters.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            command += ["-p", f"{key}:={text}"]
        self._launch(name, command)

    def start_script(self, name: str, script: Path, *arguments: str) -> None:
        """Start a node of the tests that is a file."""
        self._launch(name, [sys.executable, str(script), *arguments])

    def _launch(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True, cwd=self.folder
            )

    def listen(self, kind: type, topic: str, profile: Any, keep: Callable[[Any], Any] = lambda m: m) -> list[Any]:
        """Collect what `keep` makes of every message."""
        self.node.create_subscription(kind, topic, lambda m: self.heard[topic].append(keep(m)), profile)
        return self.heard[topic]

    def wait(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Spin until `condition` holds; fails with the logs when it takes longer."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"timed out after {timeout_s:g} s waiting for {what}\n{self.logs()}")
            for name, process in self.processes.items():
                if process.poll() not in (None, 0, -signal.SIGKILL):
                    pytest.fail(f"{name} ended with {process.returncode}\n{self.logs()}")
            self.executor.spin_once(timeout_sec=0.1)

    def call(self, kind: type, name: str, request: Any, timeout_s: float = 10.0) -> Any:
        """Call a service and return the answer."""
        client = self.node.create_client(kind, name)
        self.wait(client.service_is_ready, START_TIMEOUT_S, f"service {name}")
        future = client.call_async(request)
        self.wait(future.done, timeout_s, f"answer of {name}")
        return future.result()

    def action(self, kind: type, name: str, goal: Any) -> Any:
        """Send a goal and return its handle."""
        client = ActionClient(self.node, kind, name)
        self.wait(client.server_is_ready, START_TIMEOUT_S, f"action {name}")
        future = client.send_goal_async(goal)
        self.wait(future.done, 20.0, f"acceptance by {name}")
        return future.result()

    def kill(self, name: str) -> None:
        """SIGKILL: the node has no chance to say goodbye."""
        self.processes[name].kill()
        self.processes[name].wait()

    def stop(self, number: int = signal.SIGINT) -> dict[str, int]:
        """End every process politely and return the exit codes."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(number)
        codes = {}
        for name, process in self.processes.items():
            try:
                codes[name] = process.wait(timeout=20.0)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait()
        return codes

    def logs(self, characters: int = 1500) -> str:
        """Tail of every log."""
        files = sorted(self.folder.glob("*.log"))
        return "\n".join(f"--- {f.stem}\n{f.read_text(errors='replace')[-characters:]}" for f in files)

    def close(self) -> None:
        """End everything."""
        if not self.context.ok():
            return
        self.stop(signal.SIGTERM)
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

    def start_exam_graph(
        self, model: Path | None, patience_s: float = PATIENCE_S, robot: str = "simulator", **simulator: object
    ) -> None:
        """Simulator, or another node in its place, safety and the lifecycle nodes; returns when they are active.

        `patience_s` is the wall time after which a silent peer counts as absent.
        """
        from std_msgs.msg import Bool

        from echopilot_nodes.graph import qos, topics

        self.start(robot, **({"realtime_factor": 0.0, "peer_timeout_s": patience_s} | simulator))
        self.start("safety")
        self.start("controller", peer_timeout_s=patience_s)
        self.start("exam", peer_timeout_s=patience_s)
        self.start("perception", **({"model": model} if model else {}))
        self.start("lifecycle_manager")
        active = self.listen(Bool, topics.LIFECYCLE_ACTIVE, qos.LATCHED, lambda m: m.data)
        self.wait(lambda: bool(active) and active[-1], START_TIMEOUT_S, "an active graph")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """None where the trained model is shipped, else an untrained one made on the spot."""
    from echopilot_perception.model.manifest import FILES, SHIPPED

    if all((SHIPPED / name).is_file() for name in ("model.yaml", *FILES)):
        return None
    torch = pytest.importorskip("torch", reason="no trained model is shipped, and making one needs torch")
    from echopilot_perception.model.export import write_onnx
    from echopilot_perception.model.manifest import write_manifest
    from echopilot_perception.model.network import Network
    from echopilot_perception.training.config import DEFAULT_SPEC
    from echopilot_perception.training.out_of_distribution import fit, save

    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    network = Network(DEFAULT_SPEC).eval()
    write_onnx(network, folder / "model.onnx")
    with torch.no_grad():
        features = [network(torch.rand(16, 1, 256, 256))[-1].numpy().astype(float) for _ in range(3)]
    save(folder / FILES[1], fit(*features))
    write_manifest(folder, "untrained", DEFAULT_SPEC)
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests here start processes: `-m graph` selects them, `-m "not graph"` leaves them out."""
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.graph)
            item.add_marker(pytest.mark.alone)


@pytest.fixture
def make_graph(tmp_path: Path) -> Iterator[Callable[..., Graph]]:
    """Factory of graphs that are closed when the test ends."""
    graphs: list[Graph] = []

    def make(namespace: str = "") -> Graph:
        folder = tmp_path / f"graph{len(graphs)}"
        folder.mkdir()
        graphs.append(Graph(folder, namespace))
        return graphs[-1]

    yield make
    for graph in graphs:
        graph.close()

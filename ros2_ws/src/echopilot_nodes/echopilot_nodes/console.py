"""Run one exam from the foreground: wait for the graph, send the goal, show what happens; Ctrl-C stops the exam."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
import rclpy.signals
import rclpy.utilities
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import ControlStatus, ExamState, PerceptionResult
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text
from std_msgs.msg import Bool, String

from echopilot_nodes import names, qos

SPIN_S = 0.2
PAPERS_S = 180.0
QUIET = ("", "IDLE")


class ExamConsole(Node):
    """Action client of `exam/run` with a live view of state, force and views."""

    def __init__(self) -> None:
        super().__init__("console")
        self.graph_active = False
        self.state: ExamState | None = None
        self.force_n = self.setpoint_n = float("nan")
        self.latency_s: list[float] = []
        self.papers: set[str] = set()
        self.client = ActionClient(self, RunExam, names.EXAM_RUN)
        self.create_subscription(Bool, names.LIFECYCLE_ACTIVE, self._on_active, qos.LATCHED)
        self.create_subscription(ControlStatus, names.CONTROL_STATUS, self._on_status, qos.STATE)
        self.create_subscription(PerceptionResult, names.PERCEPTION_RESULT, self._on_result, qos.STATE)
        for name in (names.EXAM_REPORT, names.EXAM_SUMMARY):
            self.create_subscription(String, name, lambda _, name=name: self.papers.add(name), qos.LATCHED)

    def on_feedback(self, message: Any) -> None:
        """Keep the newest exam state."""
        self.state = message.feedback.state

    def _on_active(self, message: Bool) -> None:
        self.graph_active = message.data

    def _on_result(self, message: PerceptionResult) -> None:
        self.latency_s.append(message.latency)

    def _on_status(self, message: ControlStatus) -> None:
        self.force_n, self.setpoint_n = message.contact_force, message.force_setpoint

    def picture(self, elapsed_s: float) -> Table:
        """One small table for the live view."""
        table = Table.grid(padding=(0, 2))
        state = self.state
        if state is None:
            table.add_row(Text("starting", style="bold"), f"{elapsed_s:.0f} s")
            return table
        bar = "█" * round(20 * state.progress) + "░" * (20 - round(20 * state.progress))
        table.add_row(Text(state.state, style="bold cyan"), bar, f"{elapsed_s:.0f} s")
        table.add_row("", state.waiting_for, f"force {self.force_n:.1f} of {self.setpoint_n:.1f} N")
        return table


def spin_until(node: Node, done: Callable[[], bool], timeout_s: float) -> bool:
    """Spin until `done`; False when it took longer."""
    deadline_s = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline_s:
            return False
        rclpy.spin_once(node, timeout_sec=SPIN_S)
    return True


def await_future(node: ExamConsole, future: Future, live: Live, started_s: float, console: Console) -> Any:
    """Spin until the future is done, printing every change of state."""
    previous = ""
    while not future.done():
        rclpy.spin_once(node, timeout_sec=SPIN_S)
        live.update(node.picture(time.monotonic() - started_s))
        state = node.state
        if state is not None and state.state not in (*QUIET, previous):
            console.print(f"[dim]{time.monotonic() - started_s:6.1f} s[/] {state.state:<16} {state.message}")
            previous = state.state
    return future.result()


def run_exam(node: ExamConsole, arguments: argparse.Namespace, console: Console) -> int:
    """Send the goal and follow it; exit code 0 when the exam ended as planned."""
    with console.status("waits for the graph"):
        if not spin_until(node, lambda: node.graph_active and node.client.server_is_ready(), arguments.timeout):
            console.print(f"[red]error:[/] the graph was not active after {arguments.timeout:.0f} s")
            return 2
    goal = RunExam.Goal(protocol=arguments.protocol, patient_pseudonym=arguments.patient, out_folder=arguments.out)
    started_s = time.monotonic()
    with Live(node.picture(0.0), console=console, transient=True, refresh_per_second=4) as live:
        handle = await_future(node, node.client.send_goal_async(goal, node.on_feedback), live, started_s, console)
        if not handle.accepted:
            console.print("[red]error:[/] the exam refused the goal: an exam is running, or the protocol is unknown")
            return 2
        try:
            result = await_future(node, handle.get_result_async(), live, started_s, console).result
        except KeyboardInterrupt:
            console.print("stops the exam: the probe leaves the skin first")
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            await_future(node, handle.cancel_goal_async(), live, started_s, console)
            await_future(node, handle.get_result_async(), live, started_s, console)
            return 130
    colour = "green" if result.success else "yellow"
    console.print(f"[{colour}]{result.message}[/] after {time.monotonic() - started_s:.0f} s")
    if arguments.summary:
        return await_papers(node, Path(arguments.summary), time.monotonic() - started_s, console)
    console.print(result.record_folder)
    return 0 if result.success else 1


def await_papers(node: ExamConsole, summary: Path, exam_wall_s: float, console: Console) -> int:
    """Wait for report and scores, then add what only this process measured to the summary."""
    with console.status("waits for report and scores"):
        if not spin_until(node, lambda: len(node.papers) == 2, PAPERS_S):
            console.print(f"[red]error:[/] no report or no scores after {PAPERS_S:.0f} s")
            return 1
    document = json.loads(summary.read_text())
    ordered = sorted(node.latency_s) or [float("nan")]
    document["latency_ms"] = {f"p{p}": 1e3 * ordered[min(len(ordered) - 1, len(ordered) * p // 100)] for p in (50, 95)}
    document["exam_wall_s"] = round(exam_wall_s, 1)
    summary.write_text(json.dumps(document, indent=2) + "\n")
    return 0


def main() -> None:
    """`python -m echopilot_nodes.console --protocol full --out DIR`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", default="full")
    parser.add_argument("--patient", default="simulated")
    parser.add_argument("--out", default="", help="folder of the record; empty: the exam node's own")
    parser.add_argument("--summary", default="", help="summary.json that the scorer writes; waited for when given")
    parser.add_argument("--timeout", type=float, default=90.0, help="wall seconds to wait for the graph")
    arguments = parser.parse_args(rclpy.utilities.remove_ros_args(sys.argv)[1:])
    console = Console()
    rclpy.init(signal_handler_options=rclpy.signals.SignalHandlerOptions.NO)
    node = ExamConsole()
    try:
        code = run_exam(node, arguments, console)
    except KeyboardInterrupt:
        code = 130
    finally:
        node.destroy_node()
        rclpy.shutdown()
    sys.exit(code)


if __name__ == "__main__":
    main()

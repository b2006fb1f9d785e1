"""Foreground node for one exam: waits for the graph, sends the goal, shows the progress; Ctrl-C stops the exam."""

import argparse
import signal
import sys
import time
from operator import attrgetter
from pathlib import Path
from typing import Any

import rclpy.utilities
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import ControlStatus, ExamState, PerceptionResult
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from std_msgs.msg import Bool

import echopilot_core as core
from echopilot_core import ExamPhase
from echopilot_exam.record.files import merge_json
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.executor import spin_until
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.process import run_in_foreground
from echopilot_nodes.operator.polled_topics import GateGroup, drained
from echopilot_wire import from_status

POLL_S = 0.2
ABORTED, INTERRUPTED = 3, 130  # exit codes
QUIET = ("", ExamPhase.IDLE.name)


class ExamConsole(Node):
    """Action client of `exam/run` with a live view of state, force and views."""

    def __init__(self) -> None:
        super().__init__("console")
        self.spinner = SingleThreadedExecutor()  # Ctrl-C leaves it between two callbacks
        self.spinner.add_node(self)
        self.graph_active = False
        self.state: ExamState | None = None
        self._status: core.ControlStatus | None = None
        self.latency_s: list[float] = []
        self.client = ActionClient(self, RunExam, topics.EXAM_RUN)
        self.create_subscription(Bool, topics.LIFECYCLE_ACTIVE, self._on_active, qos.LATCHED)
        self._statuses = Inlet(
            self, ControlStatus, topics.CONTROL_STATUS, from_status, qos.STATE, callback_group=GateGroup()
        )
        Inlet(self, PerceptionResult, topics.PERCEPTION_RESULT, attrgetter("latency"), qos.STATE, self.latency_s.append)

    def on_feedback(self, message: Any) -> None:
        """Keep the newest exam state."""
        self.state = message.feedback.state

    def _on_active(self, message: Bool) -> None:
        self.graph_active = message.data

    def status_table(self, elapsed_s: float) -> Table:
        """One small table for the live view."""
        table = Table.grid(padding=(0, 2))
        state = self.state
        if state is None:
            table.add_row(Text("starting", style="bold"), f"{elapsed_s:.0f} s")
            return table
        bar = "█" * round(20 * state.progress) + "░" * (20 - round(20 * state.progress))
        table.add_row(Text(state.state, style="bold cyan"), bar, f"{elapsed_s:.0f} s")
        self._status = next(iter(drained(self._statuses, newest=1)), self._status)
        force = "" if self._status is None else _force(self._status)
        table.add_row("", state.waiting_for, force)
        return table


def _force(status: core.ControlStatus) -> str:
    return f"force {status.contact_force_n:.1f} of {status.force_setpoint_n:.1f} N"


def await_future(node: ExamConsole, future: Future, live: Live, started_s: float, console: Console) -> Any:
    """Spin until the future is done, printing every change of state."""
    previous, shown_s = "", 0.0
    while not future.done():
        node.spinner.spin_once(timeout_sec=POLL_S)
        if time.monotonic() - shown_s >= POLL_S:
            shown_s = time.monotonic()
            live.update(node.status_table(shown_s - started_s))
        state = node.state
        if state is not None and state.state not in (*QUIET, previous):
            console.print(f"[dim]{time.monotonic() - started_s:6.1f} s[/] {state.state:<16} {state.message}")
            previous = state.state
    return future.result()


def run_exam(node: ExamConsole, arguments: argparse.Namespace, console: Console) -> int:
    """Send the goal and follow it; exit code 0 when the exam ended as planned, 3 when it was given up."""
    with console.status("waits for the graph"):
        if not spin_until(node.spinner, lambda: node.graph_active and node.client.server_is_ready(), arguments.timeout):
            console.print(f"[red]error:[/] the graph was not active after {arguments.timeout:.0f} s")
            return 1
    goal = RunExam.Goal(protocol=arguments.protocol, patient_pseudonym=arguments.patient, out_folder=arguments.out)
    started_s = time.monotonic()
    with Live(node.status_table(0.0), console=console, transient=True, refresh_per_second=4) as live:
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
            write_summary(node, arguments.summary, "aborted", "stopped with Ctrl-C", time.monotonic() - started_s)
            return INTERRUPTED
    color = "green" if result.success else "yellow"
    wall_s = time.monotonic() - started_s
    console.print(f"[{color}]{escape(result.message)}[/] after {wall_s:.0f} s")
    write_summary(node, arguments.summary, "completed" if result.success else "aborted", result.message, wall_s)
    if result.record_folder and not arguments.summary:
        print(result.record_folder)
    return 0 if result.success else ABORTED


def write_summary(node: ExamConsole, summary: str, outcome: str, message: str, exam_wall_s: float) -> None:
    """Add to the summary how the exam ended, and what only this process measured."""
    if not summary:
        return
    ordered = sorted(node.latency_s)
    percentiles = {f"p{p}": 1e3 * ordered[min(len(ordered) - 1, len(ordered) * p // 100)] for p in (50, 95) if ordered}
    document = {
        "outcome": outcome,
        "message": message,
        "latency_ms": {"p50": None, "p95": None} | percentiles,
        "exam_wall_s": round(exam_wall_s, 1),
    }
    merge_json(Path(summary), document)


def main() -> None:
    """`python -m echopilot_nodes.operator.console --protocol full --out DIR`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", default="full")
    parser.add_argument("--patient", default="simulated")
    parser.add_argument("--out", default="", help="folder of the record; empty: the exam node's own")
    parser.add_argument("--summary", default="", help="JSON file for outcome and latency, which others may write too")
    parser.add_argument("--timeout", type=float, default=90.0, help="wall seconds to wait for the graph")
    arguments = parser.parse_args(rclpy.utilities.remove_ros_args(sys.argv)[1:])
    console = Console()
    run_in_foreground(ExamConsole, lambda node: run_exam(node, arguments, console), console)


if __name__ == "__main__":
    main()

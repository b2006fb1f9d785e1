"""Measurement of the graph of hardware from outside: exams one after the other, and all that safety held for."""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import rclpy
import rclpy.utilities
from diagnostic_msgs.msg import DiagnosticArray
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import RobotState as RobotStateMsg
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future

from echopilot_bringup.hardware.holds import HoldRecord
from echopilot_bringup.hardware.resetting_operator import ResettingOperator
from echopilot_bringup.processes import processor_seconds, shares
from echopilot_core import RobotState, SafetyState
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.context import init
from echopilot_nodes.graph.executor import make_executor, spin_until
from echopilot_nodes.graph.inlet import Inlet
from echopilot_wire import from_robot_state, from_safety_state

START_S, SETTLE_S, EXAM_S = 120.0, 5.0, 300.0
BRIDGE, FAULTLESS = "robot_bridge: state", ("the arm follows", "waits for", "nobody takes")


class HardwareProbe(Node):
    """Counts what robot and safety say; `measures` while an exam runs."""

    def __init__(self) -> None:
        super().__init__("hardware_probe")
        self.spinner = make_executor()
        self.spinner.add_node(self)
        self.exams = ActionClient(self, RunExam, topics.EXAM_RUN)
        self.exams_finished = 0
        self.holds = HoldRecord()
        self.began_ns = 0  # steady time of the first exam; 0 before
        self.measures = False
        self.ticks = self.lost = self.pressed = 0
        self.force_n = 0.0
        self.ages_ms: list[float] = []
        self.late_ms = 0.0  # of the driver's samples, at most
        self.faults: Counter[str] = Counter()
        self._tick = -1
        self.operator = ResettingOperator(self, self.spinner)
        Inlet(self, RobotStateMsg, topics.ROBOT_STATE, from_robot_state, qos.STATE_RECORDED, self._on_robot)
        Inlet(self, SafetyStateMsg, topics.SAFETY_STATE, from_safety_state, qos.ANSWER_RECORDED, self._on_safety)
        self.create_subscription(DiagnosticArray, topics.DIAGNOSTICS, self._on_health, qos.STATE_RECORDED)

    def _on_robot(self, robot: RobotState) -> None:
        if self.measures:
            self.ticks += 1
            self.lost += max(robot.tick - self._tick - 1, 0) if self._tick >= 0 else 0
            self.ages_ms.append(1e-6 * (time.time_ns() - robot.stamp_ns))
            self.force_n = max(self.force_n, robot.contact_force_n)
            self.pressed += robot.contact_force_n > 1.0
        self._tick = robot.tick

    def _on_safety(self, state: SafetyState) -> None:
        if self.began_ns:
            self.holds.take(state, time.monotonic_ns())

    def _on_health(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.endswith(BRIDGE) and self.measures and not status.message.startswith(FAULTLESS):
                self.faults.update([status.message])
            if self.measures:
                late = [float(v.value) for v in status.values if v.key == "late at most [ms]"]
                self.late_ms = max(self.late_ms, *late, 0.0)

    def hears(self) -> bool:
        """Whether robot, safety and exam are there."""
        return self.exams.server_is_ready() and self._tick >= 0 and self.operator.safety is not None

    def await_end(self, ended: Future) -> None:
        """Spin until an exam ends; the operator restores safety and resumes it. SystemExit where it takes too long."""
        end_s = time.monotonic() + EXAM_S
        while not ended.done():
            spin_until(self.spinner, lambda: ended.done() or self.operator.is_asked_for(), end_s - time.monotonic())
            if time.monotonic() > end_s:
                sys.exit(f"an exam took longer than {EXAM_S:.0f} s")
            if self.operator.is_asked_for():
                self.operator.restore()
                self.operator.resume()


def run_exams(node: HardwareProbe, protocol: str, out: Path, seconds: float) -> list[str]:
    """Run the protocol again and again for so long; the message of each exam. Raises SystemExit where none starts."""
    if not spin_until(node.spinner, node.hears, START_S):
        sys.exit(f"no robot state, or nobody takes exams, within {START_S:.0f} s")
    spin_until(node.spinner, lambda: False, SETTLE_S)
    node.operator.restore()  # from what a starting machine was late for
    node.operator.resets.clear()
    messages: list[str] = []
    node.began_ns = time.monotonic_ns()
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        goal = RunExam.Goal(protocol=protocol, patient_pseudonym="bench", out_folder=str(out / f"exam-{len(messages)}"))
        asked = node.exams.send_goal_async(goal)
        spin_until(node.spinner, asked.done, START_S)
        handle = asked.result()
        if handle is None or not handle.accepted:
            sys.exit("the exam was refused")
        node.measures = True
        ended = handle.get_result_async()
        node.await_end(ended)
        node.measures = False
        messages.append(ended.result().result.message)
        node.exams_finished += ended.result().result.success
        node.operator.restore()
    return messages


def main() -> None:
    """`python -m echopilot_bringup.hardware.probe --seconds 600 --protocol FILE --session PID --out FILE`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--protocol", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--session", type=int, required=True, help="session id of the supervisor that runs the nodes")
    arguments = parser.parse_args(rclpy.utilities.remove_ros_args(sys.argv)[1:])
    init()
    node = HardwareProbe()
    try:
        before, began_s = processor_seconds(arguments.session), time.monotonic()
        messages = run_exams(node, arguments.protocol, arguments.out.parent, arguments.seconds)
        used = shares(before, processor_seconds(arguments.session), time.monotonic() - began_s)
        document = {
            "began_ns": node.began_ns,
            "exams": messages,
            "exams_finished": node.exams_finished,
            "ticks": node.ticks,
            "lost_ticks": node.lost,
            "ticks_in_contact": node.pressed,
            "age_ms": {f"p{p}": float(np.percentile(node.ages_ms, p)) for p in (50, 95, 99, 100)},
            "driver_late_ms": node.late_ms,
            "holds": [[hold.begin_ns, hold.end_ns, hold.reasons] for hold in node.holds.holds],
            "resets": [
                {"at_s": 1e-9 * (at_ns - node.began_ns), "reasons": reasons, "by_hand": by_hand}
                for at_ns, reasons, by_hand in node.operator.resets
            ],
            "faults_s": dict(node.faults),
            "force": {"max_n": node.force_n},
            "shares": used,
        }
        arguments.out.write_text(json.dumps(document, indent=2) + "\n")
    finally:
        node.destroy_node()
        rclpy.shutdown()


if __name__ == "__main__":
    main()

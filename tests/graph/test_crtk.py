"""A console of the CRTK convention takes the probe over in the live graph, moves it, and gives it back.

The client calls what the CRTK Python client calls, by the same names. `pytest -rP` prints the figures.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

crtk_msgs = pytest.importorskip("crtk_msgs.msg", reason="needs the built messages of CRTK (make setup)")
from echopilot_msgs.action import AcquireView  # noqa: E402
from echopilot_msgs.msg import ControlStatus, RobotState  # noqa: E402
from geometry_msgs.msg import PoseStamped, TwistStamped, WrenchStamped  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402

from echopilot_core import GoalKind, View  # noqa: E402
from echopilot_nodes.graph import qos, topics  # noqa: E402

TAKEOVER_MS, JUMP_N = 100.0, 1.0
HOLD, ACQUIRE = int(GoalKind.HOLD), int(GoalKind.ACQUIRE_VIEW)


class CrtkArm:
    """An arm as a script of the CRTK Python client has it: `enable`, `servo_cv`, `move_cp`, `measured_cp` and so on."""

    def __init__(self, graph: Any, namespace: str = "crtk") -> None:
        self._graph = graph
        node = graph.node
        self.states: list[Any] = graph.listen(crtk_msgs.OperatingState, f"{namespace}/operating_state", qos.LATCHED)
        self._heard = {
            name: graph.listen(kind, f"{namespace}/{name}", qos.STATE)
            for name, kind in (
                ("measured_cp", PoseStamped),
                ("measured_cv", TwistStamped),
                ("measured_cf", WrenchStamped),
                ("measured_js", JointState),
            )
        }
        self._command = node.create_publisher(crtk_msgs.StringStamped, f"{namespace}/state_command", 1)
        self._servo_cv = node.create_publisher(TwistStamped, f"{namespace}/servo_cv", 1)
        self._servo_cp = node.create_publisher(PoseStamped, f"{namespace}/servo_cp", 1)
        self._move_cp = node.create_publisher(PoseStamped, f"{namespace}/move_cp", 1)

    def ready(self) -> bool:
        return all(self._heard.values()) and bool(self.states) and self._command.get_subscription_count() == 1

    def operating_state(self) -> str:
        return str(self.states[-1].state)

    def is_busy(self) -> bool:
        return bool(self.states[-1].is_busy)

    def state_command(self, text: str) -> None:
        self._command.publish(crtk_msgs.StringStamped(string=text))

    def measured_cp(self) -> Any:
        return self._heard["measured_cp"][-1].pose

    def measured_force_n(self) -> float:
        return -float(self._heard["measured_cf"][-1].wrench.force.z)

    def position_m(self) -> np.ndarray:
        p = self.measured_cp().position
        return np.array([p.x, p.y, p.z])

    def servo_cv(self, linear_m_s: np.ndarray) -> None:
        message = TwistStamped()
        message.twist.linear.x, message.twist.linear.y, message.twist.linear.z = map(float, linear_m_s)
        self._servo_cv.publish(message)

    def pose_aside(self, aside_m: np.ndarray) -> PoseStamped:
        message = PoseStamped(pose=self.measured_cp())
        p = message.pose.position
        p.x, p.y, p.z = map(float, self.position_m() + aside_m)
        return message

    def move_cp(self, goal: PoseStamped) -> None:
        self._move_cp.publish(goal)

    def servo_cp(self, goal: PoseStamped) -> None:
        self._servo_cp.publish(goal)


def ns_of(message: Any) -> int:
    return int(message.header.stamp.sec) * 1_000_000_000 + int(message.header.stamp.nanosec)


@pytest.mark.timeout(300)
def test_a_console_takes_over_moves_the_probe_and_gives_back(
    make_graph: Callable[..., Any], model: Path | None
) -> None:
    graph = make_graph()
    graph.start("operator.crtk")
    graph.start_exam_graph(model, patient="normal", start="immediately", frame_hz=15.0)
    arm = CrtkArm(graph)
    robots = graph.listen(
        RobotState, topics.ROBOT_STATE, qos.STATE_LOCKSTEP, lambda m: (ns_of(m), -m.measured_cf.force.z)
    )
    statuses = graph.listen(ControlStatus, topics.CONTROL_STATUS, qos.ANSWER_LOCKSTEP, lambda m: (ns_of(m), m.kind))
    graph.wait(arm.ready, 60.0, "the arm of the console")

    graph.wait(lambda: arm.operating_state() == "DISABLED", 30.0, "word of safety")
    said = len(arm.states)
    arm.state_command("enable")
    graph.wait(lambda: len(arm.states) > said, 20.0, "an answer")
    assert arm.operating_state() == "DISABLED", "taken over off the patient"

    goal = AcquireView.Goal(view=int(View.A4C), preset="cardiac", timeout=120.0)
    assert graph.action(AcquireView, topics.ACQUIRE_VIEW, goal).accepted
    graph.wait(lambda: arm.measured_force_n() > 3.5, 120.0, "contact")
    second_ns = robots[-1][0] + 1_000_000_000
    graph.wait(lambda: robots[-1][0] > second_ns, 60.0, "a second of search")

    before_ns, before_s = robots[-1][0], time.monotonic()
    arm.state_command("enable")
    graph.wait(lambda: statuses[-1][1] == HOLD, 10.0, "the take-over")
    wall_ms = 1e3 * (time.monotonic() - before_s)
    taken_ms = 1e-6 * (next(ns for ns, kind in statuses if kind == HOLD) - before_ns)
    graph.wait(lambda: robots[-1][0] > before_ns + 300_000_000, 20.0, "0.3 s")
    around = np.array([force for ns, force in robots if before_ns - 100_000_000 <= ns <= before_ns + 300_000_000])
    jump_n = float(max(np.ptp(around[k : k + 10]) for k in range(len(around) - 9)))  # within 0.1 s

    start_m = arm.position_m()
    aside = np.array([0.0, -0.008, 0.0])  # m/s, toward the patient's feet
    until_ns = robots[-1][0] + 1_500_000_000
    while robots[-1][0] < until_ns:
        arm.servo_cv(aside + np.array([0.0, 0.0, -0.1]))  # and 100 mm/s into the patient, which safety must not pass on
        graph.executor.spin_once(timeout_sec=0.05)
    went_m = arm.position_m() - start_m
    pressed_n = max(force for ns, force in robots if ns > before_ns)

    arm.move_cp(arm.pose_aside(np.array([0.0, 0.006, 0.0])))
    graph.wait(arm.is_busy, 10.0, "a move under way")
    graph.wait(lambda: not arm.is_busy(), 60.0, "the end of the move")
    arm.state_command("pause")
    graph.wait(lambda: arm.operating_state() == "PAUSED", 10.0, "a pause")
    arm.state_command("resume")
    graph.wait(lambda: arm.operating_state() == "ENABLED", 10.0, "the end of the pause")

    back_ns = robots[-1][0]
    arm.state_command("disable")
    graph.wait(lambda: statuses[-1][1] != HOLD, 10.0, "the goal before the console")
    given_ms = 1e-6 * (next(ns for ns, kind in statuses if ns > back_ns and kind != HOLD) - back_ns)
    print(
        f"taken over in {taken_ms:.0f} ms of the robot's time ({wall_ms:.0f} ms of wall time), force moved by "
        f"{jump_n:.2f} N within 0.1 s; went {1e3 * np.linalg.norm(went_m[:2]):.1f} mm in 1.5 s while pushed down, at "
        f"most {pressed_n:.1f} N; given back in {given_ms:.0f} ms"
    )
    assert taken_ms <= TAKEOVER_MS and given_ms <= TAKEOVER_MS
    assert jump_n <= JUMP_N
    assert 0.004 < np.linalg.norm(went_m[:2]) < 0.020
    assert pressed_n < 8.0

"""A goal of AcquireView or Sweep that is not followed ends with a reason that names the valid choices."""

import random
from collections.abc import Iterator

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("echopilot_msgs.action", reason="needs the built messages")

from echopilot_msgs.action import AcquireView  # noqa: E402
from rclpy.action import ActionClient  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.lifecycle import LifecycleNode  # noqa: E402
from rclpy.task import Future  # noqa: E402

from echopilot_control.safety.limits import DESIGN_LIMITS  # noqa: E402
from echopilot_core import ControlGoal, GoalKind, Outcome, Preset, View  # noqa: E402
from echopilot_nodes.graph import topics  # noqa: E402
from echopilot_nodes.operator.manual_goals import ManualGoals  # noqa: E402

WAIT_S = 10.0


class Bench:
    """The actions on a node, and a client of them."""

    def __init__(self) -> None:
        self.node = LifecycleNode("controller")
        self.goals = ManualGoals(self.node)
        self.client = ActionClient(self.node, AcquireView, topics.ACQUIRE_VIEW)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        assert self.client.wait_for_server(WAIT_S)

    def done(self, future: Future) -> object:
        self.executor.spin_until_future_complete(future, WAIT_S)
        assert future.done()
        return future.result()

    def result(self, **fields: object) -> AcquireView.Result:
        goal = AcquireView.Goal(**{"preset": "cardiac", "view": 5, "timeout": 30.0} | fields)
        handle = self.done(self.client.send_goal_async(goal))
        return self.done(handle.get_result_async()).result  # type: ignore[attr-defined]


@pytest.fixture
def bench() -> Iterator[Bench]:
    rclpy.init(domain_id=random.SystemRandom().randint(1, 100))
    bench = Bench()
    yield bench
    bench.executor.shutdown()
    bench.node.destroy_node()
    rclpy.shutdown()


def test_every_refusal_has_its_reason(bench: Bench) -> None:
    inactive = bench.result()
    assert (inactive.outcome, inactive.message) == (Outcome.ABORTED, "the controller is not active")
    bench.goals.accepts = True
    for fields, reason in (
        ({"preset": "knee"}, "preset is 'knee'; valid: cardiac, abdomen, or empty for that of the view"),
        ({"view": 200}, "view is 200; valid: 0 to 12, the constants of View"),
        ({"timeout": 0.0}, "timeout is 0 s; valid: more than 0"),
    ):
        refused = bench.result(**fields)
        assert (refused.outcome, refused.message) == (Outcome.ABORTED, reason)
    bench.goals.exam_active = True
    assert bench.result().message == "an exam is running; stop it first"


@pytest.mark.parametrize(("view", "preset"), [(View.A4C, Preset.CARDIAC), (View.AORTA_TRANS, Preset.ABDOMEN)])
def test_what_a_goal_leaves_out_is_that_of_its_view(bench: Bench, view: View, preset: Preset) -> None:
    bench.goals.accepts = True
    idle = ControlGoal(0, GoalKind.IDLE)
    handle = bench.done(bench.client.send_goal_async(AcquireView.Goal(view=int(view))))
    while bench.goals.goal(idle) is idle:
        bench.executor.spin_once(WAIT_S)
    goal = bench.goals.goal(idle)
    assert (goal.view, goal.preset, goal.timeout_s) == (view, preset, 60.0)
    assert goal.force_setpoint_n == DESIGN_LIMITS[preset].setpoint_n
    bench.goals.end("enough")
    assert bench.done(handle.get_result_async()).result.message == "enough"  # type: ignore[attr-defined]

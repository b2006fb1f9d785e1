"""Parameters of the controller node: the gain of the force loop changes live, inside its margins; the rest is fixed."""

from collections.abc import Iterator

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("echopilot_msgs.srv", reason="needs the built messages")

from rclpy.parameter import Parameter  # noqa: E402

from echopilot_nodes.controller import ControllerNode  # noqa: E402


@pytest.fixture
def node() -> Iterator[ControllerNode]:
    rclpy.init(args=["--ros-args", "-p", "force_crossover_rad_s:=8.0"])
    node = ControllerNode()
    yield node
    node.close()
    node.destroy_node()
    rclpy.shutdown()


def gain(node: ControllerNode) -> float:
    return node._core._synthesis.regulator.crossover_rad_s


def test_the_gain_of_the_force_loop_changes_live_and_outlasts_a_restart(node: ControllerNode) -> None:
    assert gain(node) == 8.0
    assert node.set_parameters([Parameter("force_crossover_rad_s", value=4.0)])[0].successful
    assert gain(node) == 4.0
    node._forget()
    assert gain(node) == 4.0


@pytest.mark.parametrize("wrong", [1.0, 30.0, float("nan"), "soft"])
def test_a_gain_outside_the_margins_is_refused_and_changes_nothing(node: ControllerNode, wrong: object) -> None:
    assert not node.set_parameters([Parameter("force_crossover_rad_s", value=wrong)])[0].successful
    assert gain(node) == 8.0


def test_other_parameters_are_read_only(node: ControllerNode) -> None:
    assert not node.set_parameters([Parameter("max_force_setpoint_n", value=8.0)])[0].successful

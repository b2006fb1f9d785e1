"""An arm behind topics: samples in the order of the description, the newest wrench with them, and who may speak."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy", reason="needs rclpy")

from geometry_msgs.msg import TwistStamped, WrenchStamped  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from std_msgs.msg import Float64MultiArray  # noqa: E402

from echopilot_control.kinematics.arm_model import read_arm  # noqa: E402
from echopilot_control.kinematics.chain import arm_kinematics  # noqa: E402
from echopilot_core import Array  # noqa: E402
from echopilot_core.paths import share_file  # noqa: E402
from echopilot_nodes.graph import qos  # noqa: E402
from echopilot_nodes.robot.topic_arm import TWISTS, TopicArm  # noqa: E402
from echopilot_robot import ArmSample  # noqa: E402
from echopilot_robot.bridge.transforms import LinkTransforms  # noqa: E402
from echopilot_wire import to_time, to_transforms  # noqa: E402
from tf2_msgs.msg import TFMessage  # noqa: E402

URDF = share_file("echopilot_description", "urdf/echopilot_arm.urdf").read_text()
TOPICS = {
    "joint_states": "driver/joint_states",
    "transforms": "",
    "wrench": "robot/ft_raw",
    "command": "driver/commands",
}
POSITION = np.array([0.0, 0.1, 0.2, 1.9, 0.4, 1.2, 0.6])
NAMES = [f"joint{i}" for i in range(1, 8)]
PATIENCE_S = 20.0


class Driver:
    """A driver's topics and an arm that listens to them, in one process."""

    def __init__(self, domain: int) -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node: Node = rclpy.create_node("driver", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.joints = self.node.create_publisher(JointState, TOPICS["joint_states"], qos.STATE_OFFERED)
        self.wrenches = self.node.create_publisher(WrenchStamped, TOPICS["wrench"], qos.STATE_OFFERED)
        self.stamp_ns = time.time_ns()

    def arm(self, **changes: Any) -> TopicArm:
        kind = changes.pop("command_kind", "joint_velocities")
        arm = TopicArm(self.node, URDF, 10_000_000, TOPICS | changes, kind)
        arm.run(self.executor, lambda: False)
        return arm

    def press(self, force_n: float) -> None:
        message = WrenchStamped()
        message.header.frame_id = "force_torque_sensor"
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(self.stamp_ns, 1_000_000_000)
        message.wrench.force.z = force_n
        self.wrenches.publish(message)

    def tell(self, position: Array = POSITION) -> None:
        """Joints in the reverse order, as any driver may have them, beside one of a gripper."""
        self.stamp_ns += 10_000_000
        stamp = to_time(self.stamp_ns)
        message = JointState(name=["gripper", *NAMES[::-1]])
        message.header.stamp.sec, message.header.stamp.nanosec = stamp.sec, stamp.nanosec
        message.position = [0.5, *position[::-1].tolist()]
        message.velocity = [0.0, *(0.1 * position[::-1]).tolist()]
        message.effort = [9.0, *(2.0 * position[::-1]).tolist()]
        self.joints.publish(message)

    def sample(self, arm: TopicArm, say: Callable[[], None], good: Callable[[ArmSample], bool]) -> ArmSample:
        """The first good sample while the driver goes on saying something."""
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            say()
            found = arm.read(0.05)
            for _ in range(8):  # what other subscriptions of the test have
                self.executor.spin_once(timeout_sec=0.0)
            if found is not None and good(found):
                return found
        raise AssertionError("no such sample came")


@pytest.fixture
def driver() -> Iterator[Driver]:
    made = Driver(int(np.random.default_rng().integers(1, 100)))
    yield made
    made.executor.shutdown()
    made.node.destroy_node()
    rclpy.shutdown(context=made.context)


def test_a_sample_has_the_joints_of_the_description_and_the_newest_wrench(driver: Driver) -> None:
    arm = driver.arm()

    def say() -> None:
        driver.tell()
        driver.press(-7.0)

    sample = driver.sample(arm, say, lambda s: not s.errors)
    assert arm.joint_names == tuple(NAMES) and arm.sensor_frame == "force_torque_sensor"
    assert sample.position_rad == pytest.approx(POSITION) and sample.velocity_rad_s == pytest.approx(0.1 * POSITION)
    assert sample.torque_n_m == pytest.approx(2.0 * POSITION) and sample.wrench[2] == -7.0
    assert 0 <= driver.stamp_ns - sample.stamp_ns < 5 * 10_000_000 * 100
    assert 0 <= time.monotonic_ns() - sample.heard_ns < 10**9


def test_a_wrench_that_is_missing_or_stands_is_an_error_of_the_driver(driver: Driver) -> None:
    arm = driver.arm()
    sample = driver.sample(arm, driver.tell, lambda s: True)
    assert sample.errors == ("no wrench came on /robot/ft_raw",)

    def say() -> None:
        driver.tell()
        driver.press(0.0)

    driver.sample(arm, say, lambda s: not s.errors)
    sample = driver.sample(arm, driver.tell, lambda s: bool(s.errors))
    assert sample.errors[0].startswith("no wrench with a newer stamp came on /robot/ft_raw for 0.")


def test_a_second_publisher_is_an_error_of_the_driver(driver: Driver) -> None:
    arm = driver.arm()
    second = driver.node.create_publisher(Float64MultiArray, TOPICS["command"], qos.COMMAND)

    def say() -> None:
        driver.tell()
        driver.press(0.0)

    sample = driver.sample(arm, say, lambda s: bool(s.errors) and "publishers" in s.errors[-1])
    assert sample.errors[-1] == "2 publishers on /driver/commands, where one is expected"
    driver.node.destroy_publisher(second)
    driver.sample(arm, say, lambda s: not s.errors)


def test_joints_of_another_arm_are_refused_and_no_sample(driver: Driver) -> None:
    arm = driver.arm()
    with pytest.raises(ValueError, match=r"no joints joint1, .* in it; it has panda_joint1"):
        arm._sample(JointState(name=["panda_joint1"], position=[0.0], velocity=[0.0]))


def test_transforms_stand_for_joint_states(driver: Driver) -> None:
    arm, links = driver.arm(transforms="tf"), LinkTransforms(URDF)
    tf = driver.node.create_publisher(TFMessage, "tf", qos.STATE_OFFERED)
    raw = to_transforms(driver.stamp_ns, links.at(POSITION))
    found = arm._transforms.take(raw.transforms)  # type: ignore[union-attr]
    assert len(found) == 1 and found[0].position_rad == pytest.approx(POSITION)
    assert driver.node.count_subscribers("/tf") == 1 and tf is not None


def test_commands_are_joint_velocities_or_the_twist_of_the_probe(driver: Driver) -> None:
    velocity, heard = np.linspace(0.1, 0.7, 7), []
    plain, servo = driver.arm(), driver.arm(command="servo/twists", command_kind=TWISTS)
    driver.node.create_subscription(Float64MultiArray, TOPICS["command"], heard.append, qos.COMMAND)
    driver.node.create_subscription(TwistStamped, "servo/twists", heard.append, qos.COMMAND)

    def say() -> None:
        driver.tell()
        driver.press(0.0)
        plain.command(velocity)
        servo.command(velocity)

    wanted = arm_kinematics(read_arm(URDF), POSITION).J @ velocity
    told: list[TwistStamped] = []

    def right(_: ArmSample) -> bool:
        told[:] = [m for m in heard if isinstance(m, TwistStamped) and abs(m.twist.linear.x - wanted[0]) < 1e-6]
        return bool(told) and any(isinstance(m, Float64MultiArray) for m in heard)

    driver.sample(servo, say, right)
    joints = next(m for m in heard if isinstance(m, Float64MultiArray))
    assert list(joints.data) == pytest.approx(velocity)
    angular = told[-1].twist.angular
    assert [angular.x, angular.y, angular.z] == pytest.approx(wanted[3:]) and told[-1].header.frame_id == "base"


def test_reading_ends_with_the_process(driver: Driver) -> None:
    arm = driver.arm()
    arm.run(driver.executor, lambda: True)
    with pytest.raises(ExternalShutdownException):
        arm.read(1.0)

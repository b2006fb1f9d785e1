"""An arm whose driver speaks ROS: JointState or tf, and WrenchStamped in, joint velocities out."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from geometry_msgs.msg import TwistStamped, WrenchStamped
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from echopilot_control.kinematics.arm_model import read_arm
from echopilot_control.kinematics.chain import arm_kinematics
from echopilot_control.kinematics.joint_limits import joint_names
from echopilot_core import Array, EchoPilotError, to_ns, to_s
from echopilot_nodes.graph import qos
from echopilot_nodes.graph.inlet import Inlet
from echopilot_robot import ArmSample
from echopilot_robot.bridge.joints_of_transforms import JointsOfTransforms
from echopilot_wire import from_joint_state, from_measured_cf, stamp_of
from tf2_msgs.msg import TFMessage

WRENCH_AGE_NS = 50_000_000
"""A wrench that was heard earlier, or whose stamp stands for so long, is none; one without a stamp is of now."""

JOINT_VELOCITIES, TWISTS = "joint_velocities", "twists"
COUNT_NS = 200_000_000  # between two looks at who publishes
OF_ONE_SPEAKER = ("joint_states", "wrench", "command")  # tf has many
QUEUE = 50  # samples that wait where this process was kept from reading


class TopicArm:
    """Samples of a driver's topics, in the order of the description's joints; `run` hands over the executor first.

    A sample is complete with the joints; the newest wrench goes with them. With transforms in the place of joint states
    there are no torques, and velocities are differences.
    """

    def __init__(
        self, node: Node, urdf: str, period_ns: int, topics: Mapping[str, str], command_kind: str = JOINT_VELOCITIES
    ) -> None:
        """`topics` names joint_states (or transforms), wrench and command; `urdf` is the text of the description."""
        self.joint_names, self.period_ns = joint_names(urdf), period_ns
        self._node, self._topics = node, topics
        self._executor: Executor | None = None
        self._ends: Callable[[], bool] = lambda: False
        self._samples: deque[ArmSample] = deque(maxlen=QUEUE)
        self._wrench = np.full(6, np.nan)
        self._wrench_stamp_ns = -1
        self._wrench_ns = -WRENCH_AGE_NS  # when the stamp last went on
        self._order: list[int] = []
        self._names: tuple[str, ...] = ()
        self.sensor_frame = ""  # frame_id of the wrenches
        self._transforms: JointsOfTransforms | None = None
        if topics["transforms"]:
            self._transforms = JointsOfTransforms(urdf)
            node.create_subscription(TFMessage, topics["transforms"], self._on_transforms, qos.STATE_RECORDED)
        else:
            self._joints = Inlet(
                node, JointState, topics["joint_states"], self._sample, qos.STATE, on_item=self._samples.append
            )
        node.create_subscription(WrenchStamped, topics["wrench"], self._on_wrench, qos.STATE)
        self._counted_ns = -COUNT_NS
        self._crowd: tuple[str, ...] = ()
        self._position = np.zeros(len(self.joint_names))
        self._twists = command_kind == TWISTS
        kind = TwistStamped if self._twists else Float64MultiArray
        self._commands = node.create_publisher(kind, topics["command"], qos.COMMAND)
        self._kinematics = read_arm(urdf)

    def run(self, executor: Executor, ends: Callable[[], bool]) -> None:
        """Read through this executor from now on; `read` raises ExternalShutdownException once `ends` says so."""
        self._executor, self._ends = executor, ends

    def read(self, timeout_s: float) -> ArmSample | None:
        """The next sample, as `echopilot_robot.Arm` says; all callbacks of the node run meanwhile."""
        assert self._executor is not None
        end_s = time.monotonic() + timeout_s
        while not self._samples:
            left_s = end_s - time.monotonic()
            if self._ends():
                raise ExternalShutdownException
            if left_s <= 0.0:
                return None
            self._executor.spin_once(timeout_sec=left_s)
        sample = self._samples.popleft()
        self._position = sample.position_rad
        return sample

    def command(self, velocity_rad_s: Array) -> None:
        """Publish joint velocities (n,) [rad/s], in the order of the description, or the probe's twist from them."""
        if not self._twists:
            self._commands.publish(Float64MultiArray(data=velocity_rad_s.tolist()))
            return
        message = TwistStamped()
        message.header.stamp, message.header.frame_id = self._node.get_clock().now().to_msg(), "base"
        twist = arm_kinematics(self._kinematics, self._position).J @ velocity_rad_s
        linear, angular = message.twist.linear, message.twist.angular
        linear.x, linear.y, linear.z, angular.x, angular.y, angular.z = twist.tolist()
        self._commands.publish(message)

    def stop(self) -> None:
        """Publish zeros."""
        self.command(np.zeros(len(self.joint_names)))

    def close(self) -> None:
        """Stop once more."""
        self.stop()

    @property
    def has_listener(self) -> bool:
        """Whether a driver listens to the commands."""
        return bool(self._commands.get_subscription_count() > 0)

    def _sample(self, message: Any) -> ArmSample:
        heard_ns = time.monotonic_ns()
        names, position, velocity, effort = from_joint_state(message)
        if names != self._names:
            self._order, self._names = self._order_of(names), names
        order = self._order
        torque = None if effort is None else effort[order]
        return self._with_wrench(stamp_of(message), heard_ns, position[order], velocity[order], torque)

    def _on_transforms(self, message: Any) -> None:
        assert self._transforms is not None
        heard_ns = time.monotonic_ns()
        for found in self._transforms.take(message.transforms):
            self._samples.append(
                self._with_wrench(found.stamp_ns, heard_ns, found.position_rad, found.velocity_rad_s, None)
            )

    def _with_wrench(
        self, stamp_ns: int, heard_ns: int, position: Array, velocity: Array, torque: Array | None
    ) -> ArmSample:
        age_ns = heard_ns - self._wrench_ns
        if heard_ns - self._counted_ns >= COUNT_NS:
            self._counted_ns, self._crowd = heard_ns, self._count()
        late = (self._complaint(age_ns),) if age_ns >= WRENCH_AGE_NS else ()
        return ArmSample(stamp_ns, heard_ns, position, velocity, self._wrench, torque, (*late, *self._crowd))

    def _count(self) -> tuple[str, ...]:
        """A line on each topic of the arm that more than one speak on: whose word moves or feels the arm?"""
        found = []
        for topic in filter(None, (self._topics[name] for name in OF_ONE_SPEAKER)):
            resolved = self._node.resolve_topic_name(topic)
            if (count := self._node.count_publishers(resolved)) > 1:
                found.append(f"{count} publishers on {resolved}, where one is expected")
        return tuple(found)

    def _complaint(self, age_ns: int) -> str:
        topic = self._node.resolve_topic_name(self._topics["wrench"])
        if self._wrench_stamp_ns < 0:
            return f"no wrench came on {topic}"
        return f"no wrench with a newer stamp came on {topic} for {to_s(age_ns):.2f} s"

    def _on_wrench(self, message: WrenchStamped) -> None:
        stamp_ns = stamp_of(message)
        if stamp_ns == 0 or stamp_ns != self._wrench_stamp_ns:
            self._wrench_ns = time.monotonic_ns()
        self._wrench_stamp_ns = stamp_ns
        self._wrench = from_measured_cf(message)
        self.sensor_frame = message.header.frame_id

    def _order_of(self, names: tuple[str, ...]) -> list[int]:
        missing = [name for name in self.joint_names if name not in names]
        if missing:
            raise ValueError(f"no joints {', '.join(missing)} in it; it has {', '.join(names)}")
        return [names.index(name) for name in self.joint_names]


def period_of(rate_hz: float) -> int:
    """Time between samples [ns] at a rate [Hz]; EchoPilotError for one that is none of an arm."""
    if not (math.isfinite(rate_hz) and 50.0 <= rate_hz <= 2000.0):
        raise EchoPilotError(f"rate is {rate_hz} Hz; valid: 50 to 2000 Hz, that of the driver's joint states")
    return to_ns(1.0 / rate_hz)

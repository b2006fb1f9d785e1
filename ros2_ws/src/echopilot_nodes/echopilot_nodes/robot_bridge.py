"""Node `robot_bridge`: any arm whose driver speaks ROS, in the simulator's place."""

import uuid
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from echopilot_msgs.msg import RobotState as RobotStateMsg
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from geometry_msgs.msg import PoseStamped, TwistStamped, WrenchStamped
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from echopilot_control.calibration.tool import read_tool
from echopilot_control.force.tare import Tool
from echopilot_core import EchoPilotError, RobotInputs, RobotState, SafeTwist, SafetyMode, SafetyState, to_ns
from echopilot_core.guarded.bounded import read_text
from echopilot_core.paths import share_file
from echopilot_core.robot import CONTACT_N
from echopilot_nodes.bonds import ROBOT, Bond, BondState, Peers
from echopilot_nodes.diagnostics.health import Health, Severity
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.params import RobotBridgeParams, read_params
from echopilot_nodes.graph.process import StopSignal, freeze_heap, run
from echopilot_nodes.graph.speakers import NOBODY, SAFETY, SpeakerCount, speakers
from echopilot_nodes.robot.spun_arm import SpunArm, driven_arm
from echopilot_nodes.robot.topic_arm import TopicArm, period_of
from echopilot_robot.bridge.faults import ArmFault
from echopilot_robot.bridge.leaving import leave
from echopilot_robot.bridge.robot import BridgedRobot, ros_minus_steady_ns
from echopilot_robot.bridge.settings import BridgeSettings
from echopilot_robot.bridge.transforms import LinkTransforms
from echopilot_wire import (
    from_safe_twist,
    from_safety_state,
    to_joint_state,
    to_measured_cf,
    to_measured_cp,
    to_robot_state,
    to_transforms,
)
from tf2_msgs.msg import TFMessage

TOPICS = "topics"
DESCRIPTIONS = {
    "fr3": "urdf/echopilot_fr3.urdf",
    "fr3_like": "urdf/echopilot_arm.urdf",
    "ur5e_like": "urdf/echopilot_ur5e_like.urdf",
}
LARGEST_URDF = 4_000_000  # bytes
WEIGHTLESS = Tool(0.0, np.zeros(3), np.zeros(6), np.zeros(2))  # an FR3's estimate is without its load
SLOW_TICKS, COUNT_TICKS = 5, 10
COMMANDS = speakers(lambda speaker: speaker.on_robot == NOBODY)
LOOK_S, WAITS_S = 0.1, 5.0


class RobotBridge(Node):
    """Publishes what the simulator publishes for its robot; takes twists and the state of safety as it does."""

    def __init__(self) -> None:
        super().__init__("robot_bridge")
        self._params = p = read_params(self, RobotBridgeParams)
        self._stop = StopSignal()
        self._urdf = description_of(p.description)
        names = ("joint_states", "transforms", "wrench", "command")
        self._arm: TopicArm | SpunArm
        if p.arm == TOPICS:
            self._arm = TopicArm(
                self, self._urdf, period_of(p.rate), {name: getattr(p, name) for name in names}, p.command_kind
            )
        else:
            self._arm = driven_arm(p.arm, self._urdf, p.sensor_sign)
        self._tool = read_tool(Path(p.calibration), datetime.now(timezone.utc)) if p.calibration else None
        if self._tool is None and p.arm != TOPICS:
            self._tool = WEIGHTLESS
        self._settings(p.sensor_link or "probe")  # what cannot be is refused before anything is waited for
        namespace = self.get_namespace()
        self._bond = Bond(namespace, ROBOT, BondState(session=uuid.uuid4().hex))
        self._peers = Peers(namespace, (SAFETY,), self.get_logger().error)
        self._speakers = SpeakerCount(self, COMMANDS)
        self._counts = [1] * len(COMMANDS)
        self._robot: BridgedRobot | None = None
        self._state: RobotState | None = None
        self._leaving = False
        self._safety: SafetyState | None = None
        self._said: tuple[str, ...] = ()
        self._links = LinkTransforms(self._urdf)
        state = qos.STATE_OFFERED
        self._states = Outlet(self, RobotStateMsg, topics.ROBOT_STATE, to_robot_state, state)
        self._poses = Outlet(self, PoseStamped, topics.ROBOT_MEASURED_CP, to_measured_cp, state)
        self._forces = Outlet(self, WrenchStamped, topics.ROBOT_MEASURED_CF, to_measured_cf, state)
        self._joints = Outlet(self, JointState, topics.JOINT_STATES, to_joint_state, state)
        self._tf = Outlet(self, TFMessage, topics.TF, to_transforms, state)
        self._description = self.create_publisher(String, topics.ROBOT_DESCRIPTION, qos.LATCHED)
        self._description.publish(String(data=self._urdf))
        self._diagnostics = Diagnostics(self, self._health, hardware_id=p.arm)
        self.create_timer(LOOK_S, self._look)
        Inlet(self, TwistStamped, topics.ROBOT_SERVO_CV, from_safe_twist, qos.COMMAND, self._on_twist)
        Inlet(
            self, SafetyStateMsg, topics.SAFETY_STATE, from_safety_state, qos.ANSWER_LOCKSTEP, on_item=self._on_safety
        )

    def run(self, executor: Executor) -> None:
        """Wait for the driver, then answer its samples until a signal comes."""
        self._arm.run(executor, lambda: self._stop.received and not self._leaving)
        self._await_sensor(executor)
        freeze_heap()
        self._robot = robot = BridgedRobot(
            self._arm,
            self._urdf,
            self._tool,
            self._settings(self._params.sensor_link or self._arm.sensor_frame),
            ros_minus_steady_ns(),
            ros_minus_steady_ns,
        )
        self.get_logger().info(f"tares the force sensor, which is delayed by {1e-6 * robot.force_delay_ns:.1f} ms")
        with suppress(ExternalShutdownException):
            while not self._stop.received:
                self._state = robot.step(RobotInputs(None, self._safety, *self._counts))
                self._publish(self._state)
        self._leave(robot)

    def _leave(self, robot: BridgedRobot) -> None:
        """Take the probe off before the arm stands."""
        if self._state is None:
            return
        self._leaving = True
        is_stopped = self._safety is not None and self._safety.mode is SafetyMode.STOPPED
        for state in leave(robot, self._state, is_stopped):
            self._state = state
            self._publish(state)
        if self._state.contact_force_n >= CONTACT_N:
            self.get_logger().error("ends in contact, and the arm stands stiff: take the probe off by hand now")

    def close(self) -> None:
        """Stop the arm and say goodbye."""
        if self._robot is not None:
            self._robot.close()
        self._peers.close()
        self._bond.close()

    def _settings(self, sensor_link: str) -> BridgeSettings:
        p = self._params
        return BridgeSettings(
            sensor_link=sensor_link,
            sensor_sign=p.sensor_sign,
            filter_ns=to_ns(p.filter_s),
            rest_rad=_numbers("rest", p.rest),
            pull_1_s=_numbers("pull", p.pull),
            own_clock=p.driver_clock == "own" or p.arm != TOPICS,
            self_collision=p.self_collision,
        )

    def _await_sensor(self, executor: Executor) -> None:
        waited_s = 0.0
        while not self._arm.sensor_frame and not self._stop.received:
            executor.spin_once(timeout_sec=LOOK_S)
            waited_s += LOOK_S
            if waited_s >= WAITS_S:
                waited_s = 0.0
                self.get_logger().warning(
                    f"waits for the force sensor on {self.resolve_topic_name(self._params.wrench)}, with a frame_id"
                )

    def _publish(self, robot: RobotState) -> None:
        """One control tick; the state goes last, so that whoever hears it has the rest."""
        assert self._robot is not None
        self._tell(self._robot.faults)  # before the state of a faulty arm
        slow = robot.tick % SLOW_TICKS == 0
        if slow or self._poses.has_subscribers:
            self._poses.send(robot)
        if slow or self._forces.has_subscribers:
            self._forces.send(robot.stamp_ns, robot.wrench)
        if slow:
            self._joints.send(robot)
            self._tf.send(robot.stamp_ns, self._links.at(robot.joint_position_rad))
        self._states.send(robot)
        if robot.tick % COUNT_TICKS == 0:
            self._peers.poll()
            self._speakers.note_ended(self._peers.lost())
            self._counts = list(map(self._speakers.count, COMMANDS))

    def _tell(self, faults: tuple[ArmFault, ...]) -> None:
        """Each fault once when it begins, with what was expected and what came, and once when all are over."""
        names = tuple(fault.kind.name for fault in faults)
        if names == self._said:
            return
        self._bond.say(faults=names)
        for fault in faults:
            if fault.kind.name not in self._said:
                self.get_logger().error(str(fault))
        if not names:
            self.get_logger().info("no fault any more")
        self._said = names

    def _health(self) -> Health:
        robot = self._robot
        if robot is None:
            topic = self.resolve_topic_name(self._params.wrench)
            return Health(f"waits for the force sensor on {topic}", Severity.STALE)
        values: dict[str, object] = {
            "delay of the force [ms]": 1e-6 * robot.force_delay_ns,
            "driver listens": self._arm.has_listener,
        }
        if robot.faults:
            return Health("; ".join(map(str, robot.faults)), Severity.ERROR, values)
        if not self._arm.has_listener:
            return Health(f"nobody takes {self._params.command}", Severity.ERROR, values)
        return Health("the arm follows", Severity.OK, values)

    def _look(self) -> None:
        """Of a driver that is silent no tick tells."""
        if self._robot is not None:
            self._tell(self._robot.faults)

    def _on_twist(self, twist: SafeTwist) -> None:
        if self._robot is not None and not self._leaving:
            self._robot.take(RobotInputs(twist, self._safety, *self._counts))

    def _on_safety(self, state: SafetyState) -> None:
        if self._safety is None or state.stamp_ns >= self._safety.stamp_ns:
            self._safety = state


def description_of(text: str) -> str:
    """Text of the URDF of a file, or of a shipped arm by its name; EchoPilotError, listing the names, for neither."""
    if text in DESCRIPTIONS:
        return share_file("echopilot_description", DESCRIPTIONS[text]).read_text(encoding="utf-8")
    if not Path(text).is_file():
        raise EchoPilotError(f"description {text!r} is no file; give a URDF or one of: {', '.join(DESCRIPTIONS)}")
    return read_text(Path(text), LARGEST_URDF)


def _numbers(name: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in text.split())
    except ValueError:
        raise EchoPilotError(f"parameter {name} is {text!r}; valid: numbers, blank separated") from None


def main() -> None:
    """Run the node until a signal comes."""
    run(RobotBridge, own_signals=True)


if __name__ == "__main__":
    main()

"""Publishers of the simulator and how often each speaks."""

from dataclasses import replace

from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from echopilot_msgs.msg import RobotState as RobotStateMsg
from echopilot_msgs.msg import UltrasoundFrame
from geometry_msgs.msg import PoseStamped, WrenchStamped
from rclpy.node import Node
from rosgraph_msgs.msg import Clock as ClockMsg
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import String

from echopilot_core import Frame, RobotState
from echopilot_nodes import conversions as conv
from echopilot_nodes import names, qos
from echopilot_nodes.link_poses import LinkPoses
from echopilot_nodes.rates import SURFACE_TICKS
from echopilot_sim.arm.kinds import ArmKind
from echopilot_sim.description import description_file
from echopilot_sim.simulation import Simulation
from tf2_msgs.msg import TFMessage

SLOW_PERIOD_TICKS = 5


class SimulatorTopics:
    """Everything that a robot, a probe, a depth camera and an operator's pointer would publish."""

    def __init__(self, node: Node, arm: ArmKind) -> None:
        self._node = node
        make = node.create_publisher
        self._clock = make(ClockMsg, names.CLOCK, qos.STATE_OFFERED)
        self._state = make(RobotStateMsg, names.ROBOT_STATE, qos.STATE_OFFERED)
        self._frames = make(UltrasoundFrame, names.PROBE_FRAME, qos.FRAMES_OFFERED)
        self._surface = make(PointCloud2, names.BODY_SURFACE, qos.ANSWER_OFFERED)
        self._landmarks = make(BodyLandmarksMsg, names.BODY_LANDMARKS, qos.LATCHED)
        self._measured_cp = make(PoseStamped, names.ROBOT_MEASURED_CP, qos.STATE_OFFERED)
        self._measured_cf = make(WrenchStamped, names.ROBOT_MEASURED_CF, qos.STATE_OFFERED)
        self._ft_raw = make(WrenchStamped, names.ROBOT_FT_RAW, qos.STATE_OFFERED)
        self._joints = make(JointState, names.JOINT_STATES, qos.STATE_OFFERED)
        self._tf = make(TFMessage, names.TF, qos.STATE_OFFERED)
        self._description = make(String, names.ROBOT_DESCRIPTION, qos.LATCHED)
        self._description.publish(String(data=description_file(arm.urdf).read_text()))
        self._links = LinkPoses(arm)

    def are_heard(self) -> bool:
        """True when controller, safety and exam hear the state and somebody hears the pictures.

        By name, and once all known readers are matched: a recorder or a listener would count for one that is missing,
        and what is missed at the start is not repeated.
        """
        state = self._node.get_subscriptions_info_by_topic(names.ROBOT_STATE)
        known = {reader.node_name for reader in state} >= {"controller", "safety", "exam"}
        return bool(
            known
            and self._state.get_subscription_count() >= len(state)
            and self._frames.get_subscription_count() >= max(1, self._node.count_subscribers(names.PROBE_FRAME))
        )

    def body(self, simulation: Simulation) -> None:
        """Skin and landmarks as they are now."""
        self.surface(simulation)
        self._landmarks.publish(conv.to_landmarks(simulation.landmarks()))

    def surface(self, simulation: Simulation) -> None:
        """Skin as the depth camera sees it now."""
        self._surface.publish(conv.to_cloud(simulation.surface()))

    def frame(self, frame: Frame) -> None:
        """One picture; called from the rendering thread."""
        self._frames.publish(conv.to_frame(frame))

    def tick(self, simulation: Simulation, robot: RobotState) -> RobotStateMsg:
        """One control tick; the state goes last, so that whoever hears it has the rest. Returns the state's message."""
        self._clock.publish(ClockMsg(clock=conv.to_time(robot.stamp_ns)))
        if robot.tick % SURFACE_TICKS == 0:
            self.surface(simulation)
        message = conv.to_robot_state(robot)
        self._state.publish(message)
        slow = robot.tick % SLOW_PERIOD_TICKS == 0
        if slow or self._measured_cp.get_subscription_count() > 0:
            self._measured_cp.publish(conv.to_measured_cp(robot))
        if slow or self._measured_cf.get_subscription_count() > 0:
            self._measured_cf.publish(conv.to_measured_cf(robot.stamp_ns, robot.wrench))
        if slow or self._ft_raw.get_subscription_count() > 0:
            self._ft_raw.publish(conv.to_measured_cf(robot.stamp_ns, simulation.raw_wrench))
        if slow:
            self._joints.publish(conv.to_joint_state(robot, self._links.joint_names))
            transforms = self._links.transforms(robot.joint_position_rad)
            self._tf.publish(TFMessage(transforms=[conv.to_transform(robot.stamp_ns, *t) for t in transforms]))
        return message

    def again(self, message: RobotStateMsg) -> None:
        """Repeat a state that nobody answered."""
        self._state.publish(message)


def without_wait(robot: RobotState) -> RobotState:
    """The state when perception is absent: nobody is asked to wait for a result."""
    return replace(robot, due_frame_sequence=-1)

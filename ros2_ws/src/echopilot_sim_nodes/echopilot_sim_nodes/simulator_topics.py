"""Publishers of the simulator and their rates."""

from dataclasses import replace

from builtin_interfaces.msg import Time
from echopilot_msgs.msg import BodyLandmarks as BodyLandmarksMsg
from echopilot_msgs.msg import RobotState as RobotStateMsg
from geometry_msgs.msg import PoseStamped, WrenchStamped
from rclpy.node import Node
from rosgraph_msgs.msg import Clock as ClockMsg
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import String
from ultrasound_msgs.msg import UltrasoundFrame

from echopilot_core import Frame, RobotState
from echopilot_core.paths import share_file
from echopilot_core.timing import NS_PER_S, SURFACE_TICKS
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.outlet import Outlet
from echopilot_sim.arm.arm_models import ArmModel
from echopilot_sim.arm.link_poses import LinkPoses
from echopilot_sim.simulation import Simulation
from echopilot_wire import (
    to_cloud,
    to_frame,
    to_joint_state,
    to_landmarks,
    to_measured_cf,
    to_measured_cp,
    to_robot_state,
    to_transforms,
)
from tf2_msgs.msg import TFMessage

SLOW_PERIOD_TICKS = 5


class SimulatorTopics:
    """Everything that a robot, a probe, a depth camera and an operator's pointer would publish."""

    def __init__(self, node: Node, arm: ArmModel) -> None:
        self._node = node
        state = qos.STATE_OFFERED
        self._clock = node.create_publisher(ClockMsg, topics.CLOCK, state)
        self._state = Outlet(node, RobotStateMsg, topics.ROBOT_STATE, to_robot_state, state)
        self._frames = Outlet(node, UltrasoundFrame, topics.PROBE_FRAME, to_frame, qos.FRAMES_OFFERED)
        self._surface = Outlet(node, PointCloud2, topics.BODY_SURFACE, to_cloud, qos.ANSWER_OFFERED)
        self._landmarks = Outlet(node, BodyLandmarksMsg, topics.BODY_LANDMARKS, to_landmarks, qos.LATCHED)
        self._measured_cp = Outlet(node, PoseStamped, topics.ROBOT_MEASURED_CP, to_measured_cp, state)
        self._measured_cf = Outlet(node, WrenchStamped, topics.ROBOT_MEASURED_CF, to_measured_cf, state)
        self._ft_raw = Outlet(node, WrenchStamped, topics.ROBOT_FT_RAW, to_measured_cf, state)
        self._joints = Outlet(node, JointState, topics.JOINT_STATES, to_joint_state, state)
        self._tf = Outlet(node, TFMessage, topics.TF, to_transforms, state)
        self._description = node.create_publisher(String, topics.ROBOT_DESCRIPTION, qos.LATCHED)
        self._description.publish(String(data=share_file("echopilot_description", arm.urdf).read_text()))
        self._links = LinkPoses(arm)

    def have_subscribers(self) -> bool:
        """True when controller, safety and exam hear the state and somebody hears the images.

        By name, and once all known readers are matched: a recorder or a listener would count for one that is missing,
        and what is missed at the start is not repeated.
        """
        state = self._node.get_subscriptions_info_by_topic(topics.ROBOT_STATE)
        known = {reader.node_name for reader in state} >= {"controller", "safety", "exam"}
        return bool(
            known
            and self._state.publisher.get_subscription_count() >= len(state)
            and self._frames.publisher.get_subscription_count()
            >= max(1, self._node.count_subscribers(topics.PROBE_FRAME))
        )

    def body(self, simulation: Simulation) -> None:
        """Skin and landmarks as they are now."""
        self.surface(simulation)
        self._landmarks.send(simulation.landmarks())

    def surface(self, simulation: Simulation) -> None:
        """Skin as the depth camera sees it now."""
        self._surface.send(simulation.surface())

    def frame(self, frame: Frame) -> None:
        """One image; called from the rendering thread."""
        self._frames.send(frame)

    def tick(self, simulation: Simulation, robot: RobotState) -> bytes:
        """One control tick; the state goes last, so that whoever hears it has the rest. Returns the state's message."""
        sec, nanosec = divmod(robot.stamp_ns, NS_PER_S)
        self._clock.publish(ClockMsg(clock=Time(sec=sec, nanosec=nanosec)))
        if robot.tick % SURFACE_TICKS == 0:
            self.surface(simulation)
        state = self._state.send(robot)
        slow = robot.tick % SLOW_PERIOD_TICKS == 0
        if slow or self._measured_cp.has_subscribers:
            self._measured_cp.send(robot)
        if slow or self._measured_cf.has_subscribers:
            self._measured_cf.send(robot.stamp_ns, robot.wrench)
        if slow or self._ft_raw.has_subscribers:
            self._ft_raw.send(robot.stamp_ns, simulation.raw_wrench)
        if slow:
            self._joints.send(robot)
            self._tf.send(robot.stamp_ns, self._links.transforms(robot.joint_position_rad))
        return state

    def again(self, state: bytes) -> None:
        """Repeat a state that nobody answered."""
        self._state.send_again(state)


def without_wait(robot: RobotState) -> RobotState:
    """The state when perception is absent: nobody is asked to wait for a result."""
    return replace(robot, due_frame_sequence=-1)

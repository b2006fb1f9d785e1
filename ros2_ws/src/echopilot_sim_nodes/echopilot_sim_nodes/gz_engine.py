"""Gazebo through ros_gz_bridge and ros2_control: steps by the world's control service, states by topics.

All of Gazebo's side lies below `gz/`, so that it is not taken for the graph's own: `gz/joint_states` and
`gz/joint_velocity_controller/commands` of ros2_control, `gz/robot/force_torque`, `gz/robot/joint1_torque` … and
`gz/sim/truth/…` of the bridge.
"""

from collections.abc import Callable, Sequence

import numpy as np
from geometry_msgs.msg import WrenchStamped
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64, Float64MultiArray, Int32

from echopilot_core import Array, EchoPilotError, SteadyClock, to_s
from echopilot_gz.engine import EngineState
from echopilot_nodes.graph import qos
from echopilot_sim.frame_schedule import STEP_NS
from echopilot_wire import stamp_of
from ros_gz_interfaces.msg import WorldControl
from ros_gz_interfaces.srv import ControlWorld

LOOK_S = 0.02  # wall time between looks at what has arrived
LONG_S = 5.0  # a wait that is worth a line
QUIET_S = 0.2  # wall time without a state after which a paused world has told all
TORQUE_AGE_NS = 20_000_000  # two periods of the joints' sensors


class GzEngine:
    """An `Engine` over the world of a name. Raises EchoPilotError where Gazebo ends, or tells what cannot be."""

    def __init__(self, node: Node, world: str, joints: Sequence[str]) -> None:
        self._node, self._world, self._names = node, world, tuple(joints)
        self._wall = SteadyClock()
        self._now_ns = -1
        self._joints: dict[int, JointState] = {}  # by stamp, newer ones than the last state
        self._wrenches: dict[int, Array] = {}
        self._torques = np.full((len(joints), 3), np.nan)
        self._torque_ns = [-1] * len(joints)
        self._heard_ns = 0
        self._truth = [0.0, 0]
        self._control = node.create_client(ControlWorld, f"/world/{world}/control")
        self._commands = node.create_publisher(Float64MultiArray, "gz/joint_velocity_controller/commands", qos.COMMAND)
        node.create_subscription(JointState, "gz/joint_states", self._on_joints, qos.STATE_RECORDED)
        node.create_subscription(WrenchStamped, "gz/robot/force_torque", self._on_wrench, qos.STATE_RECORDED)
        node.create_subscription(Float64, "gz/sim/truth/max_force", self._on_max_force, qos.STATE_RECORDED)
        node.create_subscription(Int32, "gz/sim/truth/limit_crossings", self._on_crossings, qos.STATE_RECORDED)
        for i, name in enumerate(joints):
            self._listen_to_torque(i, name)

    def state(self) -> EngineState:
        """The state now; the first call waits for Gazebo and its controllers, and pauses the world."""
        if self._now_ns < 0:
            self._await(self._control.service_is_ready, f"the service {self._control.srv_name} of ros_gz_bridge")
            self._await(lambda: bool(self._joints), "gz/joint_states of ros2_control")
            self._await(lambda: self._commands.get_subscription_count() > 0, "gz/joint_velocity_controller")
            self._ask(WorldControl(pause=True))
            self._await(lambda: to_s(self._wall.now_ns() - self._heard_ns) > QUIET_S, "the paused world to fall silent")
            self._now_ns = max(self._joints)
            return self.advance(np.zeros(len(self._names)), 1)
        return self._read()

    def advance(self, velocity_rad_s: Array, steps: int) -> EngineState:
        """The state after so many physics steps of 1 ms with these joint velocities (n,) commanded.

        It is complete with the joints and the wrench of one step and with torques of every joint that are not older
        than 20 ms; a part that is missing is waited for, and Gazebo stands still meanwhile.
        """
        begin_ns = self._now_ns
        self._commands.publish(Float64MultiArray(data=velocity_rad_s.tolist()))
        self._ask(WorldControl(pause=True, multi_step=steps))
        end_ns = begin_ns + steps * STEP_NS
        self._await(lambda: self._reached(end_ns), f"the state at {to_s(end_ns):.3f} s")
        self._now_ns = self._newest()
        return self._read()

    def _newest(self) -> int:
        """Stamp of the newest step of which joints and wrench have come; -1 before any."""
        return max(self._joints.keys() & self._wrenches.keys(), default=-1)

    def _reached(self, end_ns: int) -> bool:
        return self._newest() >= end_ns and min(self._torque_ns) >= end_ns - TORQUE_AGE_NS

    def _read(self) -> EngineState:
        joints, wrench = self._joints[self._now_ns], self._wrenches[self._now_ns]
        for kept in (self._joints, self._wrenches):
            for stamp in [stamp for stamp in kept if stamp < self._now_ns]:
                del kept[stamp]
        missing = [name for name in self._names if name not in joints.name]
        if missing:
            raise EchoPilotError(f"gz/joint_states has no {', '.join(missing)}; it has {', '.join(joints.name)}")
        order = [joints.name.index(name) for name in self._names]
        position, velocity = np.array(joints.position)[order], np.array(joints.velocity)[order]
        torques = self._torques.copy()
        if not all(np.isfinite(part).all() for part in (position, velocity, wrench, torques)):
            raise EchoPilotError("Gazebo tells joints, torques or a wrench that are not finite")
        return EngineState(self._now_ns, position, velocity, torques, wrench, self._truth[0], int(self._truth[1]))

    def _ask(self, control: WorldControl) -> None:
        if not self._control.service_is_ready():
            raise EchoPilotError(f"Gazebo has ended: nobody offers {self._control.srv_name}")
        answer: Future = self._control.call_async(ControlWorld.Request(world_control=control))
        self._await(answer.done, f"an answer of {self._control.srv_name}")
        reply = answer.result()
        if reply is None or not reply.success:
            raise EchoPilotError(f"Gazebo refused to step the world {self._world}")

    def _await(self, done: Callable[[], bool], what: str) -> None:
        """Handle what arrives until `done`; says what is waited for when it takes long."""
        own = SingleThreadedExecutor(context=self._node.context) if self._node.executor is None else None
        executor: Executor = own or self._node.executor
        if own is not None:
            own.add_node(self._node)
        began_ns = self._wall.now_ns()
        try:
            while not done():
                executor.spin_once(timeout_sec=LOOK_S)
                if to_s(self._wall.now_ns() - began_ns) > LONG_S:
                    self._node.get_logger().warning(f"waits for {what}", throttle_duration_sec=10.0)
                    if self._now_ns >= 0 and not self._control.service_is_ready():
                        raise EchoPilotError(f"Gazebo has ended while {what} was awaited")
        finally:
            if own is not None:
                own.remove_node(self._node)
                own.shutdown()

    def _on_joints(self, message: JointState) -> None:
        self._joints[stamp_of(message)] = message
        self._heard_ns = self._wall.now_ns()

    def _on_wrench(self, message: WrenchStamped) -> None:
        self._wrenches[stamp_of(message)] = _wrench(message)

    def _listen_to_torque(self, at: int, joint: str) -> None:
        def take(message: WrenchStamped) -> None:
            self._torques[at], self._torque_ns[at] = _wrench(message)[3:], stamp_of(message)

        self._node.create_subscription(WrenchStamped, f"gz/robot/{joint}_torque", take, qos.STATE_RECORDED)

    def _on_max_force(self, message: Float64) -> None:
        self._truth[0] = message.data

    def _on_crossings(self, message: Int32) -> None:
        self._truth[1] = message.data


def _wrench(message: WrenchStamped) -> Array:
    force, torque = message.wrench.force, message.wrench.torque
    return np.array([force.x, force.y, force.z, torque.x, torque.y, torque.z])

"""A process that speaks as ros_gz_bridge and ros2_control do, with Gazebo's DART engine and the patient behind it.

`python gazebo_stand_in.py PROGRAM FOLDER PATIENT [TICK]`: the compiled dart_engine, a folder for its world, a name or a
seed, and the control tick, modulo the exam's raster, that is the first one after the world was paused.
"""

import math
import sys
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import rclpy
from builtin_interfaces.msg import Time
from dart_engine import VELOCITY, ArmStep, DartEngine, running
from geometry_msgs.msg import Vector3, Wrench, WrenchStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64, Float64MultiArray, Header, Int32

from echopilot_control.kinematics.arm_model import read_arm
from echopilot_control.kinematics.chain import arm_kinematics
from echopilot_core import ManualClock
from echopilot_core.paths import share_file
from echopilot_core.timing import EXAM_TICKS, TICK_NS
from echopilot_gz.settings import patient_of
from echopilot_nodes.graph import qos
from echopilot_sim.arm.arm_models import FR3_LIKE
from echopilot_sim.physics.patient_world import PatientWorld
from ros_gz_interfaces.srv import ControlWorld

WORLD, STEP_NS, RUNNING_S = "echopilot_bench", 1_000_000, 0.05
URDF = share_file("echopilot_description", FR3_LIKE.urdf)


class Gazebo(Node):
    """The world runs until it is paused, as after its start; then it takes steps on request."""

    def __init__(self, engine: DartEngine, patient: str, tick: int | None) -> None:
        super().__init__("gazebo", namespace="gz")
        self._first_tick = tick
        text = URDF.read_text(encoding="utf-8")
        self._names, start, self._axes = _joints(text)
        self._noise, self._rng = _noise(text), np.random.default_rng(1)
        self._arm, self._engine = read_arm(text), engine
        self._time = ManualClock()
        self._patient = PatientWorld(patient_of(patient), self._time)
        self._velocity = np.zeros(len(start))
        self._seen = engine.place(start)
        state = qos.STATE_RECORDED
        self._joint_states = self.create_publisher(JointState, "joint_states", state)
        self._wrench = self.create_publisher(WrenchStamped, "robot/force_torque", state)
        self._torques = [self.create_publisher(WrenchStamped, f"robot/{n}_torque", state) for n in self._names]
        self._max_force = self.create_publisher(Float64, "sim/truth/max_force", state)
        self._crossings = self.create_publisher(Int32, "sim/truth/limit_crossings", state)
        self.create_subscription(Float64MultiArray, "joint_velocity_controller/commands", self._on_command, qos.COMMAND)
        self.create_service(ControlWorld, f"/world/{WORLD}/control", self._on_control)
        self._running = self.create_timer(RUNNING_S, lambda: self._advance(round(RUNNING_S * 1e9) // STEP_NS - 3))

    def _on_command(self, message: Float64MultiArray) -> None:
        self._velocity = np.array(message.data)

    def _on_control(self, request: ControlWorld.Request, response: ControlWorld.Response) -> ControlWorld.Response:
        control = request.world_control
        if control.pause and not self._running.is_canceled():
            self._running.cancel()
            if self._first_tick is not None:
                begin_ns = (self._first_tick - 1) * TICK_NS - TICK_NS // 2  # from there to a tick, and on by one
                self._advance((begin_ns - self._time.now_ns()) % (EXAM_TICKS * TICK_NS) // STEP_NS)
        if control.multi_step:
            self._advance(control.multi_step)
        response.success = True
        return response

    def _advance(self, steps: int) -> None:
        patient, now_ns = self._patient, self._time.now_ns()
        for _ in range(steps):
            seen = self._seen
            wrench = patient.step(seen.rotation, seen.origin_m.copy(), seen.twist)
            in_world = np.concatenate([seen.rotation @ wrench[:3], seen.rotation @ wrench[3:]])
            self._seen = self._engine.step(self._velocity, in_world, VELOCITY)
            now_ns += STEP_NS
            self._time.advance_to(now_ns)
        self._tell(self._seen, now_ns)

    def _tell(self, seen: ArmStep, now_ns: int) -> None:
        header = Header(stamp=Time(sec=now_ns // 10**9, nanosec=now_ns % 10**9))
        nan = [math.nan] * len(self._names)  # gz_ros2_control of Jazzy tells no effort
        backwards = slice(None, None, -1)  # the broadcaster sorts as it likes
        self._joint_states.publish(
            JointState(
                header=header,
                name=self._names[backwards],
                position=seen.q_rad[backwards].tolist(),
                velocity=seen.velocity_rad_s[backwards].tolist(),
                effort=nan,
            )
        )
        along = (arm_kinematics(self._arm, seen.q_rad.copy()).axis * seen.torque_n_m).sum(axis=1)
        for publisher, torque, axis in zip(self._torques, along, self._axes, strict=True):
            publisher.publish(_stamped(header, np.concatenate([np.zeros(3), torque * axis])))
        self._max_force.publish(Float64(data=self._patient.max_normal_force_n))
        self._crossings.publish(Int32(data=self._patient.limit_crossings))
        self._wrench.publish(_stamped(header, seen.sensor + self._noise * self._rng.standard_normal(6)))


def _joints(urdf: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of the moving joints, the angles (n,) that they start at, and their axes (n, 3) in the child."""
    robot = ElementTree.fromstring(urdf)
    found = robot.findall("ros2_control/joint")
    names = [str(j.get("name")) for j in found]
    angles = [float(j.findtext("state_interface[@name='position']/param", "0")) for j in found]
    axes = [str(robot.find(f"joint[@name='{n}']/axis").get("xyz")).split() for n in names]  # type: ignore[union-attr]
    return names, np.array(angles), np.array(axes, dtype=float)


def _noise(urdf: str) -> np.ndarray:
    """Standard deviations (6,) [N, N m] of the force sensor."""
    sensor = ElementTree.fromstring(urdf).find(".//sensor[@name='force_torque_sensor']/force_torque")
    assert sensor is not None
    parts = [(part, axis) for part in ("force", "torque") for axis in "xyz"]
    return np.array([float(sensor.findtext(f"{part}/{axis}/noise/stddev", "")) for part, axis in parts])


def _stamped(header: Header, wrench: np.ndarray) -> WrenchStamped:
    force, torque = (Vector3(x=x, y=y, z=z) for x, y, z in wrench.reshape(2, 3).tolist())
    return WrenchStamped(header=header, wrench=Wrench(force=force, torque=torque))


def main() -> None:
    """Run until a signal comes."""
    program, folder, patient, *tick = Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]
    names, _, _ = _joints(URDF.read_text(encoding="utf-8"))
    model = str(ElementTree.parse(URDF).getroot().get("name"))
    rclpy.init()
    with running(program, URDF, model, tuple(names), folder) as engine:
        node = Gazebo(engine, patient, int(tick[0]) if tick else None)
        with suppress(KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
            rclpy.spin(node)
        node.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()

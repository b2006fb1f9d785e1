"""The process of the 1 kHz loop: `python -m echopilot_robot.fr3.loop DESCRIPTOR HOST SIGN URDF`.

pylibfranka keeps the interpreter's lock while it waits for the arm (0.21.3), so that no other thread of the process
would run: the loop has a process for itself, which imports neither rclpy nor anything of the graph.
"""

import gc
import os
import re
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pylibfranka as franka

from echopilot_control.kinematics.joint_limits import joint_names
from echopilot_core import Array, se3
from echopilot_core.robot import CONTACT_N
from echopilot_robot.arm import ArmSample
from echopilot_robot.bridge.motion import ArmMotion
from echopilot_robot.bridge.settings import BridgeSettings
from echopilot_robot.fr3.messages import LARGEST, LoopCount, pack_sample, unpack_command
from echopilot_robot.fr3.velocity_law import VelocityLaw

SAMPLE_TICKS = 4
PRIORITY = 80  # of SCHED_FIFO, where the system grants it
CONTACT_TORQUE_N_M, COLLISION_TORQUE_N_M = [20.0] * 7, [30.0] * 7
CONTACT_FORCE, COLLISION_FORCE = [18.0] * 3 + [10.0] * 3, [20.0] * 3 + [15.0] * 3  # N, N m: the hard limit is 20 N
STILL_RAD_S = 1e-3
RELEASE_S = 2.0  # after the driver has gone and the probe is free
_NS_PER_S = 1_000_000_000


class LoopLink:
    """The driver's end: the newest command, and samples out; `gone` once the driver has closed it."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self.command: tuple[int, Array] | None = None
        self.gone = False

    def poll(self) -> None:
        """Take what has arrived; the last command counts."""
        while not self.gone:
            try:
                data = self._socket.recv(LARGEST)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if data:
                self.command = unpack_command(data)
            else:
                self.gone = True

    def send(self, sample: ArmSample, count: LoopCount) -> None:
        """Send a sample; one for which there is no room is dropped."""
        with suppress(OSError):
            self._socket.send(pack_sample(sample, count))


class Fr3Loop:
    """One connection to an arm, from standstill to standstill."""

    def __init__(self, link: LoopLink, host: str, urdf: str, sensor_sign: int) -> None:
        self._link = link
        self._robot = franka.Robot(host, franka.RealtimeConfig.kIgnore)
        names = joint_names(urdf)
        self._law = VelocityLaw(urdf, names, sensor_sign)
        warm_up(VelocityLaw(urdf, names, sensor_sign), np.array(self._robot.read_once().q))
        self._sign = sensor_sign
        self._ended = False
        self._ticks = self._lost = 0
        self._free_ns = 0
        self._place_probe(ArmMotion(urdf, names, BridgeSettings(self_collision=False)))
        signal.signal(signal.SIGTERM, self._end)

    def run(self) -> None:
        """Move as commanded until the driver has gone or the arm has stopped by itself; then tell why it did."""
        robot = self._robot
        if robot.read_once().robot_mode == franka.RobotMode.Reflex:
            robot.automatic_error_recovery()  # whoever starts the driver has looked at the arm
        robot.set_collision_behavior(CONTACT_TORQUE_N_M, COLLISION_TORQUE_N_M, CONTACT_FORCE, COLLISION_FORCE)
        try:
            self._move(robot.start_joint_velocity_control(franka.ControllerMode.JointImpedance))
        except franka.ControlException as error:
            self._tell_reasons(str(error))

    def _move(self, control: "franka.ActiveControlBase") -> None:
        while True:
            state, passed = control.readOnce()
            heard_ns = time.monotonic_ns()
            self._count(passed.to_sec())
            self._link.poll()
            force_n = state.K_F_ext_hat_K[2]
            over = self._is_over(force_n, heard_ns)
            law, newest = self._law, self._link.command
            velocity = law.brake() if over else law.step(np.array(state.q), force_n, newest, heard_ns)
            command = franka.JointVelocities(velocity.tolist())
            command.motion_finished = over and float(np.abs(velocity).max()) < STILL_RAD_S
            control.writeOnce(command)
            if command.motion_finished:
                return
            if self._ticks % SAMPLE_TICKS == 0:
                self._send(state, heard_ns)

    def _tell_reasons(self, message: str) -> None:
        """Go on to tell where the arm is, and what it reports, until the driver goes."""
        named = re.findall(r'"([a-z_]+)"', message)
        while not (self._link.gone or self._ended):
            state = self._robot.read_once()
            self._ticks += 1
            self._link.poll()
            if self._ticks % SAMPLE_TICKS == 0:
                now = [name for name in dir(state.current_errors) if getattr(state.current_errors, name) is True]
                causes = tuple(dict.fromkeys([*named, *now])) or (message,)
                self._send(state, time.monotonic_ns(), tuple(f"{state.robot_mode.name}: {cause}" for cause in causes))

    def _send(self, state: "franka.RobotState", heard_ns: int, errors: tuple[str, ...] = ()) -> None:
        sample = ArmSample(
            heard_ns,  # libfranka's own count stands still with a simulated arm that is too slow
            heard_ns,
            np.array(state.q),
            np.array(state.dq),
            np.array(state.K_F_ext_hat_K),
            np.array(state.tau_J),
            errors,
        )
        self._link.send(sample, LoopCount(self._ticks, self._lost))

    def _count(self, passed_s: float) -> None:
        passed = max(round(passed_s * 1000.0), 1) if self._ticks else 1
        self._ticks += passed
        self._lost += passed - 1

    def _is_over(self, force_z_n: float, now_ns: int) -> bool:
        """Whether the driver has gone, and the probe is free since."""
        if self._ended:
            return True
        if not self._link.gone or self._law.pressing_n(force_z_n) > CONTACT_N:
            self._free_ns = now_ns
        return now_ns - self._free_ns > RELEASE_S * _NS_PER_S

    def _place_probe(self, motion: ArmMotion) -> None:
        """Make the probe of the description libfranka's stiffness frame K: the arm then estimates the force there."""
        state = self._robot.read_once()
        T_base_ee = np.array(state.O_T_EE).reshape(4, 4, order="F")
        T_base_probe = motion.at(np.array(state.q)).T_base_probe
        self._robot.set_K((se3.inverse(T_base_ee) @ T_base_probe).flatten(order="F").tolist())

    def _end(self, *_: object) -> None:
        self._ended = True


def warm_up(law: VelocityLaw, position_rad: Array) -> None:
    """Go through a law once, so that its kernels are compiled: the arm stops after 20 ms without a command."""
    for now_ns, command in ((0, None), (1, (0, np.zeros(len(position_rad)))), (_NS_PER_S, None)):
        law.step(position_rad, 0.0, command, now_ns)
    law.brake()


def main() -> None:
    """Run until the driver goes; without real-time scheduling where the system does not grant it."""
    descriptor, host, sign, urdf = sys.argv[1:]
    link = LoopLink(int(descriptor))
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    try:
        loop = Fr3Loop(link, host, Path(urdf).read_text(encoding="utf-8"), int(sign))
        gc.collect()
        gc.disable()
        loop.run()
    except (franka.FrankaException, franka.NetworkException, RuntimeError) as error:
        zeros = np.zeros(7)
        link.send(ArmSample(0, time.monotonic_ns(), zeros, zeros, np.zeros(6), zeros, (str(error),)), LoopCount())
        sys.exit(1)


if __name__ == "__main__":
    main()

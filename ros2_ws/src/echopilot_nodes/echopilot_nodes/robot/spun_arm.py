"""An arm with a driver of its own in a node: the node's callbacks run while its samples are waited for."""

import time
from collections.abc import Callable

from rclpy.executors import Executor, ExternalShutdownException

from echopilot_core import Array, EchoPilotError
from echopilot_robot import Arm, ArmSample
from echopilot_robot.fr3.driver import Fr3Arm

FR3 = "fr3:"
_SLICE_S = 0.002  # a twist waits for no more


class SpunArm:
    """Any `Arm` where a `TopicArm` is expected; the sensor reads in the probe's frame."""

    sensor_frame = "probe"
    has_listener = True

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self.joint_names, self.period_ns = arm.joint_names, arm.period_ns
        self._executor: Executor | None = None
        self._ends: Callable[[], bool] = lambda: False

    def run(self, executor: Executor, ends: Callable[[], bool]) -> None:
        """Read through this executor from now on; `read` raises ExternalShutdownException once `ends` says so."""
        self._executor, self._ends = executor, ends

    def read(self, timeout_s: float) -> ArmSample | None:
        """The next sample, as `echopilot_robot.Arm` says."""
        assert self._executor is not None
        end_s = time.monotonic() + timeout_s
        while (left_s := end_s - time.monotonic()) > 0.0:
            if self._ends():
                raise ExternalShutdownException
            self._executor.spin_once(timeout_sec=0.0)
            sample = self._arm.read(min(left_s, _SLICE_S))
            if sample is not None:
                return sample
        return None

    def command(self, velocity_rad_s: Array) -> None:
        """Joint velocities (n,) [rad/s]."""
        self._arm.command(velocity_rad_s)

    def stop(self) -> None:
        """Stand still."""
        self._arm.stop()

    def close(self) -> None:
        """Let go of the arm."""
        self._arm.close()


def driven_arm(name: str, urdf: str, sensor_sign: int) -> SpunArm:
    """The arm of a parameter `arm`, as `fr3:172.16.0.2`; EchoPilotError, with what is valid, for any other."""
    host = name.removeprefix(FR3)
    if not name.startswith(FR3) or not host:
        raise EchoPilotError(f"arm is {name!r}; valid: topics, or fr3:HOST")
    return SpunArm(Fr3Arm(host, urdf, sensor_sign))

"""Any arm as a `Robot`: samples to states, twists to joint velocities, and the compliant hold at the arm's rate."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from echopilot_control.force.tare import Tool
from echopilot_control.kinematics.chain import ArmKinematics
from echopilot_core import Array, RobotInputs, RobotMode, RobotState
from echopilot_core.robot_side.command_watchdog import CommandWatchdog
from echopilot_core.timing import TICK_NS
from echopilot_robot.arm import Arm, ArmSample
from echopilot_robot.bridge.driver_clock import DriverClock
from echopilot_robot.bridge.faults import PASSES, STOPS, ArmFault, ArmFaultKind
from echopilot_robot.bridge.force import ContactForce, described_tool
from echopilot_robot.bridge.motion import ArmMotion
from echopilot_robot.bridge.settings import BridgeSettings

AS_IT_IS = BridgeSettings()
LOOK_S = 0.02  # wall time between looks at a driver that says nothing
_SHORTEST_NS, _LONGEST_NS = 100_000, 50_000_000  # of the time between two samples, as the hold counts it


@dataclass(frozen=True, eq=False)
class _Seen:
    """The newest usable sample, its time in ROS time [ns], and what follows from it."""

    sample: ArmSample
    stamp_ns: int
    at: ArmKinematics
    wrench: Array


class BridgedRobot:
    """An `Arm` that keeps the contract of `echopilot_core.Robot`; `faults` are those of now.

    Control ticks lie on a raster of 10 ms of ROS time, and a state is that of its tick: the sample closest to it,
    moved on by its joint velocities for at most half the time between samples. The first step tares the force sensor.
    ROS time is the steady clock with the offset that it had in the beginning.
    """

    def __init__(
        self,
        arm: Arm,
        urdf: str,
        tool: Tool | None = None,
        settings: BridgeSettings = AS_IT_IS,
        ros_minus_steady_ns: int = 0,
        wall_minus_steady_ns: Callable[[], int] | None = None,
    ) -> None:
        """`urdf` is the text of the robot's description, with links `base` and `probe`; `tool` in the sensor's frame.

        Without a `tool` it is what the description has at the sensor's link and beyond.

        `wall_minus_steady_ns` tells the wall clock against the steady one, None where nobody watches it.

        Raises EchoPilotError or ValueError, in one line, where arm, description and settings do not fit together.
        """
        self._arm, self._settings = arm, settings
        self._ros_ns, self._wall = ros_minus_steady_ns, wall_minus_steady_ns
        self._motion = ArmMotion(urdf, arm.joint_names, settings)
        self._force = ContactForce(urdf, tool or described_tool(urdf, settings.sensor_link), settings, arm.period_ns)
        self._clock = DriverClock("the driver", ros_minus_steady_ns, settings.own_clock)
        self._watchdog = CommandWatchdog()
        self._seen: _Seen | None = None
        self._placed: tuple[int, ArmKinematics] | None = None
        self._origin_ns: int | None = None
        self._tick = -1
        self._command = np.zeros(len(arm.joint_names))
        self._tare_fault: ArmFault | None = None
        self.faults: tuple[ArmFault, ...] = ()

    @property
    def force_delay_ns(self) -> int:
        """Delay of the force by its filter [ns]."""
        return self._force.delay_ns

    @property
    def raw_wrench(self) -> Array:
        """The newest reading (6,) of the sensor, as the driver told it."""
        return np.zeros(6) if self._seen is None else self._seen.sample.wrench

    def take(self, inputs: RobotInputs) -> None:
        """Hand over what has arrived between two ticks, for the next sample; `step` begins with it."""
        if self._seen is not None:
            now_ns = self._seen.sample.heard_ns + self._ros_ns
            self._watchdog.take(self._allowed(inputs), now_ns, self._seen.at.T_base_probe[:3, 2])

    def step(self, inputs: RobotInputs) -> RobotState:
        """Wait for the end of the next control tick of 10 ms, as `echopilot_core.Robot` says."""
        if self._seen is None:
            self._begin()
        assert self._seen is not None and self._origin_ns is not None
        self.take(inputs)
        half_ns = self._arm.period_ns // 2
        while self._seen.stamp_ns < self._origin_ns + (self._tick + 1) * TICK_NS - half_ns:
            self._take(self._next())
        self._tick += 1
        missed = (self._seen.stamp_ns + half_ns - self._origin_ns) // TICK_NS - self._tick
        self._tick += missed if missed > 1 else 0  # after a pause of the driver, a tick that is now
        return self._state(self._origin_ns + self._tick * TICK_NS)

    def close(self) -> None:
        """Stop and let go of the arm."""
        self._arm.close()

    def _allowed(self, inputs: RobotInputs) -> RobotInputs:
        """The inputs; without safety, so that the hold begins, while a fault is there."""
        return RobotInputs(None, None) if self.faults else inputs

    def _begin(self) -> None:
        """Tare the sensor, with the arm at rest, and lay the raster of ticks."""
        readings: list[Array] = []
        began_ns = 0
        while True:
            sample = self._next()
            self._arm.stop()
            if (fault := self._unusable(sample)) is not None:
                self.faults, readings = (fault,), []
                continue
            began_ns = began_ns if readings else sample.heard_ns
            readings.append(sample.wrench)
            self._clock.take(sample.stamp_ns, sample.heard_ns)
            if sample.heard_ns - began_ns >= self._settings.tare_ns:
                break
        self._motion.begin(sample.position_rad)
        self._tare_fault = self._force.tare(readings, self._motion.at(sample.position_rad).T_base_probe[:3, :3])
        self._take(sample)
        assert self._seen is not None
        self._origin_ns = self._seen.stamp_ns

    def _next(self) -> ArmSample:
        """The next sample; a driver that is silent is told to stop again and again, since nothing is known of it."""
        silent_s = 0.0
        while (sample := self._arm.read(LOOK_S)) is None:
            silent_s += LOOK_S
            if silent_s * 1e9 >= self._settings.silent_ns:
                text = (
                    f"no sample for {silent_s:.1f} s; expected: one every {1e-6 * self._arm.period_ns:g} ms, at the "
                    f"latest after {1e-6 * self._settings.silent_ns:.0f} ms"
                )
                self.faults = (ArmFault(ArmFaultKind.DRIVER_SILENT, text),)
                self._arm.stop()
        return sample

    def _unusable(self, sample: ArmSample) -> ArmFault | None:
        n = len(self._arm.joint_names)
        if sample.errors:
            kind = ArmFaultKind.DRIVER_SILENT if sample.is_silent else ArmFaultKind.DRIVER_ERROR
            return ArmFault(kind, f"it says: {'; '.join(sample.errors)}; expected: no error")
        shapes = sample.position_rad.shape, sample.velocity_rad_s.shape, sample.wrench.shape
        if shapes != ((n,), (n,), (6,)):
            return ArmFault(ArmFaultKind.SAMPLE_UNUSABLE, f"shapes {shapes}; expected: ({n},), ({n},) and (6,)")
        parts = {"position": sample.position_rad, "velocity": sample.velocity_rad_s, "wrench": sample.wrench}
        for name, values in parts.items():
            if not np.isfinite(values).all():
                return ArmFault(ArmFaultKind.SAMPLE_UNUSABLE, f"{name} is {values.tolist()}; expected: finite numbers")
        return None

    def _take(self, sample: ArmSample) -> None:
        """Answer a sample with joint velocities, and keep it for the state of its tick."""
        if self._wall is not None:
            self._clock.watch_wall(self._wall(), sample.heard_ns)
        stamp_ns = self._clock.take(sample.stamp_ns, sample.heard_ns)
        fault = self._unusable(sample)
        if fault is not None:
            self._halt(fault, stamp_ns)
            return
        at = self._at(sample)
        wrench = self._force.on_probe(sample.wrench, at.T_base_probe[:3, :3])
        before, self._seen = self._seen, _Seen(sample, stamp_ns, at, wrench)
        passed_ns = self._arm.period_ns if before is None else sample.heard_ns - before.sample.heard_ns
        dt_s = 1e-9 * min(max(passed_ns, _SHORTEST_NS), _LONGEST_NS)
        if any(f is not None for f in (self._clock.fault, self._tare_fault)):
            self._watchdog.take(RobotInputs(None, None), 0, at.T_base_probe[:3, 2])  # lets go of the twist
        z_axis = np.ascontiguousarray(at.T_base_probe[:3, 2])
        twist = self._watchdog.twist(sample.heard_ns + self._ros_ns, dt_s, -float(wrench[2]), z_axis)
        command = self._motion.follow(twist, at, sample.position_rad, sample.heard_ns)
        self.faults = tuple(f for f in (self._tare_fault, self._clock.fault, command.fault) if f is not None)
        self._arm.command(command.velocity_rad_s)

    def _at(self, sample: ArmSample) -> ArmKinematics:
        """The arm at a sample, or at one less than half a tick older: no arm turns by more than 2 mrad meanwhile."""
        if self._placed is None or not 0 <= sample.heard_ns - self._placed[0] < TICK_NS // 2:
            self._placed = sample.heard_ns, self._motion.at(sample.position_rad)
        return self._placed[1]

    def _halt(self, fault: ArmFault, stamp_ns: int) -> None:
        """Stop: of the arm's force or joints nothing is known; the last state goes on, as one of a faulty arm."""
        self._arm.stop()
        self.faults = (fault,) if self._clock.fault is None else (self._clock.fault, fault)
        if self._seen is not None:
            seen = self._seen
            self._seen = _Seen(seen.sample, max(stamp_ns, seen.stamp_ns), seen.at, seen.wrench)

    @property
    def _mode(self) -> RobotMode:
        if any(fault.kind not in PASSES for fault in self.faults):
            return RobotMode.FAULT
        return RobotMode.COMPLIANT_HOLD if self.faults else self._watchdog.mode

    def _state(self, stamp_ns: int) -> RobotState:
        assert self._seen is not None
        sample, stopped = self._seen.sample, any(fault.kind in STOPS for fault in self.faults)
        velocity = np.zeros_like(sample.velocity_rad_s) if stopped else sample.velocity_rad_s
        ahead_ns = min(max(stamp_ns - self._seen.stamp_ns, -TICK_NS), TICK_NS)
        position = sample.position_rad + 1e-9 * ahead_ns * velocity
        at = self._motion.at(position)
        return RobotState(
            stamp_ns=stamp_ns,
            tick=self._tick,
            T_base_probe=at.T_base_probe,
            twist=at.J @ velocity,
            wrench=self._seen.wrench,
            joint_position_rad=position,
            joint_velocity_rad_s=velocity,
            mode=self._mode,
            joint_names=self._arm.joint_names,
            joint_effort_n_m=sample.torque_n_m,
        )


def ros_minus_steady_ns() -> int:
    """ROS time, which is the wall clock where nothing is simulated, minus the steady clock of this host [ns]."""
    before_ns = time.monotonic_ns()
    wall_ns = time.time_ns()
    return wall_ns - (before_ns + time.monotonic_ns()) // 2

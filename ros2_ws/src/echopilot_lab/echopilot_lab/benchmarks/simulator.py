"""Benchmarks of the simulation: physics beside MuJoCo's own contact, and the whole simulator's share of a core."""

import time
from typing import Any

import cv2
import mujoco
import numpy as np
from rich.console import Console

from echopilot_core import RobotState, SafeTwist
from echopilot_lab.benchmarks.timing import SEED, percentiles, show
from echopilot_sim.anatomy import build, sample_patient
from echopilot_sim.arm.arm_models import FR3_LIKE
from echopilot_sim.arm.mujoco_arm import PROBE_BODY, ArmPhysics, arm_spec
from echopilot_sim.simulation import START_POSE, STEPS_PER_TICK, SimConfig, Simulation

TICKS = 1000
SETPOINT_N = 5.0
_TORSO_M = (0.17, 0.40, 0.11)  # half-axes of the peer's body
_SOFT_SOLREF, _SOFT_SOLIMP = (-300.0, -30.0), (0.1, 0.5, 0.02, 0.5, 2.0)


def bench_physics(console: Console) -> dict[str, Any]:
    """Milliseconds per physics step in contact; peer: the same arm on an ellipsoid with MuJoCo's own contact."""
    simulation = Simulation(sample_patient(SEED))
    robot = _landed(simulation)
    spent = []
    for _ in range(TICKS):
        started = time.perf_counter()
        robot = simulation.step(_press(robot)).robot
        spent.append(1e3 * (time.perf_counter() - started) / STEPS_PER_TICK)
    peer = _OwnContact()
    for _ in range(4000):  # down and settled
        peer.step()
    others = []
    for _ in range(TICKS):
        started = time.perf_counter()
        for _ in range(STEPS_PER_TICK):
            peer.step()
        others.append(1e3 * (time.perf_counter() - started) / STEPS_PER_TICK)
    figures: dict[str, Any] = {
        "ms": percentiles(np.array(spent)),
        "steps_per_s": 1e3 / float(np.mean(spent)),
        "threads": 1,
        "peer": {
            "name": "MuJoCo soft contact with an ellipsoid",
            "ms": percentiles(np.array(others)),
            "steps_per_s": 1e3 / float(np.mean(others)),
        },
    }
    show(console, "physics, one step of 1 ms with contact and force control", figures)
    console.print(f"{figures['steps_per_s']:.0f} steps/s, peer {figures['peer']['steps_per_s']:.0f}")
    return figures


def bench_simulator(console: Console, seconds: float = 10.0) -> dict[str, Any]:
    """CPU seconds per simulated second of physics at 1 kHz with images at 30 Hz, in one process, in contact."""
    cv2.setNumThreads(1)
    anatomy = build(sample_patient(SEED))
    figures: dict[str, Any] = {"threads": 1}
    for quality in ("full", "fast"):
        simulation = Simulation(anatomy, SimConfig(quality=quality))
        robot = _landed(simulation)
        started_s, started_ns, images = time.process_time(), simulation.now_ns, 0
        for _ in range(round(100 * seconds)):
            tick = simulation.step(_press(robot))
            robot = tick.robot
            for frame_state in tick.acquisitions:
                simulation.render(frame_state)
                images += 1
        simulated_s = (simulation.now_ns - started_ns) * 1e-9
        figures[quality] = {"cores": (time.process_time() - started_s) / simulated_s, "fps": images / simulated_s}
        console.print(f"simulator, {quality}: {figures[quality]['cores']:.2f} cores at real time, 30 images per second")
    return {**figures, "cores": figures["full"]["cores"]}


def _press(robot: RobotState) -> SafeTwist:
    touches = robot.contact_force_n > 2.0
    speed = 0.004 * (SETPOINT_N - robot.contact_force_n) if touches else 0.02
    return SafeTwist(robot.stamp_ns, np.concatenate([speed * robot.T_base_probe[:3, 2], np.zeros(3)]))


def _landed(simulation: Simulation) -> RobotState:
    """Down onto the body, then half a second of hold; one image is rendered to warm up."""
    tick = simulation.step(None)
    simulation.render(tick.acquisitions[0])
    robot = tick.robot
    while robot.contact_force_n < 2.0:
        robot = simulation.step(_press(robot)).robot
    for _ in range(50):
        robot = simulation.step(_press(robot)).robot
    return robot


class _OwnContact:
    """The same arm, joint loop and force control, but the probe's geometry meets an ellipsoid inside MuJoCo."""

    def __init__(self) -> None:
        spec = arm_spec(FR3_LIKE)
        spec.option.disableflags = 0
        for geom in spec.body(PROBE_BODY).geoms:
            geom.contype = geom.conaffinity = int(geom.group == 0 or geom.contype == 0)
        body = spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_ELLIPSOID, size=_TORSO_M, pos=(0.5, 0.0, 0.20))
        body.solref, body.solimp = _SOFT_SOLREF, _SOFT_SOLIMP
        body.priority = 1
        self._arm = ArmPhysics(START_POSE, spec=spec)
        self._twist, self._force = np.zeros(6), np.zeros(6)
        self.force_n = 0.0

    def step(self) -> None:
        """One millisecond."""
        arm = self._arm
        self._twist[:3] = arm.rotation[:, 2] * (0.004 * (SETPOINT_N - self.force_n) if self.force_n > 0.5 else 0.02)
        arm.step(self._twist, np.zeros(6))
        self.force_n = 0.0
        for contact in range(arm.data.ncon):
            mujoco.mj_contactForce(arm.model, arm.data, contact, self._force)
            self.force_n += float(self._force[0])

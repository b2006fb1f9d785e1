"""Good evidence for every input of safety, so that a test spoils one and nothing else."""

from dataclasses import replace
from functools import lru_cache

import gantry
import numpy as np

from echopilot_control.kinematics.chain import ArmKinematics, arm_kinematics, manipulability
from echopilot_control.safety import SafetyInputs, SafetyMemory
from echopilot_control.safety.evidence.people import ONE_EACH
from echopilot_control.safety.witness.force_witness import WitnessMemory
from echopilot_control.safety.witness.sensor_check import SensorMemory
from echopilot_core import BodyLandmarks, BodySurface, ProbeCommand, RobotMode, RobotState

LANDMARKS = BodyLandmarks(0, np.array([0.5, 0.2, 0.2]), np.array([0.5, 0.0, 0.2]), np.array([0.5, -0.18, 0.2]))
DOWN = np.diag([1.0, -1.0, -1.0, 1.0])
SKIN_NS = 200_000_000
NOISE = np.array([0.1, 0.1, 0.1, 0.005, 0.005, 0.005])  # of a healthy force sensor [N, N m]
PROVEN = SafetyMemory(witness=WitnessMemory(sensor=SensorMemory(proven=True)))
"""Memory of a safety that has seen the force sensor work in free air."""


def robot(now_ns: int, force_n: float = 0.0, position=(0.5, -0.05, 0.19), **changes) -> RobotState:
    """The gantry with the probe straight down; `changes` to the pose or the twist are followed by the joints."""
    T = DOWN.copy()
    T[:3, 3] = position
    wrench = NOISE * np.random.default_rng(now_ns).standard_normal(6) - np.array([0.0, 0.0, force_n, 0.0, 0.0, 0.0])
    state = RobotState(now_ns, now_ns // 10_000_000, T, np.zeros(6), wrench, np.zeros(6), np.zeros(6), RobotMode.SERVO)
    state = replace(state, **changes)
    q, dq = state.joint_position_rad, state.joint_velocity_rad_s
    if {"joint_position_rad", "joint_velocity_rad_s"} & set(changes) or not np.isfinite(state.twist).all():
        if q.shape != (6,) or not np.isfinite(q).all():
            return state
        at = arm_kinematics(gantry.ARM, q)
    else:
        q, dq, at = gantry.joints(state.T_base_probe, state.twist)
    whole = state.wrench.shape == (6,) and bool(np.isfinite(state.wrench).all())
    effort = gantry.efforts(at, state.T_base_probe[:3, :3], state.wrench if whole else np.zeros(6))
    return replace(state, joint_position_rad=q, joint_velocity_rad_s=dq, joint_effort_n_m=effort)


def command(now_ns: int, sequence: int, twist=None, valid_ns: int = 40_000_000) -> ProbeCommand:
    twist = np.zeros(6) if twist is None else np.asarray(twist, dtype=float)
    return ProbeCommand(now_ns, sequence, twist, 5.0, 3, valid_ns)


def trunk(shift_m=(0.0, 0.0, 0.0), belly_m: float = 0.0, seed: int = 5) -> np.ndarray:
    """A lying trunk (N, 3) [m]: an ellipse 0.30 by 0.20 m that narrows to the head; `belly_m` lifts the belly alone."""
    rng = np.random.default_rng(seed)
    angle, y = rng.uniform(-0.2 * np.pi, 1.1 * np.pi, 3000), rng.uniform(-0.3, 0.2, 3000)
    width = 1.0 - 0.4 * (y + 0.3) ** 2
    points = np.stack([0.5 + 0.15 * width * np.cos(angle), y, 0.1 + 0.10 * width * np.sin(angle)], axis=1)
    points[:, 2] += belly_m * np.maximum(np.sin(angle), 0.0) * (y < -0.05)
    return points + rng.normal(0.0, 0.0015, points.shape) + np.asarray(shift_m)


@lru_cache(256)
def skin(stamp_ns: int) -> BodySurface:
    """The trunk as the camera sees it at a stamp."""
    return BodySurface(stamp_ns, trunk(seed=stamp_ns // SKIN_NS))


def inputs(
    now_ns: int,
    state: RobotState | None,
    sent: ProbeCommand | None,
    landmarks: BodyLandmarks | None = LANDMARKS,
    preset: str = "cardiac",
    kinematics: ArmKinematics | None = None,
    **changes,
) -> SafetyInputs:
    """Everything that safety asks for; `changes` replace fields."""
    if kinematics is None:
        q = np.zeros(6) if state is None else state.joint_position_rad
        whole = q.shape == (6,) and bool(np.isfinite(q).all())
        kinematics = arm_kinematics(gantry.ARM, q if whole else np.zeros(6))
    good = SafetyInputs(
        now_ns, state, sent, landmarks, preset, joint_limits_rad=gantry.LIMITS_RAD,
        surface=skin(now_ns // SKIN_NS * SKIN_NS), lost_nodes=(), publishers=ONE_EACH, kinematics=kinematics,
        manipulability=manipulability(kinematics.J),
    )  # fmt: skip
    return replace(good, **changes)

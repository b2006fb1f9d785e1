"""Every reason of safety, and a fault of the simulated arm in contact that is its cause."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import nan

import numpy as np
from hazard_bench import Bench

from echopilot_control.safety import Reason, SafetyInputs, Zone
from echopilot_control.safety.arm_faults import ARM_FAULTS
from echopilot_control.safety.evidence.people import ONE_EACH
from echopilot_core import BodyLandmarks, BodySurface, RobotMode

MS = 1_000_000

Inject = Callable[[Bench, SafetyInputs, int], SafetyInputs]


@dataclass(frozen=True)
class Case:
    """`inject(bench, inputs, tick since the fault began)`; `within_s` is the allowed time from fault to reaction."""

    inject: Inject
    within_s: float = 0.02
    ticks: int = 1  # how long the fault lasts
    in_air: bool = False


def robot(**changes: object) -> Inject:
    return lambda bench, i, k: replace(i, robot=replace(i.robot, **changes))


def command(change: Callable[[SafetyInputs], dict[str, object]]) -> Inject:
    return lambda bench, i, k: replace(i, command=replace(i.command, **change(i)))


def sensor(wrench: list[float], steps: int = 1, until: int = 6) -> Inject:
    """The force sensor itself takes a bias in some steps, a tick each, and loses it on tick `until`."""

    def inject(bench: Bench, i: SafetyInputs, k: int) -> SafetyInputs:
        if k < steps:
            bench.simulation.bias_force(np.array(wrench))
        if k == until:
            bench.simulation.bias_force(-steps * np.array(wrench))
        return i

    return inject


def late_robot(bench: Bench, i: SafetyInputs, k: int) -> SafetyInputs:
    return replace(i, robot=bench.ticks[-k - 1].inputs.robot if k else i.robot)


def shift(*meters: float) -> Inject:
    def inject(bench: Bench, i: SafetyInputs, k: int) -> SafetyInputs:
        if k == 0:
            bench.simulation.shift_patient(np.array(meters))
        return i

    return inject


def frozen_force(bench: Bench, i: SafetyInputs, k: int) -> SafetyInputs:
    return replace(i, robot=replace(i.robot, wrench=bench.ticks[-k - 1].inputs.robot.wrench))


def deaf_force(bench: Bench, i: SafetyInputs, k: int) -> SafetyInputs:
    noise = np.random.default_rng(k).normal(0.0, 0.1, 6)
    return replace(i, robot=replace(i.robot, wrench=noise))


def robot_scaled(gain: float) -> Inject:
    return lambda bench, i, k: replace(i, robot=replace(i.robot, wrench=gain * i.robot.wrench))


def joint_at_limit(bench: Bench, i: SafetyInputs, k: int) -> SafetyInputs:
    q, dq = i.robot.joint_position_rad, i.robot.joint_velocity_rad_s
    moving = int(np.argmax(np.abs(dq)))
    limits = np.array(i.joint_limits_rad)
    limits[moving] = [q[moving] - 0.02, q[moving] + 0.02]
    return replace(i, joint_limits_rad=limits)


def zone_here(bench: Bench, i: SafetyInputs, k: int) -> SafetyInputs:
    return replace(i, zones=(Zone("wound", bench.robot.T_base_probe[:3, 3] + [0.01, 0.0, 0.0], 0.02),))


def far_landmarks(bench: Bench, i: SafetyInputs, k: int) -> SafetyInputs:
    away = np.array([0.0, 1.0, 0.0])
    marks = bench.landmarks
    return replace(i, landmarks=BodyLandmarks(0, marks.notch_m + away, marks.xiphoid_m + away, marks.navel_m + away))


def frozen_arm(bench: Bench, i: SafetyInputs, k: int) -> SafetyInputs:
    """Fresh stamps and force, and all else as it was, while the controller asks for a motion."""
    old = bench.ticks[-k - 1].inputs.robot
    sent = replace(i.command, twist=np.array([0.01, 0.0, 0.0, 0.0, 0.0, 0.0]))
    fresh = {"stamp_ns": i.robot.stamp_ns, "tick": i.robot.tick, "wrench": i.robot.wrench}
    return replace(i, robot=replace(old, **fresh), command=sent)


def pose_off(bench: Bench, i: SafetyInputs, k: int) -> SafetyInputs:
    T = i.robot.T_base_probe.copy()
    T[0, 3] += 0.01
    return replace(i, robot=replace(i.robot, T_base_probe=T))


def skin(change: Callable[[BodySurface], BodySurface | None]) -> Inject:
    return lambda bench, i, k: replace(i, surface=change(i.surface))


def old_skin(bench: Bench, i: SafetyInputs, k: int) -> SafetyInputs:
    return replace(i, surface=bench.ticks[-k - 1].inputs.surface)


def skin_repeats(bench: Bench, i: SafetyInputs, k: int) -> SafetyInputs:
    return replace(i, surface=replace(i.surface, points_m=bench.ticks[-k - 1].inputs.surface.points_m))


def marks(change: Callable[[BodyLandmarks], BodyLandmarks | None]) -> Inject:
    return lambda bench, i, k: replace(i, landmarks=change(i.landmarks))


def field(**changes: object) -> Inject:
    return lambda bench, i, k: replace(i, **changes)


CASES: dict[Reason, Case] = {
    Reason.FORCE_TRIP: Case(sensor([0.0, 0.0, -15.0, 0.0, 0.0, 0.0]), ticks=7),
    Reason.FORCE_LATERAL: Case(sensor([25.0, 0.0, 0.0, 0.0, 0.0, 0.0]), ticks=7),
    Reason.FORCE_TORQUE: Case(sensor([0.0, 0.0, 0.0, 3.5, 0.0, 0.0]), ticks=7),
    Reason.FORCE_SPIKE: Case(sensor([0.0, 0.0, -3.0, 0.0, 0.0, 0.0], 2), within_s=0.03, ticks=7),
    Reason.FORCE_STUCK: Case(frozen_force, within_s=0.04, ticks=10),
    Reason.FORCE_CONTRADICTED: Case(deaf_force, within_s=0.08, ticks=12),
    Reason.FORCE_DEAD: Case(frozen_force, within_s=0.45, ticks=50, in_air=True),
    Reason.FORCE_WRONG: Case(robot_scaled(0.1), within_s=0.7, ticks=80, in_air=True),
    Reason.FORCE_UNWITNESSED: Case(robot(joint_effort_n_m=None)),
    Reason.FORCE_BIAS: Case(sensor([0.0, 3.0, 0.0, 0.0, 0.0, 0.0], until=24), within_s=0.23, ticks=25, in_air=True),
    Reason.ROBOT_STALE: Case(late_robot, within_s=0.04, ticks=4),
    Reason.ROBOT_LOST: Case(late_robot, within_s=0.05, ticks=8),
    Reason.ROBOT_FUTURE: Case(lambda b, i, k: replace(i, robot=replace(i.robot, stamp_ns=i.now_ns + 50 * MS))),
    Reason.ROBOT_ORDER: Case(lambda b, i, k: replace(i, robot=replace(i.robot, tick=1))),
    Reason.ROBOT_LEAP: Case(lambda b, i, k: replace(i, robot=replace(i.robot, tick=2**31 - 2))),
    Reason.ROBOT_NOT_FINITE: Case(robot(wrench=np.full(6, nan))),
    Reason.ROBOT_SPEED: Case(robot(twist=np.array([0.3, 0.0, 0.0, 0.0, 0.0, 0.0]))),
    Reason.ROBOT_FROZEN: Case(frozen_arm, within_s=0.35, ticks=40),
    Reason.POSE_AGAINST_JOINTS: Case(pose_off),
    Reason.POSE_AGAINST_TWIST: Case(pose_off),
    Reason.JOINTS_AGAINST_SPEEDS: Case(
        lambda b, i, k: replace(i, robot=replace(i.robot, joint_velocity_rad_s=i.robot.joint_velocity_rad_s + 0.1)),
        within_s=0.15,
        ticks=15,
    ),
    Reason.TWIST_AGAINST_JOINTS: Case(
        lambda b, i, k: replace(i, robot=replace(i.robot, twist=i.robot.twist + 0.05)), within_s=0.03, ticks=5
    ),
    Reason.DESCRIPTION_MISSING: Case(field(joint_limits_rad=None)),
    Reason.JOINTS_INCOMPLETE: Case(lambda b, i, k: replace(i, joint_limits_rad=i.joint_limits_rad[:-1])),
    Reason.SKIN_MISSING: Case(field(surface=None)),
    Reason.SKIN_STALE: Case(old_skin, within_s=0.52, ticks=55),
    Reason.SKIN_FUTURE: Case(skin(lambda s: replace(s, stamp_ns=s.stamp_ns + 3600 * 10**9))),
    Reason.SKIN_ORDER: Case(skin(lambda s: replace(s, stamp_ns=s.stamp_ns - 200 * MS))),
    Reason.SKIN_FROZEN: Case(skin_repeats, within_s=0.21, ticks=21),
    Reason.SKIN_UNUSABLE: Case(skin(lambda s: replace(s, points_m=s.points_m * nan)), within_s=0.21, ticks=21),
    Reason.LANDMARKS_MISSING: Case(field(landmarks=None)),
    Reason.LANDMARKS_UNUSABLE: Case(field(landmarks=BodyLandmarks(0, np.zeros(3), np.zeros(3), np.zeros(3)))),
    Reason.LANDMARKS_FUTURE: Case(marks(lambda m: replace(m, stamp_ns=m.stamp_ns + 3600 * 10**9))),
    Reason.LANDMARKS_JUMPED: Case(marks(lambda m: replace(m, notch_m=m.notch_m + [0.0, 0.05, 0.0]))),
    Reason.ZONES_UNPLACED: Case(field(unplaced_zones=("wound",))),
    Reason.PEERS_UNWATCHED: Case(field(lost_nodes=None)),
    Reason.SOURCES_UNCOUNTED: Case(field(publishers=None)),
    Reason.SECOND_SOURCE: Case(field(publishers=ONE_EACH | {"skin": 2})),
    Reason.ROBOT_FAULT: Case(robot(mode=RobotMode.FAULT)),
    **{reason: Case(field(robot_faults=(name,))) for name, reason in ARM_FAULTS.items()},
    Reason.COMMAND_MISSING: Case(lambda b, i, k: replace(i, command=None)),
    Reason.COMMAND_NOT_FINITE: Case(command(lambda i: {"twist": np.full(6, nan)})),
    Reason.COMMAND_BROKEN: Case(command(lambda i: {"twist": np.full(6, nan)}), within_s=0.05, ticks=6),
    Reason.COMMAND_STALE: Case(command(lambda i: {"stamp_ns": i.now_ns - 60 * MS})),
    Reason.COMMAND_FUTURE: Case(command(lambda i: {"stamp_ns": i.now_ns + 60 * MS})),
    Reason.COMMAND_REPEATED: Case(command(lambda i: {"sequence": i.command.sequence - 1})),
    Reason.COMMAND_SEQUENCE: Case(command(lambda i: {"sequence": 1})),
    Reason.COMMAND_LEAP: Case(command(lambda i: {"sequence": 2**31 - 2})),
    Reason.HEARTBEAT_LOST: Case(lambda b, i, k: replace(i, lost_nodes=("controller",), command=None)),
    Reason.NODE_LOST: Case(lambda b, i, k: replace(i, lost_nodes=("perception",)), ticks=20),
    Reason.NODE_GONE: Case(lambda b, i, k: replace(i, lost_nodes=("perception",)), within_s=1.03, ticks=105),
    Reason.COMMANDERS: Case(lambda b, i, k: replace(i, commanders=2)),
    Reason.PATIENT_MOVED: Case(shift(0.025, 0.0, 0.0), within_s=0.6, ticks=60),
    Reason.FORBIDDEN_ZONE: Case(zone_here),
    Reason.WORKSPACE: Case(far_landmarks),
    Reason.JOINT_LIMIT: Case(joint_at_limit),
    Reason.SINGULAR: Case(lambda b, i, k: replace(i, manipulability=0.029 - 0.001 * k), ticks=3),
    Reason.OPERATOR_STOP: Case(lambda b, i, k: replace(i, operator_stop=True)),
    Reason.ENABLE_RELEASED: Case(lambda b, i, k: replace(i, enabled=False)),
    Reason.CLOCK_JUMP: Case(lambda b, i, k: replace(i, clock_offset_ns=100 * MS)),
}

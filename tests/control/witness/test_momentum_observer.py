"""The joints' torques tell the outside force to a few newtons, and contradict a sensor that does not."""

from dataclasses import replace

import numpy as np
import pytest

from echopilot_control.kinematics.arm_model import ArmDynamics
from echopilot_control.kinematics.chain import ArmKinematics, arm_kinematics
from echopilot_control.safety.witness.torque_witness import TorqueMemory, watch_torques
from echopilot_core import Array, RobotState

DOWN = np.array([0.0, 0.0, -1.0, 0.0, 0.0, 0.0])
WAYS = {"still": np.zeros(6), "down": 0.01 * DOWN, "up": -0.02 * DOWN, "across": 0.02 * np.eye(6)[1]}
TORQUE_NOISE_N_M = 0.3


def at(arm: ArmDynamics, state: RobotState) -> ArmKinematics:
    return arm_kinematics(arm, state.joint_position_rad)


def watched(
    arm: ArmDynamics, pushed_arm, ticks: int, memory: TorqueMemory, noise_n_m: float = 0.0
) -> list[TorqueMemory]:
    rng, memories = np.random.default_rng(3), []
    for state in pushed_arm.states(ticks):
        assert state.joint_effort_n_m is not None
        noisy = state.joint_effort_n_m + noise_n_m * rng.standard_normal(7)
        memory = watch_torques(at(arm, state), memory, replace(state, joint_effort_n_m=noisy))
        memories.append(memory)
    return memories


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("push_n", [0.0, 5.0, 12.0])
def test_the_force_along_the_probe_is_told_within_friction(
    arm: ArmDynamics, pushed_arm, way: str, push_n: float
) -> None:
    memory = watched(arm, pushed_arm, 30, TorqueMemory())[-1]  # the sensor is tared for 20 ticks
    pushed_arm.twist, pushed_arm.push_n = WAYS[way], push_n
    memories = watched(arm, pushed_arm, 150, memory, TORQUE_NOISE_N_M)
    told = np.array([m.force.joints_n for m in memories[50:] if m.force is not None])
    unsure = np.array([m.force.unsure_n for m in memories[50:] if m.force is not None])
    assert len(told) == 100
    assert (np.abs(told - push_n) <= unsure + 1.8).all(), np.abs(told - push_n).max()
    assert not any(m.contradicted for m in memories)


@pytest.mark.parametrize("noise_n_m", [0.0, TORQUE_NOISE_N_M])
def test_speeds_up_to_those_of_transit_and_sudden_stops_contradict_nothing(
    arm: ArmDynamics, pushed_arm, noise_n_m: float
) -> None:
    memory = watched(arm, pushed_arm, 30, TorqueMemory())[-1]
    for twist in (0.1 * np.eye(6)[1], np.zeros(6), -0.1 * np.eye(6)[0], -0.1 * DOWN, np.zeros(6), 0.4 * np.eye(6)[4]):
        pushed_arm.twist = twist
        memories = watched(arm, pushed_arm, 60, memory, noise_n_m)
        assert not any(m.contradicted for m in memories)
        memory = memories[-1]


def ticks_until_contradicted(arm: ArmDynamics, pushed_arm, push_n: float) -> int:
    memory = watched(arm, pushed_arm, 60, TorqueMemory())[-1]
    pushed_arm.push_n = push_n
    for tick in range(200):
        state = pushed_arm.step()
        deaf: Array = state.wrench + np.array([0.0, 0.0, push_n, 0.0, 0.0, 0.0])
        memory = watch_torques(at(arm, state), memory, replace(state, wrench=deaf))
        if memory.contradicted:
            return tick
    return 200


def test_a_deaf_sensor_is_contradicted_the_sooner_the_larger_the_force(arm: ArmDynamics, pushed_arm) -> None:
    assert ticks_until_contradicted(arm, pushed_arm, 10.0) <= 6


def test_a_force_that_friction_may_explain_is_no_contradiction(arm: ArmDynamics, pushed_arm) -> None:
    assert ticks_until_contradicted(arm, pushed_arm, 1.0) == 200


def test_without_torques_or_without_a_model_the_witness_is_absent(arm: ArmDynamics, pushed_arm) -> None:
    state = pushed_arm.step()
    assert watch_torques(at(arm, state), TorqueMemory(), replace(state, joint_effort_n_m=None)).force is None
    assert watch_torques(at(arm, state), TorqueMemory(), replace(state, joint_effort_n_m=np.zeros(3))).force is None
    assert watch_torques(None, TorqueMemory(), state).force is None

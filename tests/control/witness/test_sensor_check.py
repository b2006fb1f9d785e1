"""A force sensor proves itself in free air: it has its noise, repeats nothing, and weighs nothing."""

from dataclasses import replace

import numpy as np
import pytest

from echopilot_control.safety.witness.sensor_check import BLOCK_TICKS, SensorMemory, left_weight_kg, watch_sensor
from echopilot_core import Array, RobotMode, RobotState, se3
from echopilot_sim.arm.sensor import TOOL_MASS_KG

SIGMA = np.array([0.1, 0.1, 0.1, 0.005, 0.005, 0.005])
SEED = 23


def state(tick: int, wrench: Array, rotation: Array | None = None) -> RobotState:
    T = se3.transform(np.diag([1.0, -1.0, -1.0]) if rotation is None else rotation, np.zeros(3))
    return RobotState(10_000_000 * tick, tick, T, np.zeros(6), wrench, np.zeros(7), np.zeros(7), RobotMode.SERVO)


def noise(ticks: int, seed: int = SEED) -> Array:
    return SIGMA * np.random.default_rng(seed).standard_normal((ticks, 6))


def watched(wrenches: Array, memory: SensorMemory | None = None, in_air: bool = True, first: int = 0) -> SensorMemory:
    memory = memory or SensorMemory()
    for tick, wrench in enumerate(wrenches):
        memory = watch_sensor(memory, state(first + tick, wrench), in_air)
    return memory


def test_a_healthy_sensor_is_proven_in_a_third_of_a_second_and_stays_so() -> None:
    assert not watched(noise(BLOCK_TICKS - 1)).proven
    for seed in range(40):
        memory = watched(noise(5 * BLOCK_TICKS, seed))
        assert memory.proven
        assert not memory.wrong
        assert not memory.dead


@pytest.mark.parametrize(
    "change",
    [
        lambda w: 0.2 * w,
        lambda w: 1000.0 * w,
        lambda w: w / 9.81,
        lambda w: w + [0.0, 0.0, 2.0, 0.0, 0.0, 0.0],
        lambda w: w + [0.0, 0.0, 0.0, 0.2, 0.0, 0.0],
        lambda w: np.array([np.convolve(c, np.full(20, 0.05), "same") for c in w.T]).T,
    ],
    ids=["gain", "millinewtons", "kilogram-force", "offset", "torque", "moving average"],
)
def test_a_wrong_gain_unit_offset_or_filter_is_noticed_in_air(change) -> None:
    memory = watched(change(noise(3 * BLOCK_TICKS)))
    assert memory.wrong
    assert not memory.proven


@pytest.mark.parametrize(
    ("change", "ticks"),
    [
        (lambda w: 0.0 * w, 4),
        (lambda w: 0.0 * w + w[0], 4),
        (lambda w: np.where(np.arange(6) == 2, 0.3, w), 26),
        (lambda w: np.tile(w[:100], (3, 1)), 126),
        (lambda w: np.round(w), 4),
    ],
    ids=["zero", "frozen", "constant along z", "replayed", "coarse"],
)
def test_repeats_are_noticed_and_nothing_is_proven_by_them(change, ticks: int) -> None:
    wrenches = change(noise(300))
    memories = [watched(wrenches[:n], in_air=False) for n in (ticks - 2, ticks + 2)]
    assert [m.dead for m in memories] == [False, True]
    assert not watched(wrenches[: ticks + 2]).proven


def test_a_sensor_of_a_tenth_of_a_newton_per_step_is_not_dead() -> None:
    for seed in range(20):
        memory = SensorMemory()
        for tick, wrench in enumerate(np.round(noise(600, seed), 1)):
            memory = watch_sensor(memory, state(tick, wrench), True)
            assert not memory.dead


def test_weight_that_compensation_leaves_is_told_from_two_orientations() -> None:
    tilted = se3.exp(np.array([0.0, 0.0, 0.0, 0.4, 0.0, 0.0]))[:3, :3] @ np.diag([1.0, -1.0, -1.0])
    upright = np.diag([1.0, -1.0, -1.0])
    memory, noisy = SensorMemory(), noise(240)
    for tick in range(240):
        rotation = upright if tick < 120 else tilted
        weight = 9.81 * TOOL_MASS_KG * (upright[2] - rotation[2])  # tared in the first orientation, never again
        wrench = noisy[tick] + np.concatenate([weight, np.zeros(3)])
        memory = watch_sensor(
            memory, replace(state(tick, wrench), T_base_probe=se3.transform(rotation, np.zeros(3))), True
        )
    assert abs(left_weight_kg(memory.tilt)) == pytest.approx(TOOL_MASS_KG, abs=0.05)
    assert memory.wrong


def test_what_was_proven_holds_through_a_contact_until_the_sensor_dies() -> None:
    proven = watched(noise(100))
    pressed = watched(noise(100, 2) + [0, 0, -5, 0, 0, 0], proven, in_air=False, first=100)
    assert pressed.proven
    assert not watched(np.tile(pressed.wrench, (10, 1)), pressed, in_air=False, first=200).proven

"""The patient under the arm: signs, hold under breathing, silence in contact, limits, determinism."""

from collections.abc import Callable

import numpy as np
import pytest

from echopilot_core import RobotMode, SafeTwist
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.simulation import SimConfig, Simulation, Tick

SETPOINT_N = 5.0
Policy = Callable[[Tick], SafeTwist | None]


class Press:
    """Goes down at 10 mm/s until 2 N, then proportional force control along probe z; falls silent when told to."""

    def __init__(self, gain_m_s_n: float = 0.004) -> None:
        self.gain_m_s_n = gain_m_s_n
        self.touched_tick = -1
        self.silent_from_tick = 10**9

    def __call__(self, tick: Tick) -> SafeTwist | None:
        robot = tick.robot
        if robot.tick >= self.silent_from_tick:
            return None
        if self.touched_tick < 0 and robot.contact_force_n > 2.0:
            self.touched_tick = robot.tick
        speed = 0.010 if robot.tick > 30 else 0.0
        if self.touched_tick >= 0:
            speed = float(np.clip(self.gain_m_s_n * (SETPOINT_N - robot.contact_force_n), -0.02, 0.02))
        return SafeTwist(robot.stamp_ns, np.concatenate([speed * robot.T_base_probe[:3, 2], np.zeros(3)]))


def run(simulation: Simulation, policy: Policy, ticks: int, first: Tick | None = None) -> tuple[list[Tick], np.ndarray]:
    tick = first or simulation.step(None)
    trace, forces = [tick], [simulation.true_normal_force_n]
    for _ in range(ticks):
        tick = simulation.step(policy(tick))
        trace.append(tick)
        forces.append(simulation.true_normal_force_n)
    return trace, np.array(forces)


def touched(seed: int, config: SimConfig | None = None) -> tuple[Simulation, Press, Tick]:
    """In contact for three seconds."""
    simulation, press = Simulation(sample_patient(seed), config or SimConfig()), Press()
    tick = simulation.step(None)
    while press.touched_tick < 0:
        assert tick.robot.tick < 3000, "never touched"
        tick = simulation.step(press(tick))
    trace, _ = run(simulation, press, 300, tick)
    return simulation, press, trace[-1]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_five_newtons_are_held_under_breathing(seed: int) -> None:
    simulation, press, tick = touched(seed)
    trace, forces = run(simulation, press, 1000, tick)
    assert forces.min() > 3.0 and forces.max() < 7.5
    assert abs(forces.mean() - SETPOINT_N) < 0.8
    assert simulation.max_normal_force_n < 8.0
    assert simulation.limit_crossings == 0
    assert all(t.robot.mode == RobotMode.SERVO for t in trace[1:])


def test_pressing_with_five_newtons_reads_minus_five_without_disturbances() -> None:
    simulation, press, tick = touched(1, SimConfig(breathing=False, joint_friction=False, sensor_errors=False))
    trace, forces = run(simulation, press, 600, tick)
    assert forces[-1] == pytest.approx(5.0, abs=0.05)
    assert trace[-1].robot.wrench[2] == pytest.approx(-5.0, abs=0.05)
    assert trace[-1].robot.contact_force_n == pytest.approx(5.0, abs=0.05)
    assert np.linalg.norm(simulation.raw_wrench[:3] - simulation.world.wrench[:3]) == pytest.approx(
        0.45 * 9.81, rel=0.01
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_silence_in_contact_ends_in_a_compliant_hold_below_the_set_point(seed: int) -> None:
    simulation, press, tick = touched(seed)
    press.silent_from_tick = tick.robot.tick
    trace, forces = run(simulation, press, 1000, tick)
    modes = [t.robot.mode for t in trace]
    assert modes[3] == RobotMode.SERVO
    assert all(mode == RobotMode.COMPLIANT_HOLD for mode in modes[6:])
    assert forces.min() > 0.5 and forces.max() < SETPOINT_N + 3.0


def test_not_a_number_counts_as_silence() -> None:
    simulation, _, tick = touched(2)
    trace, forces = run(simulation, lambda t: SafeTwist(t.robot.stamp_ns, np.full(6, np.nan)), 200, tick)
    assert trace[-1].robot.mode == RobotMode.COMPLIANT_HOLD
    assert forces.max() < SETPOINT_N + 3.0


def test_zero_twist_against_a_breathing_chest_presses_harder_than_silence() -> None:
    peaks = []
    for answer in (lambda t: SafeTwist(t.robot.stamp_ns, np.zeros(6)), lambda t: None):
        simulation, _, tick = touched(3)
        _, forces = run(simulation, answer, 600, tick)
        peaks.append(forces.max())
    assert peaks[0] > peaks[1]


def test_left_alone_in_free_air_the_arm_stays_where_it_is() -> None:
    simulation = Simulation(sample_patient(5))
    trace, _ = run(simulation, lambda t: None, 1000)
    assert np.linalg.norm(trace[-1].robot.T_base_probe[:3, 3] - trace[0].robot.T_base_probe[:3, 3]) < 1e-3
    assert trace[-1].robot.mode == RobotMode.COMPLIANT_HOLD


def test_crossing_twenty_newtons_is_counted() -> None:
    simulation, _, tick = touched(1)

    def push(t: Tick) -> SafeTwist:
        return SafeTwist(t.robot.stamp_ns, np.concatenate([0.02 * t.robot.T_base_probe[:3, 2], np.zeros(3)]))

    _, forces = run(simulation, push, 250, tick)
    assert forces.max() > 20.0 and simulation.limit_crossings > 0
    assert simulation.max_normal_force_n >= forces.max()


def test_same_patient_and_commands_give_the_same_bytes() -> None:
    def record() -> bytes:
        simulation, press = Simulation(sample_patient(4)), Press()
        trace, forces = run(simulation, press, 1700)
        assert press.touched_tick > 0
        parts = [forces.tobytes(), simulation.surface().points_m.tobytes(), simulation.landmarks().navel_m.tobytes()]
        for tick in trace:
            parts += [tick.robot.wrench.tobytes(), tick.robot.T_base_probe.tobytes()]
            parts += [frame_state.gap_m.tobytes() for frame_state in tick.acquisitions]
        return b"".join(parts)

    assert record() == record()

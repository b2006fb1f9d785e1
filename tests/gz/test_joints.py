"""The lag that joints get in an engine which would answer at once."""

import numpy as np
import pytest

from echopilot_gz.joints import JointVelocityLoop
from echopilot_sim.arm.servo import BANDWIDTH_HZ


@pytest.mark.parametrize("dt_s", [0.001, 0.002])
def test_the_loop_passes_slow_commands_and_halves_the_power_at_its_bandwidth(dt_s: float) -> None:
    for hertz, gain in ((0.2, 1.0), (BANDWIDTH_HZ, np.sqrt(0.5)), (60.0, 0.1)):
        loop, seen = JointVelocityLoop(2), []
        for step in range(round(10.0 / dt_s)):
            seen.append(loop.step(np.array([1.0, -2.0]) * np.sin(2 * np.pi * hertz * step * dt_s), dt_s).copy())
        late = np.abs(np.array(seen)[len(seen) // 2 :]).max(axis=0)
        assert late == pytest.approx(gain * np.array([1.0, 2.0]), rel=0.2, abs=0.1)


def test_the_way_is_that_of_the_command_in_the_end() -> None:
    loop, commanded_rad, moved_rad = JointVelocityLoop(1), 0.0, 0.0
    for step in range(3000):
        command = np.array([0.2 * (step < 2000)])
        commanded_rad += 1e-3 * command[0]
        moved_rad += 1e-3 * loop.step(command, 1e-3)[0]
    assert moved_rad == pytest.approx(commanded_rad, abs=1e-5)


def test_a_step_as_long_as_a_control_tick_is_stable() -> None:
    loop = JointVelocityLoop(1)
    speeds = [loop.step(np.ones(1), 0.01)[0] for _ in range(500)]
    assert max(speeds) < 1.5 and speeds[-1] == pytest.approx(1.0, abs=1e-6)

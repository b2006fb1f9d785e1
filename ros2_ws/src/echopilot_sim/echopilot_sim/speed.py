"""How fast the physics runs on this machine: `python -m echopilot_sim.speed`."""

import time

import numpy as np

from echopilot_core import SafeTwist
from echopilot_sim.anatomy import Patient, draw_patient
from echopilot_sim.simulation import STEPS_PER_TICK, Simulation


def steps_per_second(patient: Patient, simulated_s: float = 20.0) -> float:
    """Physics steps (1 ms, with contact, joint loop, guard and sensor) per second of wall time, frames not rendered."""
    simulation = Simulation(patient)
    robot = simulation.step(None).robot
    ticks = round(simulated_s * 100)
    start = time.perf_counter()
    for _ in range(ticks):
        speed = 0.02 if robot.contact_force_n < 2.0 else 0.004 * (5.0 - robot.contact_force_n)
        twist = np.concatenate([speed * robot.T_base_probe[:3, 2], np.zeros(3)])
        robot = simulation.step(SafeTwist(robot.stamp_ns, twist)).robot
    return ticks * STEPS_PER_TICK / (time.perf_counter() - start)


if __name__ == "__main__":
    rate = steps_per_second(draw_patient(1))
    print(f"{rate:.0f} physics steps/s, {rate / 1000:.1f} times real time")

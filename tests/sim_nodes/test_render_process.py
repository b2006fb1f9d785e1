"""Images from a process of their own are those that the simulation itself renders."""

import os
import signal

import numpy as np
import pytest

from echopilot_core import EchoPilotError
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.simulation import SimConfig, Simulation
from echopilot_sim_nodes.render_process import RenderProcess

SEED = 600_008


def test_images_are_those_of_the_simulation_and_a_dead_worker_is_told() -> None:
    config = SimConfig(quality="fast")
    simulation = Simulation(sample_patient(SEED), config)
    frame_state = next(step.acquisitions[0] for step in iter(lambda: simulation.step(None), None) if step.acquisitions)
    renderer = RenderProcess(SEED, config)
    try:
        frame = renderer.render(frame_state)
        np.testing.assert_array_equal(frame.image, simulation.render(frame_state).image)
        for worker in (renderer._pool._processes or {}).values():
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(EchoPilotError, match="renders images died"):
            renderer.render(frame_state)
    finally:
        renderer.close()

"""Images of a simulated patient, rendered in a process of their own: the physics never waits for the interpreter."""

import multiprocessing as mp
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from echopilot_core import EchoPilotError, Frame
from echopilot_lab.util.parallel import begin_worker
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.frame_state import FrameState
from echopilot_sim.simulation import SimConfig, Simulation

_simulation: Simulation | None = None  # of the worker


class RenderProcess:
    """One worker, of ordinary priority, with a patient and a scanner of its own; it ends with its parent."""

    def __init__(self, seed: int, config: SimConfig) -> None:
        self._pool = ProcessPoolExecutor(1, mp.get_context("spawn"), _begin, (seed, config))

    def render(self, frame_state: FrameState) -> Frame:
        """The image of a frame state; EchoPilotError when the worker is gone."""
        try:
            return self._pool.submit(_render, frame_state).result()
        except BrokenProcessPool as error:
            raise EchoPilotError("the process that renders images died") from error

    def close(self) -> None:
        """End the worker after the image in work."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _begin(seed: int, config: SimConfig) -> None:
    global _simulation
    begin_worker()
    os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), 0))
    _simulation = Simulation(sample_patient(seed), config)


def _render(frame_state: FrameState) -> Frame:
    assert _simulation is not None
    return _simulation.render(frame_state)

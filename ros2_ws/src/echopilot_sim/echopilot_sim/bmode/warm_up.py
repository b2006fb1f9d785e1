"""Compile the numba kernels before anyone waits for a picture."""

from collections.abc import Callable

import numpy as np

from echopilot_sim.bmode.phantom import Phantom
from echopilot_sim.bmode.renderer import Renderer
from echopilot_sim.moment import N_ELEMENTS, Moment, Phases


def warm_up(say: Callable[[str], None] | None = None) -> None:
    """Render one small picture; `say` gets a hint first, since the first start ever compiles for some seconds."""
    if say is not None:
        say("preparing the B-mode renderer (first start compiles for up to 15 s)")
    moment = Moment(0, 0, np.eye(4), np.eye(4), Phases(), np.full(N_ELEMENTS, -0.002), 5.0)
    Renderer(Phantom(), "fast", seed=0).render_with_truth(moment)

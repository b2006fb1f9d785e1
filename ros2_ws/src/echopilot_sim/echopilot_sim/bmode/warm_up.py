"""Compilation of the renderer's kernels ahead of the first frame."""

from collections.abc import Callable

import numpy as np

from echopilot_sim.bmode.phantom import Phantom
from echopilot_sim.bmode.renderer import Renderer
from echopilot_sim.frame_state import N_ELEMENTS, FrameState, Phases


def warm_up(say: Callable[[str], None] | None = None) -> None:
    """Render one small image; `say` gets a hint first, since the first start ever compiles for some seconds."""
    if say is not None:
        say("preparing the B-mode renderer (first start compiles for up to 15 s)")
    frame_state = FrameState(0, 0, np.eye(4), np.eye(4), Phases(), np.full(N_ELEMENTS, -0.002), 5.0)
    Renderer(Phantom(), "fast", seed=0).render_with_truth(frame_state)

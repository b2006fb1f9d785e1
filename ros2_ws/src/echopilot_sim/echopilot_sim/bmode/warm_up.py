"""Compile the numba kernels before anyone waits for a picture."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.anatomy.materials import Material
from echopilot_sim.bmode.renderer import Renderer
from echopilot_sim.moment import N_ELEMENTS, Moment, Phases


class _Block:
    def label_points(
        self, points_patient_m: NDArray[np.float64], phases: Phases
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        return np.full(len(points_patient_m), Material.LIVER, np.uint8), points_patient_m.astype(np.float32)


def warm_up(say: Callable[[str], None] | None = None) -> None:
    """Render one small picture; `say` gets a hint first, since the first start ever compiles for some seconds."""
    if say is not None:
        say("preparing the B-mode renderer (first start compiles for up to 15 s)")
    moment = Moment(0, 0, np.eye(4), np.eye(4), Phases(), np.full(N_ELEMENTS, -0.002), 5.0)
    Renderer(_Block(), "fast", seed=0).render_with_truth(moment)

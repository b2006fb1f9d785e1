"""Compilation of the kernels that the first image of the simulator waits for, once per version."""

from collections.abc import Iterable

from echopilot_core.kernels.folder import are_kept

FIRST_PICTURE = (
    "echopilot_sim.anatomy.labels.material_lookup",
    "echopilot_sim.arm.physics_step",
    "echopilot_sim.bmode.display",
)
COMPILES = "compiles the simulator's kernels, once per version: about 75 s on two cores"


def compile_hint(modules: Iterable[str] = FIRST_PICTURE) -> str | None:
    """What the first image waits for, to be said before; None when the kernels of `modules` are kept already.

    Loads no kernel and not numba, so that a process may ask that only starts others.
    """
    return None if are_kept(modules) else COMPILES

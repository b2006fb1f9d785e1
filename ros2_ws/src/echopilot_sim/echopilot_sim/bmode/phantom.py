"""Phantoms: uniform tissue with inclusions."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.frame_state import Phases

Inside = Callable[[NDArray[np.float64]], NDArray[np.bool_]]


class Phantom:
    """`background` with inclusions in `patient`; later inclusions cover earlier ones. Tissue does not move."""

    patient = None

    def __init__(self, background: Material = Material.LIVER, *inclusions: tuple[Material, Inside]) -> None:
        self.background = background
        self.inclusions = inclusions

    def label_points(
        self, points_patient_m: NDArray[np.float64], phases: Phases
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Materials (N,) and tissue coordinates (N, 3) [m] of points (N, 3)."""
        materials = np.full(len(points_patient_m), self.background, np.uint8)
        for material, inside in self.inclusions:
            materials[inside(points_patient_m)] = material
        return materials, points_patient_m.astype(np.float32)


def layer(top_m: float, bottom_m: float, half_width_m: float = np.inf) -> Inside:
    """A plate across z from `top_m` to `bottom_m`, up to `half_width_m` on either side of x = 0."""
    return lambda p: (p[:, 2] >= top_m) & (p[:, 2] < bottom_m) & (np.abs(p[:, 0]) < half_width_m)


def tube(x_m: float, z_m: float, radius_m: float) -> Inside:
    """A cylinder along y."""
    return lambda p: np.hypot(p[:, 0] - x_m, p[:, 2] - z_m) < radius_m

"""How well each beam couples to the skin, and where pressed tissue came from."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from echopilot_sim.anatomy.compression import free_depths
from echopilot_sim.bmode.grid import BeamGrid
from echopilot_sim.moment import Moment

GEL_GAP_M = 0.003  # gel bridges gaps up to here
_FADE_M = 0.0015  # beyond it coupling is gone after about this
_SPREAD_FRACTION = 0.05  # neighbouring elements that serve one beam, as a share of the aperture (standard deviation)
_TABLE_N = 257


def element_x_m(count: int, aperture_m: float) -> NDArray[np.float64]:
    """Centres (E,) of the elements along probe x."""
    return np.asarray(((np.arange(count) + 0.5) / count - 0.5) * aperture_m)


def element_coupling(gap_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coupling 0..1 of elements at `gap_m` (E,): 1 up to 3 mm of gel, then falling; 0 where the gap is not finite."""
    excess = np.maximum(np.nan_to_num(gap_m, nan=1.0, posinf=1.0, neginf=1.0) - GEL_GAP_M, 0.0)
    return np.asarray(np.exp(-((excess / _FADE_M) ** 2)))


def beam_coupling(grid: BeamGrid, gap_m: NDArray[np.float64]) -> NDArray[np.float32]:
    """Coupling (B,) of each beam: weighted mean over the elements near its place on the face."""
    elements = element_x_m(gap_m.size, grid.preset.aperture_m)
    distance = (grid.face_x_m[:, None] - elements[None, :]) / (_SPREAD_FRACTION * grid.preset.aperture_m)
    weight = np.exp(-0.5 * distance**2)
    return np.asarray((weight @ element_coupling(gap_m)) / weight.sum(axis=1), np.float32)


def indentation_of(gap_m: NDArray[np.float64]) -> float:
    """Mean indentation of the face [m]: the elements that press, averaged over the whole face."""
    return float(np.mean(np.maximum(np.nan_to_num(-gap_m, nan=0.0, posinf=0.0, neginf=0.0), 0.0)))


def free_points(x_m: NDArray[np.float32], z_m: NDArray[np.float32], moment: Moment) -> NDArray[np.float64]:
    """Patient points (N, 3) [m], in the unpressed body, of the tissue now at (x, 0, z) in `probe` (N values each).

    Pressed tissue is pulled back along the probe axis by the compression law of the anatomy, with the mean
    indentation of the face.
    """
    indentation = indentation_of(moment.gap_m)
    depths = np.linspace(0.0, max(float(z_m.max()), 1e-3), _TABLE_N)
    shift = free_depths(depths, np.full(_TABLE_N, indentation)) - indentation - depths
    return np.asarray(_place(x_m.ravel(), z_m.ravel(), moment.T_patient_probe, shift, float(depths[1])))


@njit(cache=True, nogil=True)
def _place(x, z, T, shift, step):  # type: ignore[no-untyped-def]
    out = np.empty((x.size, 3))
    last = shift.size - 2
    for i in range(x.size):
        place = max(z[i] / step, 0.0)
        k = min(int(place), last)
        fraction = place - k
        depth = z[i] + shift[k] + fraction * (shift[k + 1] - shift[k])
        for axis in range(3):
            out[i, axis] = T[axis, 0] * x[i] + T[axis, 2] * depth + T[axis, 3]
    return out

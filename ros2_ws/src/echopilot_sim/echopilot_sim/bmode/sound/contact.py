"""Coupling of each beam to the skin, and displacement of the pressed tissue."""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import ProbeKind
from echopilot_core.kernels.compiled import njit_or
from echopilot_sim.anatomy.torso.compression import free_depths
from echopilot_sim.bmode.grid import BeamGrid
from echopilot_sim.bmode.numpy_backend import contact as numpy_contact
from echopilot_sim.bmode.sound.scatter import TEXTURE_N, TEXTURE_VOXEL_M
from echopilot_sim.frame_state import FrameState, element_x_m

GEL_GAP_M = 0.003  # plenty of gel bridges gaps up to here
_FADE_M = 0.0015  # beyond it coupling is gone after about this
_SPREAD_FRACTION = 0.05  # neighboring elements that serve one beam, as a share of the aperture (standard deviation)
_TABLE_N = 257
_WALL_DEPTH_M = 0.012


def element_coupling(gap_m: NDArray[np.float64], gel_m: float = GEL_GAP_M) -> NDArray[np.float64]:
    """Coupling 0..1 of elements at `gap_m` (E,): 1 up to `gel_m` of gel, then falling; 0 where a gap is not finite."""
    excess = np.maximum(np.nan_to_num(gap_m, nan=1.0, posinf=1.0, neginf=1.0) - gel_m, 0.0)
    return np.asarray(np.exp(-((excess / _FADE_M) ** 2)))


def beam_coupling(grid: BeamGrid, gap_m: NDArray[np.float64], gel_m: float = GEL_GAP_M) -> NDArray[np.float32]:
    """Coupling (B,) of each beam: weighted mean over the elements near its place on the face."""
    elements = element_x_m(grid.preset.aperture_m, gap_m.size)
    distance = (grid.face_x_m[:, None] - elements[None, :]) / (_SPREAD_FRACTION * grid.preset.aperture_m)
    weight = np.exp(-0.5 * distance**2)
    return np.asarray((weight @ element_coupling(gap_m, gel_m)) / weight.sum(axis=1), np.float32)


def indentation_of(gap_m: NDArray[np.float64]) -> float:
    """Mean indentation of the face [m]: the elements that press, averaged over the whole face."""
    return float(np.mean(np.maximum(np.nan_to_num(-gap_m, nan=0.0, posinf=0.0, neginf=0.0), 0.0)))


def window_gain(
    grid: BeamGrid, coordinates: NDArray[np.float32], texture: NDArray[np.uint8], window_db: float
) -> NDArray[np.float32]:
    """One-way amplitude (B,) of each beam behind an uneven body wall, fixed in the wall, and behind steering.

    The wall is read from the heterogeneity volume where beams cross it (`coordinates` (S, B, 3), tissue [m]);
    `window_db` is the two-way standard deviation. Elements send less at an angle: cosine of it, both ways.
    """
    row = min(int(_WALL_DEPTH_M / grid.step_m), grid.shape[0] - 1)
    voxel = np.floor(coordinates[row].astype(np.float64) / TEXTURE_VOXEL_M).astype(np.int64) % TEXTURE_N
    level = (texture[voxel[:, 0], voxel[:, 1], voxel[:, 2]].astype(np.float64) - 128.0) / 40.0
    width = max(3, grid.shape[1] // 12)
    kernel = np.hanning(width + 2)[1:-1]
    even = np.convolve(np.pad(level, width, mode="edge"), kernel / kernel.sum(), mode="same")[width:-width]
    steering = np.abs(grid.x_m[-1]) / np.hypot(grid.x_m[-1], grid.z_m[-1] + grid.preset.radius_m)
    cosine = np.sqrt(1.0 - steering.astype(np.float64) ** 2) if grid.preset.kind == ProbeKind.PHASED else 1.0
    return np.asarray(10.0 ** (0.5 * window_db * even / 20.0) * cosine, np.float32)


def free_points(
    x_m: NDArray[np.float32], z_m: NDArray[np.float32], frame_state: FrameState, y_m: NDArray[np.float32] | None = None
) -> NDArray[np.float64]:
    """Patient points (N, 3) [m], in the unpressed body, of the tissue now at (x, y, z) in `probe` (N values each).

    Pressed tissue is pulled back along the probe axis by the compression law of the anatomy, with the mean
    indentation of the face.
    """
    indentation = indentation_of(frame_state.gap_m)
    depths = np.linspace(0.0, max(float(z_m.max()), 1e-3), _TABLE_N)
    shift = free_depths(depths, np.full(_TABLE_N, indentation)) - indentation - depths
    y_m = np.zeros_like(x_m) if y_m is None else y_m
    return np.asarray(
        _place(x_m.ravel(), y_m.ravel(), z_m.ravel(), frame_state.T_patient_probe, shift, float(depths[1]))
    )


@njit_or(numpy_contact.place, cache=True, nogil=True)
def _place(x, y, z, T, shift, step):  # type: ignore[no-untyped-def]
    out = np.empty((x.size, 3))
    last = shift.size - 2
    for i in range(x.size):
        place = max(z[i] / step, 0.0)
        k = min(int(place), last)
        fraction = place - k
        depth = z[i] + shift[k] + fraction * (shift[k + 1] - shift[k])
        for axis in range(3):
            out[i, axis] = T[axis, 0] * x[i] + T[axis, 1] * y[i] + T[axis, 2] * depth + T[axis, 3]
    return out

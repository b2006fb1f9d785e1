"""Relief of a sampled torso: navel, sternal groove, costal arch, pectoral or breast contour, asymmetry.

Heights are a few millimeters (estimates by eye), flattened by fat, and fade out towards the back, the neck and the
hips; the origin of the patient frame at the xiphoid stays on the skin.
"""

import numpy as np

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.parameters import Relief, Torso
from echopilot_sim.anatomy.torso.rib_cage import costal_margin_z
from echopilot_sim.anatomy.torso.skin import pack, rim

_BOTTOM_M, _STEP_M, _ROWS, _COLUMNS = -0.328, 0.008, 73, 128
_TAG = 0x5E1


def sample_relief(seed: int, torso: Torso, sex: str) -> Relief:
    """Relief of the drawn patient of a seed; `torso` is the smooth one, `sex` "M" or "F"."""
    rng = np.random.default_rng([seed, _TAG])
    z = _BOTTOM_M + _STEP_M * np.arange(_ROWS)
    angle = -np.pi + 2.0 * np.pi * np.arange(_COLUMNS) / _COLUMNS
    rims, margin = _outline(pack(torso), z, angle)
    x = rims[..., 0]
    center = 0.5 * (rims[:, _COLUMNS // 2, 1] + rims[:, 0, 1])[:, None]
    radius = np.hypot(x, rims[..., 1] - center)
    up = np.broadcast_to(z[:, None], x.shape)
    height = _breast(rng, x, up, sex) + _arch(rng, torso, x, up - margin) + _grooves(rng, torso, x, up)
    height += _asymmetry(rng, angle[None, :], up)
    front = np.clip(1.4 - np.abs(angle)[None, :] / 1.6, 0.0, 1.0)
    ends = np.clip(np.minimum(up - _BOTTOM_M, _BOTTOM_M + _STEP_M * (_ROWS - 1) - up) / 0.05, 0.0, 1.0)
    origin = 1.0 - np.exp(-0.5 * (x**2 + up**2) / 0.018**2)
    height *= _smooth(front) * _smooth(ends) * np.where(np.abs(angle)[None, :] < 1.0, origin, 1.0)
    return Relief(1.0 + height / radius, _BOTTOM_M, _STEP_M)


@njit(cache=True, nogil=True)
def _outline(p: Array, z: Array, angle: Array) -> tuple[Array, Array]:
    """Skin (n_z, n_angle, 2) at heights and angles, and the height of the costal margin (n_z, n_angle) there."""
    rims, margin = np.empty((z.size, angle.size, 2)), np.empty((z.size, angle.size))
    for i in range(z.size):
        for j in range(angle.size):
            rims[i, j, 0], rims[i, j, 1] = rim(p, angle[j], z[i])
            margin[i, j] = costal_margin_z(rims[i, j, 0])
    return rims, margin


def _smooth(t: Array) -> Array:
    return t * t * (3.0 - 2.0 * t)


def _bump(x: Array, up: Array, at_x: float, at_z: float, width_x: float, width_z: float) -> Array:
    return np.asarray(np.exp(-0.5 * ((x - at_x) / width_x) ** 2 - 0.5 * ((up - at_z) / width_z) ** 2))


def _breast(rng: np.random.Generator, x: Array, up: Array, sex: str) -> Array:
    """Pectoral muscles, or breasts that lie flat and to the side in a supine patient."""
    swell = rng.uniform(0.002, 0.005) if sex == "M" else rng.uniform(0.004, 0.010)
    side, level = (0.075, 0.115) if sex == "M" else (0.095, 0.085)
    side, level = side + rng.normal(0.0, 0.005), level + rng.normal(0.0, 0.008)
    width = rng.uniform(0.036, 0.044)
    return sum((swell * _bump(x, up, sign * side, level, width, width) for sign in (-1.0, 1.0)), np.zeros_like(x))


def _arch(rng: np.random.Generator, torso: Torso, x: Array, above: Array) -> Array:
    """The costal arch stands out of lean patients, with a hollow under it; `above` is the height over the margin."""
    lean = np.exp(-max(torso.fat_abdomen_m - 0.010, 0.0) / 0.010)
    ridge = rng.uniform(0.001, 0.004) * lean
    profile = np.exp(-0.5 * ((above - 0.012) / 0.016) ** 2) - 0.7 * np.exp(-0.5 * ((above + 0.025) / 0.020) ** 2)
    return np.asarray(ridge * profile * _smooth(np.clip((np.abs(x) - 0.02) / 0.04, 0.0, 1.0)))


def _grooves(rng: np.random.Generator, torso: Torso, x: Array, up: Array) -> Array:
    """Sternal groove, midline of the belly, and the navel."""
    sternal, midline, navel = rng.uniform(0.001, 0.003), rng.uniform(0.0, 0.0015), rng.uniform(0.0015, 0.004)
    on_sternum = _smooth(np.clip((up - 0.01) / 0.04, 0.0, 1.0)) * _smooth(
        np.clip((torso.notch_z_m + 0.01 - up) / 0.03, 0.0, 1.0)
    )
    on_belly = _smooth(np.clip((-0.02 - up) / 0.03, 0.0, 1.0))
    depth = sternal * on_sternum * np.exp(-0.5 * (x / 0.013) ** 2)
    depth += midline * on_belly * np.exp(-0.5 * (x / 0.012) ** 2)
    return np.asarray(-depth - navel * _bump(x, up, 0.0, torso.navel_z_m, 0.010, 0.009))


def _asymmetry(rng: np.random.Generator, angle: Array, up: Array) -> Array:
    """Waves of a few millimeters that make left and right differ."""
    out = np.zeros(np.broadcast_shapes(angle.shape, up.shape))
    for turns, length in ((1.0, 0.30), (2.0, 0.22), (3.0, 0.16)):
        size, phase, shift = rng.normal(0.0, 0.0010), rng.uniform(0.0, 2.0 * np.pi), rng.uniform(0.0, 2.0 * np.pi)
        out += size * np.sin(turns * angle + phase) * np.sin(2.0 * np.pi * up / length + shift)
    return out

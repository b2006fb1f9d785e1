"""NumPy backend of the kernels in propagation.py: all beams at once, the amplitude row by row.

All effects are there. Sums are taken in another order, and fading behind gas is an exponential of the distance
instead of a product of steps.
"""

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.bmode.numpy_backend.behind_gas import BehindGas
from echopilot_sim.bmode.numpy_backend.boundaries import Boundaries, boundaries, first_per_beam
from echopilot_sim.bmode.numpy_backend.scatter import scatter
from echopilot_sim.bmode.sound.effects import (
    DARK,
    ECHO_OF_FACE,
    GAS,
    GEL_FADE_M,
    GEL_REACH_M,
    NEAR_DECAY_M,
    NEAR_M,
    SPECULAR,
    F,
    Medium,
    Path,
)

Array = NDArray[np.float32]


def mark_gel(labels: NDArray[np.uint8], gel: int) -> None:
    """In place: AIR (0) between the face and the first tissue of each beam becomes `gel`."""
    beams = np.flatnonzero(labels[0] == 0)
    if beams.size:
        air = np.logical_and.accumulate(labels[:, beams] == 0, axis=0)
        labels[:, beams] = np.where(air, np.uint8(gel), labels[:, beams])


def propagate(
    labels: NDArray[np.uint8], tissue: Array, smooth: Array, medium: Medium, path: Path, gel: int,
    echo: Array, transmit_amplitude: Array,
) -> None:  # fmt: skip
    """Fill the complex `echo` (2, S, B) before the point spread and the two-way `transmit_amplitude` (S, B).

    `labels` (S, B) materials after `mark_gel`, `tissue` (S, B, 3) tissue coordinates [m], `smooth` (S, B) blurred log
    impedance (for the angle of boundaries).
    """
    all_met = boundaries(labels, smooth, medium, path, gel)
    arriving = _arriving(labels, all_met, medium, path, gel, transmit_amplitude)
    t = arriving.ravel()
    lit = np.flatnonzero(t > DARK)
    re, im, rough_lit = scatter(labels, tissue, lit, medium, path)
    echo[:] = 0.0
    flat = echo.reshape(2, -1)
    flat[0, lit], flat[1, lit] = re * t[lit], im * t[lit]
    rough = np.full(t.size, 128, np.uint8)
    rough[lit] = rough_lit
    met = all_met.only(t[all_met.flat] > DARK)
    t_met, rough_met = t[met.flat], rough[met.flat]
    mirror = np.zeros_like(transmit_amplitude)
    uneven = F(0.4) + F(0.6 / 128.0) * rough_met
    mirror.ravel()[met.flat] = SPECULAR * np.abs(met.reflection) * met.facing * uneven * t_met
    echo[0] += mirror
    gas = BehindGas(met, t_met, rough_met, medium, path)
    gas.add(echo)
    step = float(path.ranges[1] - path.ranges[0])
    near = min(int(NEAR_M / step), labels.shape[0])
    again = ECHO_OF_FACE * np.exp(-path.ranges[:near] / F(NEAR_DECAY_M))
    echo[0, :near] += again[:, None] * mirror[np.arange(near) // 2]
    layered, skin = _first_layer(met, medium, gel, labels.shape[1])
    _hear_again(echo, again, layered, skin)
    image = gas.image(echo, transmit_amplitude)
    if image is not None:
        _hear_again(image, again, layered, skin)
        echo += image


def _arriving(
    labels: NDArray[np.uint8], met: Boundaries, medium: Medium, path: Path, gel: int, transmit_amplitude: Array
) -> Array:
    """Two-way amplitude (S, B) on arrival at each sample; fills `transmit_amplitude` (S, B), what leaves it.

    Row by row, since sound leaks between neighboring beams all the way.
    """
    samples, beams = labels.shape
    step = float(path.ranges[1] - path.ranges[0])
    per_db = -np.log(10.0) / 20.0 * 2.0 * path.frequency_mhz * step * 100.0
    loss = np.exp(per_db * medium.attenuation.astype(np.float64)).astype(np.float32)[labels]
    kept = np.ones((samples, beams), np.float32)
    kept.ravel()[met.flat] = met.kept
    changed = np.zeros(samples, bool)
    changed[met.row] = True
    in_gel = (labels == gel) & (path.ranges > GEL_REACH_M)[:, None]
    fades = in_gel.any(axis=1)
    gel_fade = np.where(in_gel, F(np.exp(-step / GEL_FADE_M)), F(1.0)) if fades.any() else loss
    arriving = np.empty((samples, beams), np.float32)
    t = (path.coupling * path.coupling).astype(np.float32)
    left, right, flow = t[:-1], t[1:], np.empty(beams - 1, np.float32)
    leak, one = F(path.penumbra), F(1.0)
    for s in range(samples):
        arriving[s] = t
        if changed[s]:
            t *= np.where(t > DARK, kept[s], one)
        t *= loss[s]
        transmit_amplitude[s] = t
        if fades[s]:
            t *= gel_fade[s]
        np.subtract(right, left, out=flow)
        flow *= leak
        left += flow
        right -= flow
    return arriving


def _first_layer(met: Boundaries, medium: Medium, gel: int, beams: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Beams (L,) with a layer under the face, and its thickness there in samples (L,)."""
    inner = met.only((medium.behavior[met.second] != GAS) & (met.first != gel))
    first = first_per_beam(inner, beams)
    layered = np.flatnonzero(first >= 0)
    return layered, inner.row[first[layered]]


def _hear_again(echo: Array, again: Array, layered: NDArray[np.int64], skin: NDArray[np.int64]) -> None:
    """In place: every echo near the face comes again, `again` (R,) as strong, behind the thickness of the first layer.

    Row by row, since what comes again does so several times.
    """
    for s in range(int(skin.min(initial=again.size)) + 1, again.size):
        deep = skin < s
        beam = layered[deep]
        echo[:, s, beam] += again[s] * echo[:, s - skin[deep], beam]

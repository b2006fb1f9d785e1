"""NumPy backend of the effects behind gas: dirty shadow, reverberation, comet tails, mirror image."""

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.bmode.numpy_backend.boundaries import Boundaries, first_per_beam
from echopilot_sim.bmode.sound.effects import (
    COMET,
    COMET_DECAY_M,
    COMET_FROM,
    COMET_PERIOD_M,
    DIAPHRAGM,
    DIRT,
    DIRT_DECAY_M,
    GAS,
    IMAGE,
    LIVER,
    LUNG,
    REPEAT_DECAY,
    REPEAT_FIRST,
    REPEAT_REACH_M,
    SPECULAR,
    F,
    Medium,
    Path,
)

Array = NDArray[np.float32]


class BehindGas:
    """The first passage into gas of each beam that has one (G,), among passages `met` where `t` (N,) arrives."""

    def __init__(self, met: Boundaries, t: Array, rough: NDArray[np.uint8], medium: Medium, path: Path) -> None:
        into = medium.behavior[met.second] == GAS
        gas = met.only(into)
        first = first_per_beam(gas, path.coupling.size)
        chosen = first[first >= 0]
        self._path = path
        self._gas, self._t, self._rough = gas.only(chosen), t[into][chosen], rough[into][chosen]

    def add(self, echo: Array) -> None:
        """Add dirt, repeats and comet tails to `echo` (2, S, B)."""
        gas, t, rough, path = self._gas, self._t, self._rough, self._path
        if not gas.row.size:
            return
        samples, step = echo.shape[1], float(path.ranges[1] - path.ranges[0])
        rows = np.arange(samples)
        uneven = F(0.4) + F(0.6 / 128.0) * rough
        into_gas = t * uneven * (F(0.25) + F(0.75) * gas.facing)
        since = rows[:, None] - gas.row
        after = np.append(np.exp(-step / DIRT_DECAY_M * rows), 0.0).astype(np.float32)  # the last: not there yet
        dirt = after[np.where(since < 0, samples, since)] * (DIRT * into_gas)
        places = ((rows * 37 + path.noise_shift) % samples)[:, None]
        for part in range(2):
            echo[part][:, gas.beam] += dirt * path.noise[part][places, gas.beam]
        repeat = REPEAT_FIRST * SPECULAR * t * gas.square**8 * np.exp(-path.ranges[gas.row] / F(REPEAT_REACH_M))
        row, k = np.nonzero((since > 0) & ((rows[:, None] + 1) % (gas.row + 1) == 0))
        echo[0, row, gas.beam[k]] += repeat[k] * REPEAT_DECAY ** ((row + 1) // (gas.row[k] + 1) - 2)
        tail = np.flatnonzero((gas.second == LUNG) & (rough >= COMET_FROM))
        if tail.size:
            ring = (0.55 + 0.45 * np.cos(2.0 * np.pi / COMET_PERIOD_M * step * rows)) * np.exp(
                -step / COMET_DECAY_M * rows
            )
            after = np.append(ring, 0.0).astype(np.float32)
            late = since[:, tail]
            echo[0][:, gas.beam[tail]] += after[np.where(late < 0, samples, late)] * (COMET * into_gas[tail])

    def image(self, echo: Array, transmit_amplitude: Array) -> Array | None:
        """What a diaphragm that faces the probe mirrors of `echo` (2, S, B) before it; None where there is none."""
        gas, samples = self._gas, echo.shape[1]
        faces = (gas.second == LUNG) & ((gas.first == DIAPHRAGM) | (gas.first == LIVER)) & (gas.square > 0.0)
        if not faces.any():
            return None
        image = np.zeros_like(echo)
        for k in np.flatnonzero(faces):
            first, beam = int(gas.row[k]), int(gas.beam[k])
            n = min(first, samples - 1 - first)
            lost = np.minimum(
                transmit_amplitude[first - 1, beam] / transmit_amplitude[first - n : first, beam][::-1], F(1.0)
            )  # there and back
            before = echo[:, first - n : first, beam][:, ::-1]
            image[:, first + 1 : first + n + 1, beam] = IMAGE * gas.square[k] ** 2 * lost * lost * before
        return image

"""What sound meets and how strongly each effect acts: constants and tables that both propagation paths share."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.anatomy.materials import Material
from echopilot_sim.bmode.acoustics import AcousticTable, Behaviour
from echopilot_sim.bmode.scatter import TEXTURE_N, TEXTURE_VOXEL_M, TILE_N, TILE_SCALE, Scatterers

F = np.float32
ZERO, ONE = F(0.0), F(1.0)
FLOWING, GAS = int(Behaviour.FLOWING), int(Behaviour.GAS)
LUNG, LIVER, DIAPHRAGM = int(Material.LUNG), int(Material.LIVER), int(Material.DIAPHRAGM)
TILE_MASK, TEXTURE_MASK = TILE_N - 1, TEXTURE_N - 1
BIG = F(8192.0)  # makes indices positive before truncation; a multiple of every period
DARK = F(1e-5)  # beams below this have nothing to say
AROUND, ALONG = F(0.7067), F(0.2933)  # mean squared cosine, see `propagation._fibre_share`
SPECULAR = F(13.0)
DIFFUSE_SHARE = F(0.05)
BEND = F(0.2)  # ray deflection [rad] that loses half of the amplitude, there and back
GEL_REACH_M = 0.003
GEL_FADE_M = 0.0006
ECHO_OF_FACE = F(0.10)  # the face sends back this part of what returns to it
NEAR_M = 0.045
NEAR_DECAY_M = 0.018
DIRT = F(0.22)
DIRT_DECAY_M = 0.018
REPEAT_FIRST = F(0.30)
REPEAT_DECAY = F(0.45)
REPEAT_REACH_M = 0.040
COMET_FROM = 195  # texture value of the pleura above which it trails a comet tail
COMET = F(0.5)
COMET_DECAY_M = 0.020
COMET_PERIOD_M = 0.0011
IMAGE = F(0.30)  # amplitude of the mirror image behind a diaphragm that faces the probe


class Medium(NamedTuple):
    """What a patient is made of, as arrays for the kernel: columns of `AcousticTable`, and `Scatterers`."""

    impedance: NDArray[np.float32]
    attenuation: NDArray[np.float32]
    speed: NDArray[np.float32]
    behaviour: NDArray[np.uint8]
    axes: NDArray[np.uint8]
    fibre_db: NDArray[np.float32]
    grain: NDArray[np.float32]
    amplitude: NDArray[np.float32]
    tile: NDArray[np.int8]
    texture: NDArray[np.uint8]


class Path(NamedTuple):
    """Where the beams of one picture run.

    `ranges` and `pitch` (S,) [m] as in `BeamGrid`; `coupling` (B,) one-way amplitude; `beams_in_heart` (B, 3) unit
    directions in heart axes; `turns` (2, 3, 3) rotations into the scatterer tile from patient and heart axes; `lift`
    (S, B) [voxels] out of the image plane; `flow_shift` [voxels] moves blood; `noise` (2, S, B) unit white complex
    noise for dirty shadows, `noise_shift` rows on; `penumbra` the share of sound that leaks to either neighbouring
    beam per sample.
    """

    ranges: NDArray[np.float32]
    pitch: NDArray[np.float32]
    coupling: NDArray[np.float32]
    beams_in_heart: NDArray[np.float32]
    turns: NDArray[np.float32]
    lift: NDArray[np.float32]
    flow_shift: float
    noise: NDArray[np.float32]
    noise_shift: int
    frequency_mhz: float
    penumbra: float


def medium(table: AcousticTable, scatterers: Scatterers) -> Medium:
    """Gather what the kernel looks up."""
    return Medium(
        table.impedance, table.attenuation, table.speed, table.behaviour, table.axes, table.fibre_db,
        (table.grain / TEXTURE_VOXEL_M).astype(np.float32), (table.amplitude * TILE_SCALE).astype(np.float32),
        scatterers.tile, scatterers.texture,
    )  # fmt: skip

"""Constants of the propagation effects and the tables that both backends share."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.bmode.sound.acoustics import FIBER_DB, GRAIN, HEART_AXES, ROWS, Behavior, amplitudes, speeds_m_s
from echopilot_sim.bmode.sound.scatter import TEXTURE_N, TEXTURE_VOXEL_M, TILE_N, TILE_SCALE, Scatterers

F = np.float32
ZERO, ONE = F(0.0), F(1.0)
FLOWING, GAS = int(Behavior.FLOWING), int(Behavior.GAS)
LUNG, LIVER, DIAPHRAGM = int(Material.LUNG), int(Material.LIVER), int(Material.DIAPHRAGM)
TILE_MASK, TEXTURE_MASK = TILE_N - 1, TEXTURE_N - 1
BIG = F(8192.0)  # makes indices positive before truncation; a multiple of every period
DARK = F(1e-5)  # beams below this have nothing to say
AROUND, ALONG = F(0.7067), F(0.2933)  # mean squared cosine, see `propagation._fiber_share`
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
    """Acoustics and scatterers of a patient, as arrays for the kernel.

    By label, one row per material and then gel: impedance and attenuation (M,) as in acoustics.py, speed [m/s]
    (M,), behavior (M,), axes of tissue coordinates (M,) (0 patient, 1 heart), fiber darkening [dB] (M,), grain (M, 3)
    [texture voxels/m], amplitude (M, 256) in steps of the tile. `tile` and `texture` as in `Scatterers`.
    """

    impedance: NDArray[np.float32]
    attenuation: NDArray[np.float32]
    speed: NDArray[np.float32]
    behavior: NDArray[np.uint8]
    axes: NDArray[np.uint8]
    fiber_db: NDArray[np.float32]
    grain: NDArray[np.float32]
    amplitude: NDArray[np.float32]
    tile: NDArray[np.int8]
    texture: NDArray[np.uint8]


class Path(NamedTuple):
    """Where the beams of one image run.

    `ranges` and `pitch` (S,) [m] as in `BeamGrid`; `coupling` (B,) one-way amplitude; `beams_in_heart` (B, 3) unit
    directions in heart axes; `turns` (2, 3, 3) rotations into the scatterer tile from patient and heart axes; `lift`
    (S, B) [voxels] out of the image plane; `flow_shift` [voxels] moves blood; `noise` (2, S, B) unit white complex
    noise for dirty shadows, `noise_shift` rows on; `penumbra` the share of sound that leaks to either neighboring
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


def medium(scatterers: Scatterers, attenuation_scale: float = 1.0) -> Medium:
    """Gather what the kernel looks up; `attenuation_scale` is the difficulty of a patient."""
    grain = np.array([*(GRAIN.get(m, (1.0, 1.0, 1.0)) for m in Material), (1.0, 1.0, 1.0)], np.float32)
    return Medium(
        impedance=np.array([row.impedance for row in ROWS], np.float32),
        attenuation=np.array([row.attenuation * attenuation_scale for row in ROWS], np.float32),
        speed=speeds_m_s().astype(np.float32),
        behavior=np.array([row.behavior for row in ROWS], np.uint8),
        axes=np.array([*(m in HEART_AXES for m in Material), False], np.uint8),
        fiber_db=np.array([*(FIBER_DB.get(m, 0.0) for m in Material), 0.0], np.float32),
        grain=(grain / TEXTURE_VOXEL_M).astype(np.float32),
        amplitude=(amplitudes() * TILE_SCALE).astype(np.float32),
        tile=scatterers.tile,
        texture=scatterers.texture,
    )

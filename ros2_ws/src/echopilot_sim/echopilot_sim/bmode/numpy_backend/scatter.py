"""NumPy backend of the complex scatter of tissue at the samples that sound reaches."""

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.bmode.sound.effects import ALONG, AROUND, BIG, FLOWING, TEXTURE_MASK, TILE_MASK, F, Medium, Path
from echopilot_sim.bmode.sound.scatter import TEXTURE_N, TILE_N

Array = NDArray[np.float32]
Index = NDArray[np.int64]


def scatter(
    labels: NDArray[np.uint8], tissue: Array, lit: Index, medium: Medium, path: Path
) -> tuple[Array, Array, NDArray[np.uint8]]:
    """Real and imaginary scatter (N,) per unit of sound, and texture value (N,), at the flat places `lit` (N,).

    `labels` (S, B), `tissue` (S, B, 3) [m].
    """
    label, place = labels.ravel()[lit], tissue.reshape(-1, 3)[lit]
    rough = _texture(label, place, medium)
    bright = medium.amplitude.ravel()[label.astype(np.int32) * 256 + rough]
    fiberd = np.flatnonzero(medium.fiber_db[label] > 0.0)
    if fiberd.size:
        beam = path.beams_in_heart[lit[fiberd] % labels.shape[1]]
        share = fiber_share(place[fiberd], beam)
        bright[fiberd] *= np.exp(F(-0.115129) * medium.fiber_db[label[fiberd]] * share)
    pair = _tile(label, place, path.lift.ravel()[lit], medium, path)
    return bright * pair[:, 0], bright * pair[:, 1], rough


def fiber_share(place: Array, beam: Array) -> Array:
    """Mean squared cosine (N,) between beams (N, 3) and the fibers of the heart's wall; see `propagation`."""
    x, y = place[:, 0], place[:, 1]
    around = x * beam[:, 1] - y * beam[:, 0]
    along = beam[:, 2]
    return np.asarray(AROUND * around * around / (x * x + y * y + F(1e-8)) + ALONG * along * along)


def _texture(label: NDArray[np.uint8], place: Array, medium: Medium) -> NDArray[np.uint8]:
    voxel = place * np.take(medium.grain, label, axis=0)
    voxel += BIG
    index = voxel.astype(np.int32)
    index &= TEXTURE_MASK
    return np.asarray(medium.texture.ravel()[(index[:, 0] * TEXTURE_N + index[:, 1]) * TEXTURE_N + index[:, 2]])


def _tile(label: NDArray[np.uint8], place: Array, lift: Array, medium: Medium, path: Path) -> NDArray[np.int8]:
    """Real and imaginary counts (N, 2) of the tile."""
    voxel = place @ path.turns[0].T
    heart = np.flatnonzero(medium.axes[label])
    if heart.size:
        voxel[heart] = place[heart] @ path.turns[1].T
    voxel[:, 2] -= lift
    voxel += BIG
    flowing = np.flatnonzero(medium.behavior[label] == FLOWING)
    if flowing.size:
        voxel[flowing] += F(path.flow_shift) * np.array([1.0, 3.0, 7.0], np.float32)
    index = voxel.astype(np.int32)
    index &= TILE_MASK
    pairs = medium.tile.reshape(-1).view(np.int16)
    found = pairs[(index[:, 2] * TILE_N + index[:, 0]) * TILE_N + index[:, 1]]
    return np.asarray(found.view(np.int8).reshape(-1, 2))

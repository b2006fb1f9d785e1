"""Sound on its way: attenuation, transmission, boundary echoes, shadows, reverberation and scatter.

Method: convolutional ray casting (Burger et al. 2013, IEEE Trans. Med. Imaging 32:609), with scatter fixed in tissue.
All arrays are (S, B): samples along the beam, beams across.
"""

import numpy as np
from numba import njit

from echopilot_sim.bmode.acoustics import Behaviour
from echopilot_sim.bmode.scatter import TEXTURE_VOXEL_M, TILE_SCALE, TILE_VOXEL_M

_FLOWING, _GAS, _BONE = int(Behaviour.FLOWING), int(Behaviour.GAS), int(Behaviour.BONE)
_TILE_PER_M = 1.0 / TILE_VOXEL_M
_TEXTURE_PER_M = 1.0 / TEXTURE_VOXEL_M
_TILE_SCALE = float(TILE_SCALE)
_BIG = 65536.0  # makes indices positive before truncation; a multiple of every period
_DARK = 1e-5  # beams below this have nothing to say
_SPECULAR = 13.0
_DIFFUSE_SHARE = 0.05
_GEL_REACH_M = 0.003
_DIRT = 0.28
_DIRT_DECAY_M = 0.040
_REPEAT_FIRST = 0.30
_REPEAT_DECAY = 0.45
_REPEAT_REACH_M = 0.040


@njit(cache=True, nogil=True, fastmath=True)
def propagate(  # type: ignore[no-untyped-def]
    labels, coordinates, smooth, coupling, ranges, pitch,
    impedance, attenuation, behaviour, axes, amplitude, gel,
    tile, texture, rotations, flow_shift, noise, noise_shift,
    frequency_mhz, penumbra, echo, sent,
):  # fmt: skip
    """Fill `echo` (2, S, B) with complex echoes before the point spread and `sent` (S, B) with two-way amplitude.

    `labels` (S, B) materials, `coordinates` (S, B, 3) tissue [m], `smooth` (S, B) blurred log impedance (for the
    angle of boundaries), `noise` (2, S, B) unit white complex noise for dirty shadows.
    """
    samples, beams = labels.shape
    step = ranges[1] - ranges[0]
    n = tile.shape[0] - 1
    m = texture.shape[0] - 1
    loss = np.exp(-np.log(10.0) / 20.0 * 2.0 * attenuation * frequency_mhz * step * 100.0)
    gel_loss = np.exp(-step / 0.0006)
    t = coupling * coupling
    before = np.full(beams, gel, np.int64)
    spare = np.empty(beams, np.float32)
    gas_range = np.full(beams, -1.0)
    gas_level = np.zeros(beams)
    gas_mirror = np.zeros(beams)
    for s in range(samples):
        r = ranges[s]
        for b in range(beams):
            label = int(labels[s, b])
            if before[b] == gel and label == 0:
                label = gel
                if r > _GEL_REACH_M:
                    t[b] *= gel_loss
            re = 0.0
            im = 0.0
            level = t[b]
            if level > _DARK:
                x = coordinates[s, b, 0]
                y = coordinates[s, b, 1]
                z = coordinates[s, b, 2]
                h = texture[
                    int(x * _TEXTURE_PER_M + _BIG) & m,
                    int(y * _TEXTURE_PER_M + _BIG) & m,
                    int(z * _TEXTURE_PER_M + _BIG) & m,
                ]
                kind = behaviour[label]
                rotation = rotations[axes[label]]
                shift = flow_shift if kind == _FLOWING else 0.0
                p = (rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z) * _TILE_PER_M + _BIG + shift
                q = (rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z) * _TILE_PER_M + _BIG + 3.0 * shift
                o = (rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z) * _TILE_PER_M + _BIG + 7.0 * shift
                a = level * amplitude[label, h] * _TILE_SCALE
                i, j, k = int(p) & n, int(q) & n, int(o) & n
                re = a * tile[i, j, k, 0]
                im = a * tile[i, j, k, 1]
                if label != before[b]:
                    z_1 = impedance[before[b]]
                    z_2 = impedance[label]
                    reflection = (z_2 - z_1) / (z_2 + z_1)
                    s_0, s_1 = max(s - 2, 0), min(s + 2, samples - 1)
                    b_0, b_1 = max(b - 2, 0), min(b + 2, beams - 1)
                    along = (smooth[s_1, b] - smooth[s_0, b]) / ((s_1 - s_0) * step)
                    across = (smooth[s, b_1] - smooth[s, b_0]) / ((b_1 - b_0) * pitch[s])
                    square = along * along / (along * along + across * across + 1e-6)
                    facing = square * square + _DIFFUSE_SHARE
                    rough = 0.4 + 0.6 * h / 128.0
                    mirror = _SPECULAR * abs(reflection) * facing * rough * level
                    re += mirror
                    level *= 1.0 - reflection * reflection
                    if kind == _GAS and gas_range[b] < 0.0:
                        gas_range[b] = r
                        gas_level[b] = t[b] * (0.25 + 0.75 * facing) * rough
                        gas_mirror[b] = t[b] * square**8 * np.exp(-r / _REPEAT_REACH_M)
                level *= loss[label]
            if gas_range[b] >= 0.0:
                behind = r - gas_range[b]
                dirt = _DIRT * gas_level[b] * np.exp(-behind / _DIRT_DECAY_M)
                place = (s * 37 + noise_shift) % samples
                re += dirt * noise[0, place, b]
                im += dirt * noise[1, place, b]
                multiple = r / gas_range[b]
                order = int(multiple + 0.5)
                if order >= 2 and abs(multiple - order) * gas_range[b] <= 0.6 * step:
                    re += _REPEAT_FIRST * gas_mirror[b] * _REPEAT_DECAY ** (order - 2) * _SPECULAR
            echo[0, s, b] = re
            echo[1, s, b] = im
            before[b] = label
            t[b] = level
            sent[s, b] = level
        for b in range(beams):
            left = t[max(b - 1, 0)]
            right = t[min(b + 1, beams - 1)]
            spare[b] = t[b] + penumbra * (left + right - 2.0 * t[b])
        for b in range(beams):
            t[b] = spare[b]

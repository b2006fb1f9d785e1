"""Sound on its way: attenuation, transmission, boundary echoes, shadows, reverberation and scatter.

Method: convolutional ray casting (Burger et al. 2013, IEEE Trans. Med. Imaging 32:609), with scatter fixed in tissue.
All arrays are (S, B): samples along the beam, beams across. Single precision throughout; every step of a row is a loop
of its own over the beams, so that the compiler can use vector instructions where nothing is looked up.
"""

import numpy as np
from numba import njit

from echopilot_sim.bmode.acoustics import Behaviour
from echopilot_sim.bmode.scatter import TEXTURE_N, TEXTURE_VOXEL_M, TILE_N, TILE_SCALE, TILE_VOXEL_M

_F = np.float32
_FLOWING, _GAS, _BONE = int(Behaviour.FLOWING), int(Behaviour.GAS), int(Behaviour.BONE)
_TILE_PER_M = _F(1.0 / TILE_VOXEL_M)
_TEXTURE_PER_M = _F(1.0 / TEXTURE_VOXEL_M)
_TILE_SCALE = _F(TILE_SCALE)
_TILE_MASK, _TEXTURE_MASK = TILE_N - 1, TEXTURE_N - 1
_BIG = _F(8192.0)  # makes indices positive before truncation; a multiple of every period
_DARK = _F(1e-5)  # beams below this have nothing to say
_SPECULAR = _F(13.0)
_DIFFUSE_SHARE = _F(0.05)
_GEL_REACH_M = 0.003
_GEL_FADE_M = 0.0006
_DIRT = _F(0.28)
_DIRT_DECAY_M = 0.040
_REPEAT_FIRST = _F(0.30)
_REPEAT_DECAY = 0.45
_REPEAT_REACH_M = 0.040


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def mark_gel(labels, gel):  # type: ignore[no-untyped-def]
    """In place: AIR (0) between the face and the first tissue of each beam becomes `gel`."""
    samples, beams = labels.shape
    for b in range(beams):
        s = 0
        while s < samples and labels[s, b] == 0:
            labels[s, b] = gel
            s += 1


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _scatter_row(  # type: ignore[no-untyped-def]
    labels, tissue, sent, behaviour, axes, grain, amplitude, tile, texture, rotations, shift, re, im, rough
):  # fmt: skip
    """Complex scatter (B,) of one row of samples per unit of sound, and the texture value there."""
    for b in range(labels.size):
        if sent[b] <= _DARK:
            re[b] = _F(0.0)
            im[b] = _F(0.0)
            rough[b] = 128
            continue
        label = labels[b]
        x, y, z = tissue[b, 0], tissue[b, 1], tissue[b, 2]
        h = texture[
            int(x * grain[label, 0] + _BIG) & _TEXTURE_MASK,
            int(y * grain[label, 1] + _BIG) & _TEXTURE_MASK,
            int(z * grain[label, 2] + _BIG) & _TEXTURE_MASK,
        ]
        turn = rotations[axes[label]]
        flow = shift if behaviour[label] == _FLOWING else _F(0.0)
        o = int(turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z + (_BIG + _F(7.0) * flow)) & _TILE_MASK
        i = int(turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z + (_BIG + flow)) & _TILE_MASK
        j = int(turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z + (_BIG + _F(3.0) * flow)) & _TILE_MASK
        level = amplitude[label, h] * _TILE_SCALE
        re[b] = level * _F(tile[o, i, j, 0])
        im[b] = level * _F(tile[o, i, j, 1])
        rough[b] = h


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def propagate(  # type: ignore[no-untyped-def]
    labels, tissue, smooth, coupling, ranges, pitch,
    impedance, attenuation, behaviour, axes, grain, amplitude, gel,
    tile, texture, rotations, flow_shift, noise, noise_shift,
    frequency_mhz, penumbra, echo, sent,
):  # fmt: skip
    """Fill `echo` (2, S, B) with complex echoes before the point spread and `sent` (S, B) with two-way amplitude.

    `labels` (S, B) materials after `mark_gel`, `tissue` (S, B, 3) tissue coordinates [m], `smooth` (S, B) blurred log
    impedance (for the angle of boundaries), `noise` (2, S, B) unit white complex noise for dirty shadows.
    """
    samples, beams = labels.shape
    step = ranges[1] - ranges[0]
    loss = np.exp(-np.log(10.0) / 20.0 * 2.0 * attenuation * frequency_mhz * step * 100.0).astype(np.float32)
    gel_fade = _F(np.exp(-step / _GEL_FADE_M))
    fine = grain * _TEXTURE_PER_M
    turns = (rotations * _TILE_PER_M).astype(np.float32)
    flow = _F(flow_shift)
    spread = _F(penumbra)
    t = (coupling * coupling).astype(np.float32)
    padded = np.empty(beams + 2, np.float32)
    before = np.full(beams, gel, np.uint8)
    re, im = np.empty(beams, np.float32), np.empty(beams, np.float32)
    mirror, kept = np.zeros(beams, np.float32), np.ones(beams, np.float32)
    rough = np.empty(beams, np.uint8)
    gas_range = np.full(beams, -1.0)
    gas_level = np.zeros(beams)
    gas_mirror = np.zeros(beams)
    gas_beams = 0
    for s in range(samples):
        r = ranges[s]
        row = labels[s]
        _scatter_row(row, tissue[s], t, behaviour, axes, fine, amplitude, tile, texture, turns, flow, re, im, rough)
        changed = 0
        for b in range(beams):
            changed += row[b] != before[b]
        if changed:
            s_0, s_1 = max(s - 2, 0), min(s + 2, samples - 1)
            for b in range(beams):
                if row[b] == before[b] or t[b] <= _DARK:
                    continue
                z_1, z_2 = impedance[before[b]], impedance[row[b]]
                reflection = (z_2 - z_1) / (z_2 + z_1)
                b_0, b_1 = max(b - 2, 0), min(b + 2, beams - 1)
                along = (smooth[s_1, b] - smooth[s_0, b]) / ((s_1 - s_0) * step)
                across = (smooth[s, b_1] - smooth[s, b_0]) / ((b_1 - b_0) * pitch[s])
                square = along * along / (along * along + across * across + _F(1e-6))
                facing = square * square + _DIFFUSE_SHARE
                uneven = _F(0.4) + _F(0.6 / 128.0) * rough[b]
                mirror[b] = _SPECULAR * abs(reflection) * facing * uneven * t[b]
                kept[b] = _F(1.0) - reflection * reflection
                if behaviour[row[b]] == _GAS and gas_range[b] < 0.0:
                    gas_range[b] = r
                    gas_level[b] = t[b] * (0.25 + 0.75 * facing) * uneven
                    gas_mirror[b] = t[b] * square**8 * np.exp(-r / _REPEAT_REACH_M)
                    gas_beams += 1
        out_re, out_im, out_sent = echo[0, s], echo[1, s], sent[s]
        for b in range(beams):
            out_re[b] = t[b] * re[b] + mirror[b]
            out_im[b] = t[b] * im[b]
        if changed:
            for b in range(beams):
                t[b] *= kept[b]
                kept[b] = _F(1.0)
                mirror[b] = _F(0.0)
        for b in range(beams):
            t[b] *= loss[row[b]]
            out_sent[b] = t[b]
        if r > _GEL_REACH_M:
            for b in range(beams):
                if row[b] == gel:
                    t[b] *= gel_fade
        if gas_beams:
            place = (s * 37 + noise_shift) % samples
            for b in range(beams):
                if gas_range[b] < 0.0:
                    continue
                dirt = _DIRT * _F(gas_level[b] * np.exp((gas_range[b] - r) / _DIRT_DECAY_M))
                out_re[b] += dirt * noise[0, place, b]
                out_im[b] += dirt * noise[1, place, b]
                multiple = r / gas_range[b]
                order = int(multiple + 0.5)
                if order >= 2 and abs(multiple - order) * gas_range[b] <= 0.6 * step:
                    out_re[b] += _F(_REPEAT_FIRST * gas_mirror[b] * _REPEAT_DECAY ** (order - 2) * _SPECULAR)
        padded[1 : beams + 1] = t
        padded[0] = t[0]
        padded[beams + 1] = t[beams - 1]
        for b in range(beams):
            t[b] += spread * (padded[b] + padded[b + 2] - _F(2.0) * padded[b + 1])
        before[:] = row

"""Sound propagation: attenuation, transmission, boundary echoes, shadows, reverberation and scatter.

Method: convolutional ray casting (Burger et al. 2013, IEEE Trans. Med. Imaging 32:609), with scatter fixed in tissue.
All arrays are (S, B): samples along the beam, beams across. Single precision throughout; every step of a row is a loop
of its own over the beams, so that the compiler can use vector instructions where nothing is looked up.
"""

import numpy as np

from echopilot_core.kernels.compiled import njit, njit_or
from echopilot_sim.bmode.numpy_backend import propagation as numpy_propagation
from echopilot_sim.bmode.sound.effects import (
    ALONG,
    AROUND,
    BEND,
    BIG,
    COMET,
    COMET_DECAY_M,
    COMET_FROM,
    COMET_PERIOD_M,
    DARK,
    DIAPHRAGM,
    DIFFUSE_SHARE,
    DIRT,
    DIRT_DECAY_M,
    ECHO_OF_FACE,
    FLOWING,
    GAS,
    GEL_FADE_M,
    GEL_REACH_M,
    IMAGE,
    LIVER,
    LUNG,
    NEAR_DECAY_M,
    NEAR_M,
    ONE,
    REPEAT_DECAY,
    REPEAT_FIRST,
    REPEAT_REACH_M,
    SPECULAR,
    TEXTURE_MASK,
    TILE_MASK,
    ZERO,
    F,
)


@njit_or(numpy_propagation.mark_gel, cache=True, nogil=True, fastmath=True, error_model="numpy")
def mark_gel(labels, gel):  # type: ignore[no-untyped-def]
    """In place: AIR (0) between the face and the first tissue of each beam becomes `gel`."""
    samples, beams = labels.shape
    for b in range(beams):
        s = 0
        while s < samples and labels[s, b] == 0:
            labels[s, b] = gel
            s += 1


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _fiber_share(x, y, beam):  # type: ignore[no-untyped-def]
    """Mean squared cosine between a beam and the muscle fibers of the wall at (x, y) in heart axes.

    Fibers turn evenly from +60 to -60 degrees through the wall (Streeter et al. 1969, Circ. Res. 24:339) between the
    circumferential c = (-y, x, 0) / r and the longitudinal l = (0, 0, 1); averaging (beam . fiber)^2 over the angle h
    gives <cos^2 h> (beam . c)^2 + <sin^2 h> (beam . l)^2, where <cos^2 h> = 1/2 + sin(2 H) / (4 H) with H = pi / 3.
    """
    around = x * beam[1] - y * beam[0]
    return AROUND * around * around / (x * x + y * y + F(1e-8)) + ALONG * beam[2] * beam[2]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _scatter_row(labels, tissue, level, medium, beams_in_heart, turns, lift, shift, re, im, rough):  # type: ignore[no-untyped-def]
    """Complex scatter (B,) of one row of samples per unit of sound, and the texture value there."""
    for b in range(labels.size):
        if level[b] <= DARK:
            re[b] = ZERO
            im[b] = ZERO
            rough[b] = 128
            continue
        label = labels[b]
        x, y, z = tissue[b, 0], tissue[b, 1], tissue[b, 2]
        h = medium.texture[
            int(x * medium.grain[label, 0] + BIG) & TEXTURE_MASK,
            int(y * medium.grain[label, 1] + BIG) & TEXTURE_MASK,
            int(z * medium.grain[label, 2] + BIG) & TEXTURE_MASK,
        ]
        turn = turns[medium.axes[label]]
        flow = shift if medium.behavior[label] == FLOWING else ZERO
        o = int(turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z - lift[b] + (BIG + F(7.0) * flow)) & TILE_MASK
        i = int(turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z + (BIG + flow)) & TILE_MASK
        j = int(turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z + (BIG + F(3.0) * flow)) & TILE_MASK
        bright = medium.amplitude[label, h]
        darker = medium.fiber_db[label]
        if darker > ZERO:
            bright *= np.exp(F(-0.115129) * darker * _fiber_share(x, y, beams_in_heart[b]))
        re[b] = bright * F(medium.tile[o, i, j, 0])
        im[b] = bright * F(medium.tile[o, i, j, 1])
        rough[b] = h


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _behind_gas(s, step, gas, gas_start, repeat_at, noise, place, echo, transmit_amplitude):  # type: ignore[no-untyped-def]
    """Add what is seen behind gas to row `s`: dirt, repeats of the interface, comet tails, mirror image.

    `gas` (4, B): amplitudes of dirt, repeats, comet tail and mirror image, which fade here; `gas_start` (B,) first
    sample or -1, `repeat_at` (B,) sample of the next repeat.
    """
    out_re, out_im, noise_re, noise_im = echo[0, s], echo[1, s], noise[0, place], noise[1, place]
    dirt, repeat, comet, image = gas[0], gas[1], gas[2], gas[3]
    fade = F(np.exp(-step / DIRT_DECAY_M))
    for b in range(gas_start.size):
        out_re[b] += dirt[b] * noise_re[b]
        out_im[b] += dirt[b] * noise_im[b]
        dirt[b] *= fade
    fade = F(np.exp(-step / COMET_DECAY_M))
    for b in range(gas_start.size):
        first = gas_start[b]
        if first < 0:
            continue
        if repeat_at[b] == s:
            out_re[b] += repeat[b]
            repeat[b] *= REPEAT_DECAY
            repeat_at[b] += first + 1
        if comet[b] > ZERO:
            ring = F(0.55 + 0.45 * np.cos(2.0 * np.pi / COMET_PERIOD_M * step * (s - first)))
            out_re[b] += comet[b] * ring
            comet[b] *= fade
        mirrored = 2 * first - s
        if image[b] > ZERO and 0 <= mirrored < s:
            lost = min(
                transmit_amplitude[first - 1, b] / transmit_amplitude[mirrored, b], ONE
            )  # on the way from the mirror and back to it
            out_re[b] += image[b] * lost * lost * echo[0, mirrored, b]
            out_im[b] += image[b] * lost * lost * echo[1, mirrored, b]


@njit_or(numpy_propagation.propagate, cache=True, nogil=True, fastmath=True, error_model="numpy")
def propagate(labels, tissue, smooth, medium, path, gel, echo, transmit_amplitude):  # type: ignore[no-untyped-def]
    """Fill the complex `echo` (2, S, B) before the point spread and the two-way `transmit_amplitude` (S, B).

    `labels` (S, B) materials after `mark_gel`, `tissue` (S, B, 3) tissue coordinates [m], `smooth` (S, B) blurred log
    impedance (for the angle of boundaries).
    """
    samples, beams = labels.shape
    step = path.ranges[1] - path.ranges[0]
    per_db = -np.log(10.0) / 20.0 * 2.0 * path.frequency_mhz * step * 100.0
    loss = np.exp(per_db * medium.attenuation).astype(np.float32)
    gel_fade = F(np.exp(-step / GEL_FADE_M))
    flow, leak = F(path.flow_shift), F(path.penumbra)
    near_rows = min(int(NEAR_M / step), samples)
    t = path.coupling * path.coupling
    padded = np.empty(beams + 2, np.float32)
    before = np.full(beams, gel, np.uint8)
    re, im = np.empty(beams, np.float32), np.empty(beams, np.float32)
    mirror, kept = np.zeros(beams, np.float32), np.ones(beams, np.float32)
    rough = np.empty(beams, np.uint8)
    face = np.zeros((near_rows, beams), np.float32)  # boundary echoes, to be heard again at twice their depth
    skin = np.zeros(beams, np.int32)  # thickness of the first layer in samples
    gas = np.zeros((4, beams), np.float32)
    gas_start = np.full(beams, -1, np.int32)
    repeat_at = np.full(beams, -1, np.int32)
    gas_beams = 0
    for s in range(samples):
        r = path.ranges[s]
        row = labels[s]
        _scatter_row(row, tissue[s], t, medium, path.beams_in_heart, path.turns, path.lift[s], flow, re, im, rough)
        changed = 0
        for b in range(beams):
            changed += row[b] != before[b]
        if changed:
            s_0, s_1 = max(s - 2, 0), min(s + 2, samples - 1)
            for b in range(beams):
                if row[b] == before[b] or t[b] <= DARK:
                    continue
                first, second = before[b], row[b]
                z_1, z_2 = medium.impedance[first], medium.impedance[second]
                reflection = (z_2 - z_1) / (z_2 + z_1)
                b_0, b_1 = max(b - 2, 0), min(b + 2, beams - 1)
                along = (smooth[s_1, b] - smooth[s_0, b]) / ((s_1 - s_0) * step)
                across = (smooth[s, b_1] - smooth[s, b_0]) / ((b_1 - b_0) * path.pitch[s])
                square = along * along / (along * along + across * across + F(1e-6))
                facing = square * square + DIFFUSE_SHARE
                uneven = F(0.4) + F(0.6 / 128.0) * rough[b]
                mirror[b] = SPECULAR * abs(reflection) * facing * uneven * t[b]
                kept[b] = ONE - reflection * reflection
                if medium.behavior[second] == GAS:
                    if gas_start[b] < 0:
                        into_gas = t[b] * uneven * (F(0.25) + F(0.75) * facing)
                        gas[0, b] = DIRT * into_gas
                        gas[1, b] = REPEAT_FIRST * SPECULAR * t[b] * square**8 * F(np.exp(-r / REPEAT_REACH_M))
                        gas[2, b] = COMET * into_gas if second == LUNG and rough[b] >= COMET_FROM else ZERO
                        if second == LUNG and first in (DIAPHRAGM, LIVER):
                            gas[3, b] = IMAGE * square * square
                        gas_start[b] = s
                        repeat_at[b] = 2 * s + 1
                        gas_beams += 1
                else:
                    steep = max(across * across / (along * along + F(1e-6)) - ONE, ZERO)
                    turn = (medium.speed[second] - medium.speed[first]) / (medium.speed[first] * BEND)
                    felt = F(5.0) * (abs(along) * step + abs(across) * path.pitch[s])  # of the jump, in the blur
                    if felt < F(1.6) * abs(reflection):
                        steep = ZERO  # a thin layer has no slope to bend at
                    kept[b] /= ONE + turn * turn * min(steep, F(30.0))
                    if skin[b] == 0 and first != gel:
                        skin[b] = s
        for b in range(beams):
            echo[0, s, b] = t[b] * re[b] + mirror[b]
            echo[1, s, b] = t[b] * im[b]
        if s < near_rows:
            face[s] = mirror
            again = ECHO_OF_FACE * F(np.exp(-r / NEAR_DECAY_M))
            for b in range(beams):
                echo[0, s, b] += again * face[s // 2, b]
            for b in range(beams):
                if 0 < skin[b] < s:
                    echo[0, s, b] += again * echo[0, s - skin[b], b]
                    echo[1, s, b] += again * echo[1, s - skin[b], b]
        if changed:
            for b in range(beams):
                t[b] *= kept[b]
                kept[b] = ONE
                mirror[b] = ZERO
        for b in range(beams):
            t[b] *= loss[row[b]]
        transmit_amplitude[s] = t
        if r > GEL_REACH_M:
            for b in range(beams):
                if row[b] == gel:
                    t[b] *= gel_fade
        if gas_beams:
            place = (s * 37 + path.noise_shift) % samples
            _behind_gas(s, step, gas, gas_start, repeat_at, path.noise, place, echo, transmit_amplitude)
        padded[1 : beams + 1] = t
        padded[0] = t[0]
        padded[beams + 1] = t[beams - 1]
        for b in range(beams):
            t[b] += leak * (padded[b] + padded[b + 2] - F(2.0) * padded[b + 1])
        before[:] = row

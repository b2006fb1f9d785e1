"""Heart phase as a function of time in sinus rhythm and atrial fibrillation, for any time in any order.

A patient's beats come in blocks of 64 that last exactly 64 mean intervals; a block is drawn by its number alone.
Sinus: the interval follows the breathing (shorter in inspiration; Hirsch & Bishop 1981, Am J Physiol 241:H620).
Atrial fibrillation: independent log-normal intervals, as Hayano et al. 1997 (Am J Physiol 273:H2811) found them.
Inside a beat systole keeps its duration and diastole gives way: Weissler et al. 1968 (Circulation 37:149).
"""

import math
from bisect import bisect_right
from functools import lru_cache
from itertools import pairwise

import numpy as np

from echopilot_core import EchoPilotError
from echopilot_sim.anatomy.parameters import Patient, Rhythm, RhythmKind

SYSTOLE_PHASE = 0.43  # heart.py relaxes from here on
MIN_INTERVAL_S = 0.30  # refractory period of the AV node
_BLOCK = 64
_MAX_SYSTOLE_SHARE = 0.65
_TIME_LIMIT_S = 1e10
# without atrial kick: slow filling takes the time of diastasis and of the kick, at phases heart.py fills slowly
_AF_DIASTOLE = ((0.0, SYSTOLE_PHASE), (0.40, 0.65), (0.45, 0.83), (1.0, 1.0))


@lru_cache(maxsize=256)
def starts(seed: int) -> tuple[float, float]:
    """Share 0..1 of the heart and of the breathing cycle that has passed at time 0 of a seed's patient."""
    heart, breathing = np.random.default_rng([seed, 0x9A5]).random(2)
    return float(heart), float(breathing)


def heart_phase(patient: Patient, time_s: float) -> float:
    """Heart phase 0..1 at a time [s] of the simulation: 0 end-diastole, systole up to 0.43.

    Grows without jumps inside a beat. Raises EchoPilotError for a time that is not finite.
    """
    begin, end = _beat(patient, time_s)
    elapsed, systole = time_s - begin, systole_s(patient.rhythm.rate_hz, end - begin)
    if elapsed < systole:
        return SYSTOLE_PHASE * elapsed / systole
    u = min((elapsed - systole) / (end - begin - systole), 1.0)
    phase = SYSTOLE_PHASE + (1.0 - SYSTOLE_PHASE) * u
    if patient.rhythm.kind is RhythmKind.ATRIAL_FIBRILLATION:
        for (u0, phase0), (u1, phase1) in pairwise(_AF_DIASTOLE):
            if u <= u1:
                phase = phase0 + (phase1 - phase0) * (u - u0) / (u1 - u0)
                break
    return min(phase, 1.0 - 1e-12)


def beat_times(patient: Patient, start_s: float, end_s: float) -> list[float]:
    """Times [s] of all end-diastoles (phase 0) in start_s <= t < end_s, in order."""
    times, now = [], _beat(patient, start_s)
    while now[0] < end_s:
        if now[0] >= start_s:
            times.append(now[0])
        now = _beat(patient, now[1])
    return times


def systole_s(rate_hz: float, interval_s: float) -> float:
    """Time [s] from end-diastole to mitral opening at a mean rate, in a beat of `interval_s`.

    Electromechanical systole QS2 = 0.546 s - 2.1 ms per beat/min (Weissler 1968): the ventricle cannot know how
    long the beat will be, so it depends on the mean rate; only a very short beat cuts it.
    """
    return min(max(0.546 - 0.0021 * 60.0 * rate_hz, 0.25), _MAX_SYSTOLE_SHARE * interval_s)


def _beat(patient: Patient, time_s: float) -> tuple[float, float]:
    """Begin and end [s] of the beat in which a time lies."""
    if not abs(time_s) < _TIME_LIMIT_S:
        raise EchoPilotError(f"time_s {time_s} is impossible; choose a finite time of less than {_TIME_LIMIT_S:g} s")
    rhythm, seed, breathing_hz = patient.rhythm, patient.seed, patient.breathing_rate_hz
    index = math.floor((time_s * rhythm.rate_hz + starts(seed)[0]) / _BLOCK)
    times = _block(rhythm, seed, breathing_hz, index)
    while time_s < times[0]:
        index -= 1
        times = _block(rhythm, seed, breathing_hz, index)
    while time_s >= times[-1]:
        index += 1
        times = _block(rhythm, seed, breathing_hz, index)
    k = bisect_right(times, time_s)
    return times[k - 1], times[k]


@lru_cache(maxsize=1024)
def _block(rhythm: Rhythm, seed: int, breathing_hz: float, index: int) -> tuple[float, ...]:
    """Times [s] of the 64 beats of a block and of the first beat after it."""
    interval = 1.0 / rhythm.rate_hz
    heart_start, breathing_start = starts(seed)
    k = _BLOCK * index + np.arange(_BLOCK + 1)
    even = (k - heart_start) * interval
    if rhythm.kind is RhythmKind.ATRIAL_FIBRILLATION:
        rng = np.random.default_rng([seed, 0xAF, abs(index), int(index < 0)])
        sigma = math.sqrt(math.log1p(rhythm.variation**2))
        intervals = interval * np.exp(sigma * np.clip(rng.normal(size=_BLOCK), -3.0, 3.0))
        intervals = np.maximum(intervals * (_BLOCK * interval / intervals.sum()), min(MIN_INTERVAL_S, interval))
        intervals *= _BLOCK * interval / intervals.sum()
        return (*(float(even[0] + t) for t in np.concatenate([[0.0], np.cumsum(intervals)[:-1]])), float(even[-1]))
    # RR_k = T + 2 A sin(f T pi) cos(breathing phase in the middle of the beat): longest at full expiration
    turn = 2.0 * math.pi * (breathing_start + breathing_hz * even)
    half = math.sin(math.pi * breathing_hz * interval)
    amplitude = rhythm.variation * interval / (math.sqrt(2.0) * half) if abs(half) > 0.1 else 0.0
    return tuple(float(t) for t in even + amplitude * np.sin(turn))

"""Properties of the heart's rhythm: beats, phases, systole of steady duration."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from echopilot_core import EchoPilotError
from echopilot_sim.anatomy import Patient, sample_patient
from echopilot_sim.anatomy.heart.rhythm import MIN_INTERVAL_S, SYSTOLE_PHASE, beat_times, heart_phase, systole_s
from echopilot_sim.anatomy.parameters import Rhythm, RhythmKind

SINUS, FIBRILLATION = RhythmKind.SINUS, RhythmKind.ATRIAL_FIBRILLATION


def _patient(kind: RhythmKind, rate_bpm: float = 72.0, variation: float = 0.03, seed: int = 3) -> Patient:
    return replace(sample_patient(seed), rhythm=Rhythm(kind, rate_bpm / 60.0, variation))


BOTH = pytest.mark.parametrize("patient", [_patient(SINUS), _patient(FIBRILLATION, 84.0, 0.2)], ids=["sinus", "af"])


@BOTH
def test_phase_grows_through_every_beat_and_is_zero_at_its_start(patient: Patient) -> None:
    times = np.arange(0.0, 90.0, 0.002)
    phases = np.array([heart_phase(patient, float(t)) for t in times])
    assert phases.min() >= 0.0 and phases.max() < 1.0
    steps = np.diff(phases)
    falls = times[1:][steps < 0.0]
    beats = np.array(beat_times(patient, 0.0, 90.0))
    assert len(falls) == np.count_nonzero(beats > 0.0) and np.abs(falls - beats[beats > 0.0]).max() <= 0.002
    assert steps[steps >= 0.0].max() < 0.1  # of one cycle in 2 ms
    for beat in beats:
        assert heart_phase(patient, float(beat)) == 0.0
        assert heart_phase(patient, float(np.nextafter(beat, 0.0))) > 0.9999


@BOTH
def test_any_time_in_any_order_gives_the_same_phase(patient: Patient) -> None:
    times = np.random.default_rng(1).uniform(-500.0, 5000.0, 300)
    asked = [heart_phase(patient, float(t)) for t in times]
    again = [heart_phase(patient, float(t)) for t in times[::-1]]
    assert asked == again[::-1]
    assert 0.0 <= heart_phase(patient, 1.8e9) < 1.0


@BOTH
def test_mean_rate_is_the_patients(patient: Patient) -> None:
    beats = beat_times(patient, 0.0, 1200.0)
    assert np.diff(beats).mean() == pytest.approx(1.0 / patient.heart_rate_hz, rel=0.005)


def test_fibrillation_is_irregular_without_memory_and_never_absurdly_fast() -> None:
    patient = _patient(FIBRILLATION, 84.0, 0.2)
    intervals = np.diff(beat_times(patient, 0.0, 1500.0))
    assert intervals.std() / intervals.mean() == pytest.approx(0.20, abs=0.015)
    assert abs(np.corrcoef(intervals[:-1], intervals[1:])[0, 1]) < 0.08
    assert intervals.min() > 0.95 * MIN_INTERVAL_S


def test_sinus_rhythm_is_as_variable_as_said_and_faster_in_inspiration() -> None:
    patient = _patient(SINUS, 66.0, 0.03)
    beats = np.array(beat_times(patient, 0.0, 1500.0))
    intervals = np.diff(beats)
    assert intervals.std() / intervals.mean() == pytest.approx(0.03, abs=0.004)
    start = float(np.random.default_rng([patient.seed, 0x9A5]).random(2)[1])  # as the simulation breathes
    turn = start + patient.breathing_rate_hz * 0.5 * (beats[1:] + beats[:-1])
    inspired = 0.5 - 0.5 * np.cos(2.0 * np.pi * turn)
    assert np.corrcoef(intervals, inspired)[0, 1] < -0.95


@BOTH
def test_systole_keeps_its_duration_whatever_the_beat(patient: Patient) -> None:
    beats = beat_times(patient, 0.0, 120.0)
    durations = []
    for begin, end in pairwise(beats):
        t = np.linspace(begin, end, 400, endpoint=False)
        phases = np.array([heart_phase(patient, float(x)) for x in t])
        durations.append(float(np.interp(SYSTOLE_PHASE, phases, t)) - begin)
    intervals = np.diff(beats)
    whole = intervals > 0.95 * intervals.mean()
    usual = systole_s(patient.heart_rate_hz, 1.0)
    assert np.allclose(np.array(durations)[whole], usual, atol=0.004)
    assert np.all(np.array(durations) <= 0.66 * intervals)
    assert 0.30 < usual < 0.45


def test_fast_hearts_have_shorter_systole_and_much_shorter_diastole() -> None:
    slow, fast = systole_s(50.0 / 60.0, 60.0 / 50.0), systole_s(110.0 / 60.0, 60.0 / 110.0)
    assert 0.6 < fast / slow < 0.8
    assert (60.0 / 110.0 - fast) / (60.0 / 50.0 - slow) < 0.35


def test_fibrillation_has_no_kick_only_slow_filling_to_the_end_of_diastole() -> None:
    """The late filling phases (0.83 .. 1), the kick in sinus rhythm, take most of diastole."""
    patient = _patient(FIBRILLATION, 66.0, 0.2)
    begin, end = next((b, e) for b, e in pairwise(beat_times(patient, 0.0, 60.0)) if e - b > 0.9)
    t = np.linspace(begin, end, 2000, endpoint=False)
    late = np.mean([heart_phase(patient, float(x)) > 0.83 for x in t])
    assert late > 0.28
    regular = _patient(SINUS, 66.0)
    begin, end = beat_times(regular, 10.0, 13.0)[:2]
    assert np.mean([heart_phase(regular, float(x)) > 0.83 for x in np.linspace(begin, end, 2000)]) < 0.20


@pytest.mark.parametrize("time_s", [float("nan"), float("inf")])
def test_a_time_that_is_no_time_is_refused(time_s: float) -> None:
    with pytest.raises(EchoPilotError, match="time_s"):
        heart_phase(_patient(SINUS), time_s)

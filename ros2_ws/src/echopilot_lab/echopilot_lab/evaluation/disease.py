"""Findings of one patient as in an exam: pooled over short groups of frames, then compared with truth."""

import math
from collections.abc import Sequence

import numpy as np

from echopilot_core import FindingKind, Measurement, MeasurementName, PerceptionResult, Preset, ScannerSettings, View
from echopilot_lab.datasets.probe_pose_sampling import AORTA_LENGTH_M, frame_state_at, view_frame_states
from echopilot_lab.datasets.sample_rendering import RenderedSample, render_samples
from echopilot_lab.datasets.visible_labels import disease_cells, visible_disease
from echopilot_lab.evaluation.marks import Marks, ScoredCase
from echopilot_perception.anomaly import crossing_probability
from echopilot_perception.anomaly.thresholds import SIZES
from echopilot_perception.anomaly.window_evidence import combine, frame_evidence
from echopilot_perception.measure.ejection import ejection_fraction
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.anatomy.heart.rhythm import heart_phase
from echopilot_sim.bmode import Renderer
from echopilot_sim.frame_state import FrameState, Phases

STATIONS, PER_STATION = 11, 5
PLAX_FRAMES = 6
BEAT_FRAMES, BEAT_RATE_HZ = 54, 27.0
PRESSED_M = 0.008  # what a sweep presses the belly in
CLEAR_CELLS = 6  # coarse cells from which a disease can be seen without doubt


def count_aorta(marks: Marks, perception: Perception, anatomy: Anatomy, renderer: Renderer, seed: int) -> None:
    """A sweep down the abdominal aorta: aneurysm, thrombus, flap."""
    rng = np.random.default_rng([seed, 0xD15E])
    groups, cells = [], {FindingKind.THROMBUS: 0, FindingKind.DISSECTION_FLAP: 0}
    for station_m in np.linspace(0.0, AORTA_LENGTH_M, STATIONS):
        group: list[PerceptionResult] = []
        for sample in _station(anatomy, renderer, rng, float(station_m)):
            group.append(perception.see(sample.frame))
            disease = visible_disease(sample.truth)
            for kind in cells:
                cells[kind] = max(cells[kind], disease_cells(disease, kind))
        groups.append(group)
    largest_m = anatomy.vessels.max_outer_diameter_m()
    limit = SIZES[FindingKind.ANEURYSM_ABDOMINAL]
    score = _pooled(groups, FindingKind.ANEURYSM_ABDOMINAL)
    clear = not limit.low <= largest_m <= limit.high
    marks.scored_cases.append(ScoredCase(FindingKind.ANEURYSM_ABDOMINAL.name, score, largest_m >= limit.value, clear))
    for kind, shown in cells.items():
        marks.scored_cases.append(ScoredCase(kind.name, _pooled(groups, kind), shown > 0, not 0 < shown < CLEAR_CELLS))


def count_root(marks: Marks, perception: Perception, anatomy: Anatomy, renderer: Renderer, seed: int) -> None:
    """The parasternal long axis: dilated root or ascending aorta."""
    heart = anatomy.patient.heart
    rng = np.random.default_rng([seed, 0x9007])
    rows = list(render_samples(anatomy, view_frame_states(anatomy, rng, View.PLAX, PLAX_FRAMES), [renderer], rng))
    if heart is None or not rows:
        return
    found = [m for p in rows for m in perception.see(p.frame).measurements if m.name is MeasurementName.AORTIC_ROOT]
    limit, true_m = SIZES[FindingKind.DILATED_ROOT], rows[0].truth.root_m
    clear = not limit.low <= true_m <= limit.high
    marks.scored_cases.append(ScoredCase(FindingKind.DILATED_ROOT.name, _crossing(found), true_m >= limit.value, clear))


def count_heart(marks: Marks, perception: Perception, anatomy: Anatomy, renderer: Renderer) -> None:
    """Two seconds of the four-chamber view: ejection fraction, and effusion."""
    heart = anatomy.patient.heart
    frame_states = [_apical(anatomy, i) for i in range(BEAT_FRAMES)]
    if heart is None or any(frame_state is None for frame_state in frame_states):
        return
    rng = np.random.default_rng([anatomy.patient.seed, 0xBEA7])
    results, cells = [], 0
    for sample in render_samples(anatomy, [m for m in frame_states if m is not None], [renderer], rng):
        results.append(perception.see(sample.frame))
        cells = max(cells, disease_cells(visible_disease(sample.truth), FindingKind.EFFUSION))
    volumes, sigmas = np.array([_volume(result) for result in results]).T
    result = ejection_fraction(volumes, np.arange(BEAT_FRAMES) / BEAT_RATE_HZ, sigmas)
    true = heart.ejection_fraction
    limit = SIZES[FindingKind.REDUCED_EF]
    if result is not None:
        marks.ef.append((100.0 * result.fraction, 100.0 * true))
        score = crossing_probability(limit, result.fraction, result.sigma)
        clear = not limit.low <= true <= limit.high
        marks.scored_cases.append(ScoredCase(FindingKind.REDUCED_EF.name, score, true <= limit.value, clear))
    score = _pooled([results[i : i + PER_STATION] for i in range(0, BEAT_FRAMES, PER_STATION)], FindingKind.EFFUSION)
    marks.scored_cases.append(
        ScoredCase(FindingKind.EFFUSION.name, score, heart.effusion_m > 0.0, cells >= CLEAR_CELLS or cells == 0)
    )


def _station(anatomy: Anatomy, renderer: Renderer, rng: np.random.Generator, station_m: float) -> list[RenderedSample]:
    """Frames at one place of the sweep over a beat, held as a hand would."""
    frame_states = []
    for i in range(PER_STATION):
        phases = Phases(i / PER_STATION, 0.5 + 0.1 * float(rng.standard_normal()))
        target = anatomy.view_target(View.AORTA_TRANS, phases, station_m)
        if target is None:
            return []
        pose = target.copy()
        pose[:3, 3] += PRESSED_M * pose[:3, 2] + 0.002 * float(rng.standard_normal()) * pose[:3, 0]
        frame_states.append(
            frame_state_at(anatomy, pose, phases, ScannerSettings(Preset.ABDOMEN), i, int(rng.integers(2**31)))
        )
    return list(render_samples(anatomy, frame_states, [renderer], rng))


def _pooled(groups: Sequence[Sequence[PerceptionResult]], kind: FindingKind) -> float:
    """The most telling group; 0 where no group can speak about it."""
    verdicts = (combine([frame_evidence(result) for result in group], kind) for group in groups)
    return max((v.probability for v in verdicts if v is not None), default=0.0)


def _crossing(rows: list[Measurement]) -> float:
    if not rows:
        return 0.0
    value, sigma = (float(np.median([getattr(m, name) for m in rows])) for name in ("value", "sigma"))
    return crossing_probability(SIZES[FindingKind.DILATED_ROOT], value, sigma)


def _volume(result: PerceptionResult) -> tuple[float, float]:
    found = next((m for m in result.measurements if m.name is MeasurementName.LV_VOLUME), None)
    return (math.nan, math.nan) if found is None else (found.value, found.sigma)


def _apical(anatomy: Anatomy, frame: int) -> FrameState | None:
    phases = Phases(heart_phase(anatomy.patient, frame / BEAT_RATE_HZ), 0.5)
    target = anatomy.view_target(View.A4C, phases)
    if target is None:
        return None
    pose = target.copy()
    pose[:3, 3] += 0.005 * pose[:3, 2]
    return frame_state_at(anatomy, pose, phases, ScannerSettings(), frame, frame)

"""Findings of one patient as an exam would raise them: short groups of frames that are pooled, then compared."""

import math
from collections.abc import Sequence

import numpy as np

from echopilot_core import FindingKind, Measurement, Seen, View
from echopilot_lab.evaluation.marks import Judged, Marks
from echopilot_lab.probing import AORTA_LENGTH_M, moment_at, view_moments
from echopilot_lab.producing import Picture, pictures
from echopilot_lab.shown import disease_cells, visible_disease
from echopilot_perception.anomaly import crossing_probability
from echopilot_perception.anomaly.pool import note_of, pool
from echopilot_perception.anomaly.thresholds import SIZES
from echopilot_perception.measure.ejection import ejection_fraction
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.anatomy.rhythm import heart_phase
from echopilot_sim.bmode import Renderer
from echopilot_sim.moment import ImagingSettings, Moment, Phases

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
        group: list[Seen] = []
        for picture in _station(anatomy, renderer, rng, float(station_m)):
            group.append(perception.see(picture.frame))
            disease = visible_disease(picture.truth)
            for kind in cells:
                cells[kind] = max(cells[kind], disease_cells(disease, kind))
        groups.append(group)
    largest_m = anatomy.vessels.max_outer_diameter_m()
    limit = SIZES[FindingKind.ANEURYSM_ABDOMINAL]
    score = _pooled(groups, FindingKind.ANEURYSM_ABDOMINAL)
    clear = not limit.low <= largest_m <= limit.high
    marks.judged.append(Judged(FindingKind.ANEURYSM_ABDOMINAL.name, score, largest_m >= limit.value, clear))
    for kind, shown in cells.items():
        marks.judged.append(Judged(kind.name, _pooled(groups, kind), shown > 0, not 0 < shown < CLEAR_CELLS))


def count_root(marks: Marks, perception: Perception, anatomy: Anatomy, renderer: Renderer, seed: int) -> None:
    """The parasternal long axis: dilated root or ascending aorta."""
    heart = anatomy.patient.heart
    rng = np.random.default_rng([seed, 0x9007])
    rows = list(pictures(anatomy, view_moments(anatomy, rng, View.PLAX, PLAX_FRAMES), [renderer], rng))
    if heart is None or not rows:
        return
    found = [m for p in rows for m in perception.see(p.frame).measurements if m.name == "aortic_root"]
    limit, true_m = SIZES[FindingKind.DILATED_ROOT], rows[0].truth.root_m
    clear = not limit.low <= true_m <= limit.high
    marks.judged.append(Judged(FindingKind.DILATED_ROOT.name, _crossing(found), true_m >= limit.value, clear))


def count_heart(marks: Marks, perception: Perception, anatomy: Anatomy, renderer: Renderer) -> None:
    """Two seconds of the four-chamber view: ejection fraction, and effusion."""
    heart = anatomy.patient.heart
    moments = [_apical(anatomy, i) for i in range(BEAT_FRAMES)]
    if heart is None or any(moment is None for moment in moments):
        return
    rng = np.random.default_rng([anatomy.patient.seed, 0xBEA7])
    seens, cells = [], 0
    for picture in pictures(anatomy, [m for m in moments if m is not None], [renderer], rng):
        seens.append(perception.see(picture.frame))
        cells = max(cells, disease_cells(visible_disease(picture.truth), FindingKind.EFFUSION))
    volumes, sigmas = np.array([_volume(seen) for seen in seens]).T
    result = ejection_fraction(volumes, np.arange(BEAT_FRAMES) / BEAT_RATE_HZ, sigmas)
    true = heart.ejection_fraction
    limit = SIZES[FindingKind.REDUCED_EF]
    if result is not None:
        marks.ef.append((100.0 * result.fraction, 100.0 * true))
        score = crossing_probability(limit, result.fraction, result.sigma)
        clear = not limit.low <= true <= limit.high
        marks.judged.append(Judged(FindingKind.REDUCED_EF.name, score, true <= limit.value, clear))
    score = _pooled([seens[i : i + PER_STATION] for i in range(0, BEAT_FRAMES, PER_STATION)], FindingKind.EFFUSION)
    marks.judged.append(
        Judged(FindingKind.EFFUSION.name, score, heart.effusion_m > 0.0, cells >= CLEAR_CELLS or cells == 0)
    )


def _station(anatomy: Anatomy, renderer: Renderer, rng: np.random.Generator, station_m: float) -> list[Picture]:
    """Frames at one place of the sweep over a beat, held as a hand would."""
    moments = []
    for i in range(PER_STATION):
        phases = Phases(i / PER_STATION, 0.5 + 0.1 * float(rng.standard_normal()))
        target = anatomy.view_target(View.AORTA_TRANS, phases, station_m)
        if target is None:
            return []
        pose = target.copy()
        pose[:3, 3] += PRESSED_M * pose[:3, 2] + 0.002 * float(rng.standard_normal()) * pose[:3, 0]
        moments.append(moment_at(anatomy, pose, phases, ImagingSettings("abdomen"), i, int(rng.integers(2**31))))
    return list(pictures(anatomy, moments, [renderer], rng))


def _pooled(groups: Sequence[Sequence[Seen]], kind: FindingKind) -> float:
    """The most telling group; 0 where no group can speak about it."""
    verdicts = (pool([note_of(seen) for seen in group], kind) for group in groups)
    return max((v.probability for v in verdicts if v is not None), default=0.0)


def _crossing(rows: list[Measurement]) -> float:
    if not rows:
        return 0.0
    value, sigma = (float(np.median([getattr(m, name) for m in rows])) for name in ("value", "sigma"))
    return crossing_probability(SIZES[FindingKind.DILATED_ROOT], value, sigma)


def _volume(seen: Seen) -> tuple[float, float]:
    found = next((m for m in seen.measurements if m.name == "lv_volume"), None)
    return (math.nan, math.nan) if found is None else (found.value, found.sigma)


def _apical(anatomy: Anatomy, frame: int) -> Moment | None:
    phases = Phases(heart_phase(anatomy.patient, frame / BEAT_RATE_HZ), 0.5)
    target = anatomy.view_target(View.A4C, phases)
    if target is None:
        return None
    pose = target.copy()
    pose[:3, 3] += 0.005 * pose[:3, 2]
    return moment_at(anatomy, pose, phases, ImagingSettings(), frame, frame)

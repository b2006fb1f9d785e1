"""`echopilot eval`: perception on unseen virtual patients, frame by frame, against the truth of the same moment."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from scipy.stats import spearmanr

from echopilot_core import EchoPilotError, Seen, Tissue, View
from echopilot_lab.probing import Recipe, draw_moments, moment_at
from echopilot_lab.producing import pictures
from echopilot_lab.rendered import GUIDANCE_LIMITS, label_view
from echopilot_perception.measure.ejection import ejection_fraction
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import Anatomy, build, draw_patient
from echopilot_sim.anatomy.rhythm import heart_phase
from echopilot_sim.bmode import Renderer
from echopilot_sim.moment import ImagingSettings, Moment, Phases
from echopilot_sim.truth import Truth

TRAINING_SEEDS_END = 500_000
NEAR_M, NEAR_RAD = 0.03, math.radians(30.0)
RECIPE = Recipe(a4c=16, aorta=16, other=6, anywhere=4)
BEAT_FRAMES, BEAT_RATE_HZ = 64, 30.0
EF_PERCENT_OF_NO_MODEL = 60.0  # what a constant predictor would say
CALIBRATION_BINS = 10


@dataclass
class _Tally:
    """Sums over all frames."""

    true_cells: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(Tissue), np.int64))
    said_cells: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(Tissue), np.int64))
    both_cells: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(Tissue), np.int64))
    false_area: list[list[float]] = field(default_factory=lambda: [[] for _ in Tissue])
    view_right: list[bool] = field(default_factory=list)
    view_sure: list[float] = field(default_factory=list)
    quality: list[tuple[float, float]] = field(default_factory=list)
    ood: list[float] = field(default_factory=list)
    aorta_mm: list[float] = field(default_factory=list)
    aorta_missed: int = 0
    guidance: dict[str, list[tuple[float, float, bool]]] = field(default_factory=dict)
    ef: list[tuple[float, float]] = field(default_factory=list)
    latency_ms: list[float] = field(default_factory=list)


def evaluate_patients(patients: int, seed: int, console: Console) -> dict[str, Any]:
    """Figures over patients seed ... seed + patients - 1; raises EchoPilotError for seeds used in training."""
    if patients < 1:
        raise EchoPilotError(f"evaluation needs at least one patient, got {patients}")
    if seed < TRAINING_SEEDS_END:
        raise EchoPilotError(f"seed {seed} was used in training; evaluate from {TRAINING_SEEDS_END} on")
    perception = Perception()
    tally = _Tally()
    for patient in track(range(seed, seed + patients), description="evaluating patients", console=console):
        anatomy = build(draw_patient(patient))
        renderer = Renderer(anatomy)
        rng = np.random.default_rng([patient, 0xE7A1])
        for picture in pictures(anatomy, draw_moments(anatomy, rng, RECIPE), [renderer], rng):
            _count(tally, perception.see(picture.frame), picture.truth)
        _beat(tally, perception, anatomy, renderer)
    perception.close()
    return {"patients": patients, "seed": seed, "model": perception.manifest.model_id, **_figures(tally)}


def _count(tally: _Tally, seen: Seen, truth: Truth) -> None:
    assert truth.visible is not None
    true, said = truth.visible.labels, seen.label_map.labels
    n = len(Tissue)
    tally.true_cells += np.bincount(true.ravel(), minlength=n)
    tally.said_cells += np.bincount(said.ravel(), minlength=n)
    tally.both_cells += np.bincount(true[true == said].ravel(), minlength=n)
    for tissue in Tissue:
        if not (true == tissue).any():
            tally.false_area[tissue].append(float((said == tissue).mean()))
    view = label_view(truth)
    tally.view_right.append(seen.view == view)
    tally.view_sure.append(float(seen.view_probability.max()))
    tally.quality.append((seen.quality, truth.quality))
    tally.ood.append(seen.ood_score)
    tally.latency_ms.append(1e3 * seen.latency_s)
    coupled = float(truth.coupling.mean()) > 0.3
    _count_aorta(tally, seen, truth, view)
    for target, (limit_m, limit_rad) in GUIDANCE_LIMITS.items():
        guidance, error = seen.guidance_to(target), truth.error(target)
        if guidance is None or error is None or not coupled:
            continue
        if error.offset_m < limit_m and error.angle_rad < limit_rad:
            gap = guidance.motion - error.motion
            near = error.offset_m < NEAR_M and error.angle_rad < NEAR_RAD
            row = (1e3 * float(np.linalg.norm(gap[:2])), math.degrees(float(np.linalg.norm(gap[3:]))), near)
            tally.guidance.setdefault(target.name, []).append(row)


def _count_aorta(tally: _Tally, seen: Seen, truth: Truth, view: View) -> None:
    """Outer AP diameter on frames that truly show the aorta in good transverse section."""
    assert truth.visible is not None
    if view != View.AORTA_TRANS or truth.aorta is None or truth.aorta.obliquity_rad > math.radians(20.0):
        return
    if int((truth.visible.labels == Tissue.AO_LUMEN).sum()) < 60:
        return
    found = next((m for m in seen.measurements if m.name == "aorta_outer_ap"), None)
    if found is None:
        tally.aorta_missed += 1
    else:
        tally.aorta_mm.append(1e3 * (found.value - truth.aorta.outer_ap_m))


def _beat(tally: _Tally, perception: Perception, anatomy: Anatomy, renderer: Renderer) -> None:
    """Ejection fraction over two seconds at the exact four-chamber pose."""
    volumes = np.full(BEAT_FRAMES, np.nan)
    sigmas = np.full(BEAT_FRAMES, np.nan)
    for i in range(BEAT_FRAMES):
        moment = _apical(anatomy, i)
        if moment is None:
            return
        seen = perception.see(renderer.render(moment))
        found = next((m for m in seen.measurements if m.name == "lv_volume"), None)
        if found is not None:
            volumes[i], sigmas[i] = found.value, found.sigma
    result = ejection_fraction(volumes, np.arange(BEAT_FRAMES) / BEAT_RATE_HZ, sigmas)
    heart = anatomy.patient.heart
    if result is not None and heart is not None:
        tally.ef.append((100.0 * result.fraction, 100.0 * heart.ejection_fraction))


def _apical(anatomy: Anatomy, frame: int) -> Moment | None:
    phases = Phases(heart_phase(anatomy.patient, frame / BEAT_RATE_HZ), 0.5)
    target = anatomy.view_target(View.A4C, phases)
    if target is None:
        return None
    pose = target.copy()
    pose[:3, 3] += 0.005 * pose[:3, 2]
    return moment_at(anatomy, pose, phases, ImagingSettings(), frame, frame)


def _figures(tally: _Tally) -> dict[str, Any]:
    tissues = list(Tissue)[1:]
    total = tally.true_cells + tally.said_cells
    errors = np.array(tally.aorta_mm)
    ef = np.array(tally.ef)
    quality = np.array(tally.quality)
    return {
        "frames": len(tally.view_right),
        "dice": {t.name: float(2 * tally.both_cells[t] / total[t]) for t in tissues if tally.true_cells[t]},
        "false_area": {t.name: float(np.mean(tally.false_area[t])) for t in tissues if tally.false_area[t]},
        "view_accuracy": float(np.mean(tally.view_right)),
        "quality_spearman": float(spearmanr(quality[:, 0], quality[:, 1]).statistic),
        "ece": _calibration_error(np.array(tally.view_sure), np.array(tally.view_right)),
        "ood_p95": float(np.percentile(tally.ood, 95)),
        "aortic_diameter_error_mm": {
            "mae": float(np.abs(errors).mean()) if errors.size else None,
            "bias": float(errors.mean()) if errors.size else None,
            "p95": float(np.percentile(np.abs(errors), 95)) if errors.size else None,
            "n": int(errors.size),
            "missed": tally.aorta_missed,
        },
        "ef_error_pct": {
            "mae": float(np.abs(ef[:, 0] - ef[:, 1]).mean()) if ef.size else None,
            "constant_predictor_mae": float(np.abs(EF_PERCENT_OF_NO_MODEL - ef[:, 1]).mean()) if ef.size else None,
            "n": len(tally.ef),
        },
        "guidance": {name: _guidance(rows) for name, rows in tally.guidance.items()},
        "latency_ms": {"p50": float(np.median(tally.latency_ms)), "p95": float(np.percentile(tally.latency_ms, 95))},
    }


def _guidance(rows: list[tuple[float, float, bool]]) -> dict[str, Any]:
    """Medians over all frames that count, and over those within 30 mm and 30 degrees of the view."""
    table = np.array([row[:2] for row in rows])
    near = np.array([row[2] for row in rows])
    figures: dict[str, Any] = {"n": len(rows), "n_near": int(near.sum())}
    for name, keep in (("all", np.ones(len(rows), bool)), ("near", near)):
        if keep.any():
            figures[f"offset_mm_{name}"] = float(np.median(table[keep, 0]))
            figures[f"angle_deg_{name}"] = float(np.median(table[keep, 1]))
    return figures


def _calibration_error(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error of the view probability over ten bins (Guo et al. 2017)."""
    bins = np.minimum((sure * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    error = 0.0
    for b in range(CALIBRATION_BINS):
        chosen = bins == b
        if chosen.any():
            error += float(chosen.mean()) * abs(float(right[chosen].mean()) - float(sure[chosen].mean()))
    return error

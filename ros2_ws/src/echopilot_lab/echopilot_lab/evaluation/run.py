"""Evaluation of patients in parallel processes, then figures and curves over all of them."""

import multiprocessing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from echopilot_core import EchoPilotError, FindingKind
from echopilot_lab.datasets.probe_pose_sampling import Recipe, draw_frame_states
from echopilot_lab.datasets.sample_rendering import render_samples
from echopilot_lab.evaluation.card import add_to_card
from echopilot_lab.evaluation.disease import count_aorta, count_heart, count_root
from echopilot_lab.evaluation.figures import cases, figures, threshold
from echopilot_lab.evaluation.frames import count
from echopilot_lab.evaluation.intervals import intervals
from echopilot_lab.evaluation.marks import Marks
from echopilot_lab.evaluation.out_of_distribution import count_altered, count_real
from echopilot_lab.evaluation.real.labels import has_labels
from echopilot_lab.evaluation.real.run import evaluate_real
from echopilot_lab.evaluation.roc import draw_roc, roc
from echopilot_lab.util.parallel import run_all
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import build, sample_patient
from echopilot_sim.bmode import Renderer

TRAINING_SEEDS_END = 500_000
RECIPE = Recipe(a4c=14, aorta=14, wide=0, other=10, anywhere=4)


@dataclass(frozen=True)
class _Piece:
    """One patient for a worker; `model` is a model folder, None: the shipped one."""

    seed: int
    model: Path | None


def evaluate_patients(
    patients: int,
    seed: int,
    console: Console,
    jobs: int = 1,
    real: Path | None = None,
    model: Path | None = None,
    curves: Path | None = None,
    card: bool = False,
    page: Path | None = None,
) -> dict[str, Any]:
    """Figures over patients seed ... seed + patients - 1.

    `real` is a folder with labeled real images (`real.labels`), which `page` shows, or with foreign ones (no_contact,
    other_organs, phantom). `curves` is a PNG that gets the ROC curves of the findings; `card` writes the figures into
    the card of the model. Raises EchoPilotError for seeds used in training, for a folder that is not there, and for no
    patients without labeled images.
    """
    labeled = real is not None and has_labels(real)
    if patients < 1 and not (patients == 0 and labeled):
        raise EchoPilotError(f"evaluation needs at least one patient, or real images with labels.csv; got {patients}")
    if page is not None and not labeled:
        raise EchoPilotError("--page shows labeled real images: give --real a folder with labels.csv")
    if patients == 0 and (card or curves is not None):
        raise EchoPilotError("--card and --curves are of virtual patients; give --patients")
    if seed < TRAINING_SEEDS_END:
        raise EchoPilotError(f"seed {seed} was used in training; evaluate from {TRAINING_SEEDS_END} on")
    if real is not None and not real.is_dir():
        raise EchoPilotError(f"no folder with real images at {real}")
    found: dict[str, Any] = {}
    if real is not None and labeled:
        found["real"] = evaluate_real(real, console, jobs, model, page)
    perception = Perception(model)
    origin = {"patients": patients, "seed": seed, "model": perception.manifest.model_id}
    if patients == 0:
        perception.close()
        return {**origin, **found}
    marks = Marks()
    pieces = [_Piece(s, model) for s in range(seed, seed + patients)]
    parts = run_all(score_patient, pieces, min(jobs, multiprocessing.cpu_count()), console, "evaluating patients")
    for part in parts:
        marks.add(part)
    if real is not None and not labeled:
        count_real(marks, perception, real)
    perception.close()
    if curves is not None:
        _draw(marks, curves)
    found = {**origin, **figures(marks), "intervals_95": intervals(parts), **found}
    if card:
        add_to_card(perception.manifest.folder, found)
    return found


def score_patient(piece: _Piece) -> Marks:
    """Marks of one patient; a pure function of seed and model."""
    perception = _perception(piece.model)
    anatomy = build(sample_patient(piece.seed))
    renderer = Renderer(anatomy)
    rng = np.random.default_rng([piece.seed, 0xE7A1])
    marks = Marks()
    for sample in render_samples(anatomy, draw_frame_states(anatomy, rng, RECIPE), [renderer], rng):
        count(marks, perception.see(sample.frame), sample)
    count_altered(marks, perception, anatomy, renderer, piece.seed)
    count_aorta(marks, perception, anatomy, renderer, piece.seed)
    count_root(marks, perception, anatomy, renderer, piece.seed)
    count_heart(marks, perception, anatomy, renderer)
    return marks


@lru_cache(maxsize=1)
def _perception(model: Path | None) -> Perception:
    return Perception(model)


def _draw(marks: Marks, path: Path) -> None:
    rows = []
    for kind in FindingKind:
        scored_cases = cases(marks, kind)
        if len({j.there for j in scored_cases}) == 2:
            rows.append(
                roc(kind.name, [j.score for j in scored_cases], [j.there for j in scored_cases], threshold(kind))
            )
    if rows:
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_roc(rows, path, "Findings on unseen virtual patients")

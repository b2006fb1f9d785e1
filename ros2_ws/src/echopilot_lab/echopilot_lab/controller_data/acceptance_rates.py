"""Rates at which the acceptance criteria of each view pass, by distance of the probe from the view.

Every pose is rendered at several moments of a heart beat; a pose passes as a view does in an exam.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from echopilot_core import PerceptionResult, Preset, ScannerSettings, View, se3
from echopilot_exam.gate.acceptance_criteria import GATES
from echopilot_exam.gate.gate import evaluate_frame
from echopilot_lab.controller_data.development_patients import development_seeds
from echopilot_lab.datasets.probe_pose_sampling import AORTIC, frame_state_at, on_skin
from echopilot_lab.util.parallel import run_all
from echopilot_perception.model import read_manifest
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import build, sample_patient
from echopilot_sim.bmode import Renderer
from echopilot_sim.frame_state import Phases

FIRST_SEED, PATIENTS = 500_000, 12  # validation range
BANDS = {"<= 8": (0.0, 8.0), "8-15": (8.0, 15.0), "15-20": (15.0, 20.0), "> 20": (20.0, 32.0)}
"""Degrees of the rotation off the view; the way along the skin is drawn from 0 to 8 mm (<= 8, 8-15) or 15 mm."""
POSES, BEAT_FRAMES = 2, 5
PRESSED_M = {Preset.CARDIAC: 0.004, Preset.ABDOMEN: 0.010}


@dataclass(frozen=True)
class NearViewPose:
    """Perception results over a beat at one pose near `view`."""

    view: View
    band: str
    results: tuple[PerceptionResult, ...]


def tune_gates(
    console: Console,
    patients: int = PATIENTS,
    seed: int = FIRST_SEED,
    jobs: int = 2,
    model: Path | None = None,
) -> dict[str, Any]:
    """Measure the rates, print one row per view.

    Raises:
        EchoPilotError: Seeds outside the development range, or an unusable model folder.
    """
    seeds = development_seeds(seed, patients)
    model_id = read_manifest(model).model_id
    of_patients = run_all(partial(poses_of, model=model), seeds, jobs, console, "patients")
    poses = [pose for of_patient in of_patients for pose in of_patient]
    rates = acceptance_rates(poses)
    console.print(_table(rates))
    return {"model": model_id, "seeds": list(seeds), "views": rates}


def poses_of(seed: int, model: Path | None = None, per_band: int = POSES) -> list[NearViewPose]:
    """Poses of one patient, `per_band` in each band of each view."""
    perception = Perception(model)
    try:
        return list(_near_views(seed, perception, per_band))
    finally:
        perception.close()


def _near_views(seed: int, perception: Perception, per_band: int) -> Iterator[NearViewPose]:
    rng = np.random.default_rng([seed, 0x6A7E])
    anatomy = build(sample_patient(seed))
    renderer = Renderer(anatomy, "fast")
    for view in (v for v in View if v.name in GATES):
        preset = Preset.ABDOMEN if view in AORTIC else Preset.CARDIAC
        for band, (low_deg, high_deg) in BANDS.items():
            for _ in range(per_band):
                breathing, station_m = float(rng.random()), float(rng.uniform(0.0, 0.10))
                target = anatomy.view_target(view, Phases(0.0, breathing), station_m)
                if target is None:
                    continue
                axis = rng.normal(size=3)
                turn = se3.so3_exp(axis / np.linalg.norm(axis) * math.radians(rng.uniform(low_deg, high_deg)))
                way_m, heading = rng.uniform(0.0, 0.008 if high_deg <= 15.0 else 0.015), rng.uniform(0.0, 2.0 * math.pi)
                step = way_m * (math.cos(heading) * target[:3, 0] + math.sin(heading) * target[:3, 1])
                entry = on_skin(anatomy, target[:3, 3] + step, Phases(0.0, breathing))
                T = se3.transform(target[:3, :3] @ turn, entry)
                T[:3, 3] += PRESSED_M[preset] * T[:3, 2]
                frames = []
                for k in range(BEAT_FRAMES):
                    phases = Phases(k / BEAT_FRAMES, breathing)
                    frame_state = frame_state_at(
                        anatomy, T, phases, ScannerSettings(preset), k, int(rng.integers(2**31))
                    )
                    frames.append(perception.see(renderer.render(frame_state)))
                yield NearViewPose(view, band, tuple(frames))


def passes(results: tuple[PerceptionResult, ...], gate_name: str) -> tuple[bool, list[str]]:
    """Whether enough frames pass the gate, and every reason that was given."""
    gate = GATES[gate_name]
    verdicts = [evaluate_frame(result, gate) for result in results]
    share = sum(v.passed for v in verdicts) / len(verdicts)
    return share >= gate.min_passed_fraction, [reason for v in verdicts for reason in v.reasons]


def acceptance_rates(poses: list[NearViewPose]) -> dict[str, dict[str, object]]:
    """Pass rates by view and band, the pass rate exactly at other standard views, and what refused good poses."""
    rates: dict[str, dict[str, object]] = {}
    for view in sorted({p.view for p in poses}):
        row: dict[str, object] = {}
        for band in BANDS:
            opened = [passes(p.results, view.name)[0] for p in poses if p.view is view and p.band == band]
            row[band] = round(sum(opened) / max(len(opened), 1), 3)
        row["poses"] = sum(p.view is view for p in poses)
        others = [p for p in poses if p.view is not view and p.band == "<= 8"]
        opened_by: dict[str, int] = defaultdict(int)
        for p in others:
            opened_by[p.view.name] += passes(p.results, view.name)[0]
        row["at other views"] = round(sum(opened_by.values()) / max(len(others), 1), 3)
        row["opened by"] = {name: count for name, count in opened_by.items() if count}
        reasons: dict[str, int] = defaultdict(int)
        for p in poses:
            if p.view is view and p.band == "<= 8":
                for reason in passes(p.results, view.name)[1]:
                    reasons[reason] += 1
        row["refused for"] = dict(sorted(reasons.items(), key=lambda item: -item[1])[:4])
        rates[view.name] = row
    return rates


def _table(rates: dict[str, dict[str, object]]) -> Table:
    columns = [*BANDS, "at other views", "poses", "refused for"]
    table = Table(title="share of poses that pass, by degrees off the view")
    for heading in ("view", *columns):
        table.add_column(heading)
    for name, row in rates.items():
        table.add_row(name, *(str(row[column]) for column in columns))
    return table

"""How often each view's gate opens, by distance from the view: `python benchmarks/gates.py [--patients N]`.

Every pose is rendered at several moments of a heart beat; a pose passes as a view does in an exam.
"""

import argparse
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from echopilot_core import EchoPilotError, Seen, View, se3
from echopilot_exam.gate import judge_frame
from echopilot_exam.gate_table import GATES
from echopilot_lab.probing import moment_at, on_skin
from echopilot_perception.model import read_manifest
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import build, draw_patient
from echopilot_sim.bmode import Renderer
from echopilot_sim.moment import ImagingSettings, Phases

FIRST_SEED = 500_000
BANDS = {"<= 8": (0.0, 8.0), "8-15": (8.0, 15.0), "15-20": (15.0, 20.0), "> 20": (20.0, 32.0)}
"""Degrees of the rotation off the view; the way along the skin is drawn from 0 to 8 mm (<= 8, 8-15) or 15 mm."""
POSES, BEAT_FRAMES = 2, 5
PRESSED_M = {"cardiac": 0.004, "abdomen": 0.010}
AORTIC = (View.AORTA_TRANS, View.AORTA_LONG)


@dataclass(frozen=True)
class Posed:
    """What was seen over a beat at one pose near `view`."""

    view: View
    band: str
    seen: tuple[Seen, ...]


def posed(seed: int, perception: Perception) -> Iterator[Posed]:
    """All poses of one patient."""
    rng = np.random.default_rng([seed, 0x6A7E])
    anatomy = build(draw_patient(seed))
    renderer = Renderer(anatomy, "fast")
    for view in (v for v in View if v.name in GATES):
        preset = "abdomen" if view in AORTIC else "cardiac"
        for band, (low_deg, high_deg) in BANDS.items():
            for _ in range(POSES):
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
                    moment = moment_at(anatomy, T, phases, ImagingSettings(preset), k, int(rng.integers(2**31)))
                    frames.append(perception.see(renderer.render(moment)))
                yield Posed(view, band, tuple(frames))


def passes(seen: tuple[Seen, ...], gate_name: str) -> tuple[bool, list[str]]:
    """Whether enough frames pass the gate, and every reason that was given."""
    gate = GATES[gate_name]
    verdicts = [judge_frame(s, gate) for s in seen]
    share = sum(v.passed for v in verdicts) / len(verdicts)
    return share >= gate.min_passed_fraction, [reason for v in verdicts for reason in v.reasons]


def figures(poses: list[Posed]) -> dict[str, dict[str, object]]:
    """Pass rates by view and band, the pass rate exactly at other standard views, and what refused good poses."""
    result: dict[str, dict[str, object]] = {}
    for view in sorted({p.view for p in poses}):
        row: dict[str, object] = {}
        for band in BANDS:
            opened = [passes(p.seen, view.name)[0] for p in poses if p.view is view and p.band == band]
            row[band] = round(sum(opened) / max(len(opened), 1), 3)
        row["poses"] = sum(p.view is view for p in poses)
        others = [p for p in poses if p.view is not view and p.band == "<= 8"]
        opened_by = defaultdict(int)
        for p in others:
            opened_by[p.view.name] += passes(p.seen, view.name)[0]
        row["at other views"] = round(sum(opened_by.values()) / max(len(others), 1), 3)
        row["opened by"] = {name: count for name, count in opened_by.items() if count}
        reasons: dict[str, int] = defaultdict(int)
        for p in poses:
            if p.view is view and p.band == "<= 8":
                for reason in passes(p.seen, view.name)[1]:
                    reasons[reason] += 1
        row["refused for"] = dict(sorted(reasons.items(), key=lambda item: -item[1])[:4])
        result[view.name] = row
    return result


def print_table(result: dict[str, dict[str, object]], console: Console) -> None:
    """One row per view."""
    columns = [*BANDS, "at other views", "poses", "refused for"]
    table = Table(title="share of poses whose gate opens, by degrees off the view")
    for heading in ("gate", *columns):
        table.add_column(heading)
    for name, row in result.items():
        table.add_row(name, *(str(row[column]) for column in columns))
    console.print(table)


def main() -> int:
    """Measure; returns the exit status."""
    parser = argparse.ArgumentParser(description="How often each view's gate opens, by distance from the view.")
    parser.add_argument("--patients", type=int, default=12, help="validation patients from seed 500000 (default: 12)")
    parser.add_argument("--model", type=Path, help="model folder instead of the shipped one")
    parser.add_argument("--json", type=Path, help="file for all numbers")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    console = Console()
    try:
        perception = Perception(given.model)
        model = read_manifest(given.model)
    except EchoPilotError as error:
        console.print(f"gates: {error}", style="red", soft_wrap=True)
        return 2
    seeds = range(FIRST_SEED, FIRST_SEED + given.patients)
    poses = [p for seed in track(seeds, "patients", console=Console(stderr=True)) for p in posed(seed, perception)]
    perception.close()
    result = figures(poses)
    print_table(result, console)
    if given.json is not None:
        given.json.write_text(json.dumps({"model": model.model_id, "seeds": list(seeds), "views": result}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())

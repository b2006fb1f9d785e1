"""The ablation pre-trains each row once, measures all rows together, and goes on where it was."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("torch", reason="the training extra is not installed")

from echopilot_core import SegmentationClass, View
from echopilot_lab.tasks import ablation
from echopilot_lab.tasks.ablation import AblationPlan, run_ablation
from echopilot_lab.tasks.bench import BenchPlan
from echopilot_lab.tasks.images import ImagePlan
from echopilot_perception.training import Sample, stack

QUIET = Console(quiet=True)


def write_shard(folder: Path, *_: object) -> None:
    """Instead of rendering: a few images of two views."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    labels = np.full((128, 128), SegmentationClass.LV, np.uint8)
    views = (View.A4C, View.PLAX, View.A4C, View.PLAX)
    rows = [Sample(rng.integers(20, 200, (256, 256)).astype(np.uint8), labels, int(view), quality=0.5,
                   disease=np.zeros((64, 64), np.uint8)) for view in views]  # fmt: skip
    samples = stack(rows)
    np.savez(folder / "patient_320000.npz", **{f.name: getattr(samples, f.name) for f in fields(samples)})


def test_rows_are_pre_trained_once_and_measured_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[BenchPlan] = []

    def bench(plan: BenchPlan, *_: object) -> dict[str, object]:
        measured.append(plan)
        return {"tasks": {}}

    monkeypatch.setattr(ablation, "render", write_shard)
    monkeypatch.setattr(ablation, "bench_tasks", bench)
    monkeypatch.setattr(ablation, "SINGLE", 64)
    kept = ImagePlan(tmp_path / "images")
    plan = AblationPlan(
        tmp_path / "out", kept, tmp_path / "shards", ("scratch", "pixel"), images=100, epochs=3, seeds=2, batch=4
    )
    figures, finished = run_ablation(plan, QUIET, QUIET)
    encoder = tmp_path / "out" / "runs" / "pixel" / "encoder.pth"
    assert finished and encoder.is_file() and not (encoder.parent / "images").exists()
    assert [len(m.encoders) for m in measured] == [1, 2]
    assert measured[-1].encoders == ("scratch", f"pixel={encoder}") and measured[-1].seeds == 2
    assert figures["rows"]["pixel"]["steps"] == 3 and figures["rows"]["pixel"]["images_per_s"] > 0.0
    before = encoder.stat().st_mtime_ns
    again, finished = run_ablation(plan, QUIET, QUIET)
    assert finished and encoder.stat().st_mtime_ns == before and again["rows"] == figures["rows"]
    more = replace(plan, rows=("scratch", "pixel", "polar_hard"))
    run_ablation(more, QUIET, QUIET)
    assert measured[-1].encoders[1].startswith("pixel=") and measured[-1].encoders[2].startswith("polar_hard=")
    assert encoder.stat().st_mtime_ns == before

"""The perception benchmark takes turns and prints what the design promises."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from rich.console import Console

from echopilot_core import Frame, ProbeGeometry, ProbeKind, SectorBox
from echopilot_lab.benchmarks import perception as bench
from echopilot_perception import grid
from echopilot_perception.heads import HEADS
from echopilot_perception.model import SHIPPED


def frames(count: int = 3) -> list[Frame]:
    rng = np.random.default_rng(6)
    geometry = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.4, 0.02, 0.15, 0.0005, 0.0005, 150.0, 0.0, 2e6)
    images = rng.rayleigh(40, (count, 300, 300)).clip(0, 255).astype(np.uint8)
    return [Frame(k, k, image, geometry, SectorBox(0, 0, 300, 300)) for k, image in enumerate(images)]


def test_calls_take_turns_after_a_warm_up() -> None:
    order: list[str] = []
    calls = {name: lambda k, name=name: order.append(f"{name}{k}") for name in ("a", "b")}
    spent = bench.interleaved(calls, rounds=2)
    assert order == [f"{name}{k}" for k in range(bench.WARM_UP + 2) for name in ("a", "b")]
    assert [len(spent[name]) for name in ("a", "b")] == [2, 2]


def test_figures_name_the_peer_and_the_loss_of_int8() -> None:
    console = Console(record=True, width=120)
    figures = json.loads(json.dumps(bench.bench_perception(console, rounds=3, frames=frames())))
    assert set(figures["ms"]) == set(figures["see_ms"]) == {"p50", "p95", "p99"}
    assert figures["threads"] == 1 and figures["cells"] == grid.IMAGE_CELLS
    assert figures["heads"] == [head.name for head in HEADS]
    assert min(figures["see_ms"]["p50"], figures["ms"]["p50"]) > 0
    if figures["int8"] is not None:
        assert 0 <= figures["int8"]["view_change_max"] <= 1 and set(figures["int8"]["ms"]) == {"p50", "p95", "p99"}
    text = console.export_text()
    if figures["peer"] is None:
        assert bench.NO_PEER.split(":")[0] in text
    else:
        ratio = figures["peer"]["ms"]["p50"] / figures["ms"]["p50"]
        assert figures["peer"]["times_slower"] == pytest.approx(ratio) and f"{ratio:.1f} times faster" in text
        assert "BasicUNet" in figures["peer"]["name"] and "BasicUNet" in text


def test_without_torch_the_peer_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "find_spec", lambda name: None)
    console = Console(record=True, width=120)
    figures = bench.bench_perception(console, rounds=1, frames=frames(1))
    assert figures["peer"] is None and "make setup-train" in console.export_text()


def test_a_copy_of_the_fp32_file_is_not_taken_for_int8(tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "model")
    shutil.copy(folder / "model.onnx", folder / "model_int8.onnx")
    description = yaml.safe_load((folder / "model.yaml").read_text())
    description["sha256"]["model_int8.onnx"] = description["sha256"]["model.onnx"]
    (folder / "model.yaml").write_text(yaml.safe_dump(description))
    console = Console(record=True, width=200)
    figures = bench.bench_perception(console, model=folder, rounds=1, frames=frames(1))
    assert figures["int8"] is None and "no INT8" in console.export_text()

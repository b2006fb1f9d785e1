"""The benchmark of the encoder gives figures that JSON takes, each beside its floor."""

import json
from dataclasses import asdict

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("monai", reason="the training extra is not installed")

from rich.console import Console  # noqa: E402

from echopilot_lab.benchmarks import echocare as bench  # noqa: E402
from echopilot_perception.model.echocare import EncoderShape  # noqa: E402


def test_the_benchmark_times_what_it_compared(tiny: EncoderShape, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "MATRIX_CPU", 256)
    monkeypatch.setattr(bench, "MATRIX_CUDA", 256)
    monkeypatch.setattr(bench, "REFERENCE_CELLS", 64)
    figures = bench.bench_echocare(Console(quiet=True), threads=torch.get_num_threads(), shape=tiny)
    assert json.loads(json.dumps(asdict(figures), allow_nan=False))["weights"] == "random"
    assert figures.onnx_difference <= 1e-3
    assert [row.name for row in figures.timings][:2] == ["PyTorch float32", "ONNX Runtime float32"]
    for row in figures.timings:
        assert row.failed or (row.p50_ms is not None and row.floor_ms > 0 and row.p95_ms >= row.p50_ms > 0), row

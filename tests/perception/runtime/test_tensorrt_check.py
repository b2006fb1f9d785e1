"""The first run on a GPU, on the fakes: parity, an engine that is found again, times by part; each failure by name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_cuda import FakeCuda

from echopilot_core import EchoPilotError
from echopilot_perception import grid
from echopilot_perception.heads import HEADS
from echopilot_perception.model.manifest import Manifest
from echopilot_perception.runtime import Precision, tensorrt_check
from echopilot_perception.runtime.onnx import OnnxRuntime
from echopilot_perception.runtime.tensorrt_check import EngineCheck, check_engine, start

IMAGES = np.random.default_rng(5).random((2, 1, grid.IMAGE_CELLS, grid.IMAGE_CELLS)).astype(np.float32)


def checked(model: Manifest, precision: Precision, folder: Path) -> EngineCheck:
    with OnnxRuntime(model.onnx) as reference:
        return check_engine(model.onnx, precision, IMAGES, reference, folder, runs=5)


@pytest.mark.parametrize("version", ["10.3.0", "11.4.0"])
def test_a_model_that_agrees_and_is_kept_holds_in_both_precisions(
    install: Callable[..., FakeCuda], model: Manifest, tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(version)
    monkeypatch.setattr(tensorrt_check, "WARM_UP", 1)
    for precision in (Precision.FP32, Precision.FP16):
        found = checked(model, precision, tmp_path / "engines")
        assert all(found.checks().values()), (found.checks(), found.differences)
        assert found.runs == 5 and found.whole.p50_ms <= found.whole.p99_ms
        assert set(found.differences) == {head.name for head in HEADS}, found.differences
        assert version in found.runtime
    assert len(list((tmp_path / "engines").glob("*.engine"))) == 2


def test_each_failure_has_a_name(
    install: Callable[..., FakeCuda], model: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install()
    monkeypatch.setattr(tensorrt_check, "WARM_UP", 1)
    good = checked(model, Precision.FP32, tmp_path / "engines")
    worst = dict(good.differences) | {next(iter(good.differences)): 0.02}
    for bad, name in (
        (replace(good, differences=worst), "fp32: outputs within 0.01 of ONNX Runtime"),
        (replace(good, said=()), "fp32: engine built once, then found"),
        (replace(good, said=(*good.said, "TensorRT runs without a CUDA graph: x")), "fp32: runs as a CUDA graph"),
    ):
        assert [check for check, holds in bad.checks().items() if not holds] == [name]
    with pytest.raises(EchoPilotError, match="the second start did not find its engine"):
        start(model.onnx, Precision.FP32, tmp_path / "other")

"""INT8 stays close to FP32, is small, and is never half-written."""

from pathlib import Path

import numpy as np
import pytest

from echopilot_core import EchoPilotError
from echopilot_perception import grid
from echopilot_perception.runtime.onnx import OnnxRuntime

pytest.importorskip("onnx", reason="the training extra is not installed")
pytest.importorskip("torch", reason="the training extra is not installed")

import onnx

from echopilot_lab.benchmarks.int8 import int8_loss
from echopilot_perception.model.manifest import read_manifest
from echopilot_perception.model.quantize import quantize

SEED = 11


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Bright discs on speckle (12, H, W) uint8."""
    rng = np.random.default_rng(SEED)
    n = grid.IMAGE_CELLS
    rows, columns = np.mgrid[:n, :n]
    stack = rng.rayleigh(30, (12, n, n))
    for image in stack:
        u, v, r = rng.uniform(60, 190, 3)
        image[np.hypot(columns - u, rows - v) < r / 4] *= 2.5
    return stack.clip(0, 255).astype(np.uint8)


def test_int8_agrees_with_fp32_and_is_smaller(tiny_model: Path, images: np.ndarray, tmp_path: Path) -> None:
    out = tmp_path / "model_int8.onnx"
    quantize(tiny_model / "model.onnx", images, out)
    assert out.stat().st_size < 0.7 * (tiny_model / "model.onnx").stat().st_size
    assert list(tmp_path.iterdir()) == [out]
    images = images[:, None].astype(np.float32) / np.float32(255.0)
    with OnnxRuntime(tiny_model / "model.onnx") as fp32, OnnxRuntime(out) as int8:
        loss = int8_loss(fp32, int8, read_manifest(tiny_model).spec, images)
    print(f"seed {SEED}: {loss}")
    assert loss.view_change_max < 0.05 and loss.quality_change_max < 0.05
    assert all(dice > 0.9 for dice in loss.dice.values())


def test_zero_points_are_zero_as_tensorrt_asks(tiny_model: Path, images: np.ndarray, tmp_path: Path) -> None:
    quantize(tiny_model / "model.onnx", images, tmp_path / "int8.onnx")
    graph = onnx.load(str(tmp_path / "int8.onnx")).graph
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = [node for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert len(nodes) > 20
    for node in nodes:
        zero = values[node.input[2]]
        assert zero.dtype in (np.int8, np.int32) and not zero.any(), node.name


def test_a_failure_leaves_the_old_file(tiny_model: Path, images: np.ndarray, tmp_path: Path) -> None:
    out = tmp_path / "model_int8.onnx"
    out.write_bytes(b"old")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a model")
    for model, given in ((broken, images), (tiny_model / "model.onnx", images[:3])):
        with pytest.raises(EchoPilotError) as caught:
            quantize(model, given, out)
        assert "\n" not in str(caught.value)
    assert out.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == [broken, out]

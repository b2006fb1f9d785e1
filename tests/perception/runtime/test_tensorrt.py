"""TensorRT's logic on the fake: engines kept and found, precision by version, graphs, memory, errors."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_cuda import FakeCuda
from fake_tensorrt import VERSIONS

from echopilot_core import EchoPilotError
from echopilot_perception import grid
from echopilot_perception.model.manifest import Manifest
from echopilot_perception.runtime import Precision, cache, versions
from echopilot_perception.runtime.tensorrt import TensorRtRuntime

onnx = pytest.importorskip("onnx", reason="the training extra is not installed")

IMAGE = np.random.default_rng(1).random((1, 1, grid.IMAGE_CELLS, grid.IMAGE_CELLS)).astype(np.float32)
Install = Callable[..., FakeCuda]


def run(path: Path, precision: Precision = Precision.FP16, folder: Path | None = None) -> list[str]:
    """Activate, infer once, close; what was said."""
    predicted: list[str] = []
    with TensorRtRuntime(path, precision, folder=folder, say=predicted.append) as runtime:
        runtime.infer(IMAGE)
    return predicted


def engines() -> list[Path]:
    return sorted(cache.default_folder().glob("*.engine"))


def small(path: Path, name: str = "image", output: int = 1) -> Path:
    """A model that averages the image; `output` is the ONNX type of its output."""
    helper = onnx.helper
    nodes = [
        helper.make_node("GlobalAveragePool", [name], ["mean"]),
        helper.make_node("Cast", ["mean"], ["out"], to=output),
    ]
    image = helper.make_tensor_value_info(name, 1, ["batch", 1, grid.IMAGE_CELLS, grid.IMAGE_CELLS])
    graph = helper.make_graph(
        nodes, "small", [image], [helper.make_tensor_value_info("out", output, ["batch", 1, 1, 1])]
    )
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    )
    return path


@pytest.mark.parametrize("version", VERSIONS)
def test_an_engine_is_built_once_and_then_found(install: Install, tmp_path: Path, version: str) -> None:
    install(version)
    path = small(tmp_path / "m.onnx")
    first = run(path)
    assert len(first) == 2 and "building the fp16 engine" in first[0] and "built in" in first[1]
    assert run(path) == [] and len(engines()) == 1
    assert run(path, Precision.FP32) and len(engines()) == 2


def test_another_version_builds_its_own(install: Install, tmp_path: Path) -> None:
    path = small(tmp_path / "m.onnx")
    for version in VERSIONS:
        install(version)
        run(path)
    assert len(engines()) == len(VERSIONS)


def test_a_plan_that_no_longer_loads_is_built_anew(install: Install, tmp_path: Path) -> None:
    install()
    path = small(tmp_path / "m.onnx")
    run(path)
    plan = b"whole, but of another TensorRT"
    with engines()[0].open("wb") as file:
        cache.write_whole(file, plan)
    predicted = run(path)
    assert "does not load here" in predicted[0] and run(path) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_fp16_comes_by_flag_or_by_file(install: Install, tmp_path: Path, version: str) -> None:
    install(version)
    trt = versions.load_tensorrt()
    data = small(tmp_path / "m.onnx").read_bytes()
    by_file = versions.model_for(trt, data, Precision.FP16) != data
    by_flag = bool(versions.builder_flags(trt, Precision.FP16).on)
    assert by_file != by_flag and by_file == version.startswith("11")
    assert versions.model_for(trt, data, Precision.INT8) == data
    assert len(versions.builder_flags(trt, Precision.FP32).off) == 1
    assert bool(versions.network_flags(trt) & 1) == (not version.startswith("11"))


@pytest.mark.parametrize("version", VERSIONS)
def test_int8_comes_from_quantize_nodes(install: Install, model: Manifest, tmp_path: Path, version: str) -> None:
    quantization = pytest.importorskip("onnxruntime.quantization")

    class One(quantization.CalibrationDataReader):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.rows = iter([{"image": IMAGE}])

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.rows, None)

    path = tmp_path / "int8.onnx"
    helper = onnx.helper
    weights = onnx.numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), "w")
    image = helper.make_tensor_value_info("image", 1, ["batch", 1, grid.IMAGE_CELLS, grid.IMAGE_CELLS])
    out = helper.make_tensor_value_info("out", 1, ["batch", 2, None, None])
    graph = helper.make_graph([helper.make_node("Conv", ["image", "w"], ["out"])], "c", [image], [out], [weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "f.onnx")
    quantization.quantize_static(tmp_path / "f.onnx", path, One(), quant_format=quantization.QuantFormat.QDQ)
    install(version)
    assert "int8" in run(path, Precision.INT8)[0]


def test_everything_is_given_back(install: Install, tmp_path: Path) -> None:
    device = install()
    with TensorRtRuntime(small(tmp_path / "m.onnx"), say=lambda line: None) as runtime:
        for n in (1, 3, 1, 9):
            out = runtime.infer(np.repeat(IMAGE, n, axis=0))["out"]
            assert out.shape == (n, 1, 1, 1) and np.allclose(out, IMAGE.mean(), atol=1e-3)
        assert device.live()["exec"] == 1 and device.live()["graph"] == 0 and device.launches == 5
    assert not any(device.live().values())


def test_an_engine_that_cannot_be_captured_runs_without_a_graph(install: Install, tmp_path: Path) -> None:
    device = install(cuda=FakeCuda(capturable=False))
    predicted = run(small(tmp_path / "m.onnx"))
    assert sum("without a CUDA graph" in line for line in predicted) == 1 and device.launches == 0
    assert not any(device.live().values())


def test_short_memory_is_one_line_and_leaves_nothing(install: Install, tmp_path: Path) -> None:
    device = install(cuda=FakeCuda(memory_bytes=IMAGE.nbytes * 2))
    with TensorRtRuntime(small(tmp_path / "m.onnx"), say=lambda line: None) as runtime:
        with pytest.raises(EchoPilotError, match="cudaMalloc failed with cudaErrorMemoryAllocation"):
            runtime.infer(np.repeat(IMAGE, 3, axis=0))
        assert device.live()["device"] == device.live()["host"] == 0
        runtime.infer(IMAGE)


def test_foreign_bindings_are_named(install: Install, tmp_path: Path) -> None:
    install()
    with pytest.raises(EchoPilotError, match=r"one input named image, it has: other"):
        run(small(tmp_path / "a.onnx", name="other"))
    with pytest.raises(EchoPilotError, match=r"output out must be float32, the engine has float16 \(N, 1, 1, 1\)"):
        run(small(tmp_path / "b.onnx", output=10), Precision.FP32)


def test_an_unreadable_model_gives_the_parsers_reason(install: Install, tmp_path: Path) -> None:
    install()
    (tmp_path / "m.onnx").write_bytes(b"not a model")
    with pytest.raises(EchoPilotError, match=r"cannot read the model: .+") as caught:
        run(tmp_path / "m.onnx")
    assert "\n" not in str(caught.value)
    with pytest.raises(EchoPilotError, match=r"cannot read .*No such file"):
        run(tmp_path / "missing.onnx")


def test_without_a_gpu_tensorrt_is_never_started(install: Install, tmp_path: Path) -> None:
    install(cuda=FakeCuda(count=0))
    with pytest.raises(EchoPilotError, match="no CUDA device; choose onnxruntime"):
        run(small(tmp_path / "m.onnx"))


def test_a_folder_that_all_can_write_to_is_refused(install: Install, tmp_path: Path) -> None:
    install()
    folder = tmp_path / "open"
    folder.mkdir()
    os.chmod(folder, 0o777)
    with pytest.raises(EchoPilotError, match=r"writable by everybody; the safe one is .*echopilot/engines"):
        run(small(tmp_path / "m.onnx"), folder=folder)
    assert list(folder.iterdir()) == []

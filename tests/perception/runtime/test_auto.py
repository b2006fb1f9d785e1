"""What `auto` picks, that it says why, and that wrong names are answered with the right ones."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fake_cuda import FakeCuda

from echopilot_core import EchoPilotError
from echopilot_perception.model.manifest import Manifest, sha256
from echopilot_perception.runtime import NAMES, Precision, make_runtime, parse_choice
from echopilot_perception.runtime.onnx import OnnxRuntime, has_cuda
from echopilot_perception.training.config import DEFAULT_SPEC

BARE = Manifest(Path("nowhere"), "bare", "none", DEFAULT_SPEC, "")
on_cpu = pytest.mark.skipif(has_cuda(), reason="this ONNX Runtime has CUDA: auto picks another one here")


@on_cpu
def test_auto_picks_the_cpu_and_names_what_the_faster_ones_lack() -> None:
    facts = make_runtime(BARE).metadata()
    assert (facts.name, facts.precision) == ("onnxruntime", Precision.FP32)
    assert facts.reason.startswith("auto picked onnxruntime; not tensorrt: ") and "; not cuda: " in facts.reason
    assert "pip install onnxruntime-gpu" in facts.reason


def test_auto_picks_tensorrt_where_all_of_it_is_there(install: Callable[..., FakeCuda]) -> None:
    install()
    facts = make_runtime(BARE).metadata()
    assert (facts.name, facts.precision, facts.reason) == ("tensorrt", Precision.FP16, "auto picked tensorrt")


@on_cpu
@pytest.mark.parametrize(
    ("count", "says"), [(0, "not tensorrt: no CUDA device;"), (-1, "no CUDA device (cudaErrorInsufficientDriver;")]
)
def test_auto_passes_tensorrt_without_a_gpu(install: Callable[..., FakeCuda], count: int, says: str) -> None:
    install(cuda=FakeCuda(count=count))
    facts = make_runtime(BARE).metadata()
    assert facts.name == "onnxruntime" and says in facts.reason


def test_auto_takes_what_offers_the_precision(install: Callable[..., FakeCuda]) -> None:
    install()
    assert make_runtime(BARE, "auto:fp32").metadata().precision is Precision.FP32
    install(cuda=FakeCuda(count=0))
    with pytest.raises(EchoPilotError, match=r"auto:fp16.*no CUDA device.*onnxruntime: no fp16"):
        make_runtime(BARE, "auto:fp16")


@pytest.mark.parametrize("name", ["", "tpu", "ONNXRUNTIME", "tensorrt_fp16"])
def test_a_wrong_name_is_answered_with_all_names(name: str) -> None:
    with pytest.raises(EchoPilotError) as caught:
        make_runtime(BARE, name)
    assert all(known in str(caught.value) for known in NAMES)


@pytest.mark.parametrize(
    ("name", "offered"), [("onnxruntime:fp16", "fp32, int8"), ("torch:int8", "fp32"), ("tensorrt:", "fp16, fp32, int8")]
)
def test_a_wrong_precision_is_answered_with_those_of_the_runtime(name: str, offered: str) -> None:
    with pytest.raises(EchoPilotError, match=f"choose one of: {offered}$"):
        parse_choice(name)


def test_a_runtime_that_lacks_something_says_what() -> None:
    with pytest.raises(EchoPilotError, match=r"runtime tensorrt: .*; choose one of: auto, tensorrt, cuda"):
        make_runtime(BARE, "tensorrt")


def test_int8_needs_its_file_and_its_hash(model: Manifest, tmp_path: Path) -> None:
    folder = shutil.copytree(model.folder, tmp_path / "model")
    manifest = replace(model, folder=folder)
    with pytest.raises(EchoPilotError, match=r"holds no model_int8.onnx with a hash"):
        make_runtime(manifest, "onnxruntime:int8")
    shutil.copy(folder / "model.onnx", folder / "model_int8.onnx")
    with pytest.raises(EchoPilotError, match=r"holds no model_int8.onnx with a hash"):
        make_runtime(manifest, "onnxruntime:int8")
    manifest = replace(manifest, int8_sha256="0" * 64)
    with pytest.raises(EchoPilotError, match="SHA-256"):
        make_runtime(manifest, "onnxruntime:int8")
    manifest = replace(manifest, int8_sha256=sha256(folder / "model_int8.onnx"))
    with make_runtime(manifest, "onnxruntime:int8") as runtime:
        assert runtime.metadata().precision is Precision.INT8


@on_cpu
def test_cuda_that_falls_back_in_silence_is_an_error(model: Manifest) -> None:
    with pytest.raises(EchoPilotError, match=r"runtime cuda: .*choose onnxruntime"):
        OnnxRuntime(model.onnx, cuda=True).activate()


def test_a_broken_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(EchoPilotError, match="cannot load") as caught:
        OnnxRuntime(tmp_path / "model.onnx").activate()
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_another_network_is_one_line(model: Manifest, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the training extra is not installed")
    for state in ({"best": {"weight": torch.zeros(1)}}, {"other": 1}):
        torch.save(state, tmp_path / "checkpoint.pt")
        with pytest.raises(EchoPilotError, match="not of this version's network") as caught:
            make_runtime(replace(model, folder=tmp_path), "torch").activate()
        assert "\n" not in str(caught.value)

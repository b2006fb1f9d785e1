"""The fakes promise no call that NVIDIA's own packages lack: runtime, builder and CUDA, by name and by arguments.

TensorRT cannot compute without a GPU, but its lean runtime can be imported, and the full bindings can be read: those of
each supported version from PyPI, for the processor of a Jetson where there are some.
"""

import importlib
import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import fake_cuda
import pytest
from bindings_wheels import WHEELS, BindingsWheel
from fake_cuda import FakeCuda
from fake_tensorrt import make_fake

from echopilot_perception.runtime import versions

FAKE = make_fake("11.4.0", FakeCuda())
RUNTIME = ("Logger", "Runtime", "ICudaEngine", "IExecutionContext")
BUILDER = ("Builder", "IBuilderConfig", "INetworkDefinition", "IOptimizationProfile", "ITensor", "OnnxParser")
ABOUT_THE_FAKE = {"live", "device_array", "enqueue", "launches"}


def public(thing: Any) -> dict[str, Any]:
    """Names of a fake that do not begin with an underscore."""
    return {name: value for name, value in vars(thing).items() if not name.startswith("_")}


def arguments(call: Any) -> list[str]:
    """Names of a fake's parameters, without self."""
    return [name for name in inspect.signature(call).parameters if name != "self"]


@pytest.fixture(scope="module")
def lean() -> ModuleType:
    if importlib.util.find_spec("tensorrt_lean_bindings") is None:
        pytest.skip("pip install tensorrt-lean-cu13-bindings tensorrt-lean-cu13-libs")
    return importlib.import_module("tensorrt_lean_bindings")


@pytest.mark.parametrize("kind", RUNTIME)
def test_runtime_calls_exist_with_these_arguments(lean: ModuleType, kind: str) -> None:
    real = getattr(lean, kind)
    for name, value in public(getattr(FAKE, kind)).items():
        assert hasattr(real, name), f"{kind}.{name} does not exist in TensorRT {lean.__version__}"
        if inspect.isfunction(value):
            documented = re.findall(rf"{name}\(self[^,)]*(.*?)\) ->", getattr(real, name).__doc__)
            offered = [re.findall(r"[,\s](\w+): ", rest) for rest in documented]
            wanted = arguments(value)
            assert any(o[: len(wanted)] == wanted for o in offered), f"{kind}.{name}{wanted} is not in {documented}"


def test_runtime_enums_have_these_members(lean: ModuleType) -> None:
    for kind in ("TensorIOMode", "DataType"):
        assert set(getattr(FAKE, kind).__members__) <= set(getattr(lean, kind).__members__)
    assert set(FAKE.BuilderFlag.__members__) <= set(lean.BuilderFlag.__members__)
    assert not {"FP16", "INT8"} & set(lean.BuilderFlag.__members__), "11 has no precision flags"
    assert hasattr(lean, "nptype") and hasattr(lean.MemoryPoolType, "WORKSPACE")
    assert lean.Logger(lean.Logger.WARNING) is not None
    assert "buffer protocol" in lean.IHostMemory.__doc__, "a plan is read as bytes(memory)"


def test_builder_names_are_in_the_full_bindings() -> None:
    spec = importlib.util.find_spec("tensorrt_bindings")
    if spec is None or spec.origin is None:
        pytest.skip("pip install tensorrt-cu13-bindings")
    library = next(Path(spec.origin).parent.glob("tensorrt*.so")).read_bytes()
    wanted = {name for kind in BUILDER for name in (kind, *public(getattr(FAKE, kind)))}
    calls = [v for kind in BUILDER for v in public(getattr(FAKE, kind)).values() if inspect.isfunction(v)]
    wanted |= {argument for call in calls for argument in arguments(call)}
    wanted |= {"desc", "STRONGLY_TYPED", "NetworkDefinitionCreationFlag"}
    missing = sorted(name for name in wanted if name.encode() + b"\0" not in library)
    assert not missing, f"not in {Path(spec.origin).parent}: {missing}"
    assert b"EXPLICIT_BATCH\0" not in library, "11 has no such flag; the fake says the same"


@pytest.mark.usefixtures("pypi")
@pytest.mark.parametrize("wheel", WHEELS, ids=str)
def test_each_supported_version_has_what_we_call_and_what_tells_it_from_the_others(
    wheel: BindingsWheel, tmp_path: Path
) -> None:
    module = wheel.unpack(tmp_path)
    library = next(module.glob("tensorrt*.so")).read_bytes()
    fake: Any = make_fake(wheel.fake, FakeCuda())
    kinds = [getattr(fake, kind) for kind in (*RUNTIME, *BUILDER)]
    calls = [call for kind in kinds for call in public(kind).values() if inspect.isfunction(call)]
    wanted = {*RUNTIME, *BUILDER, *(name for kind in kinds for name in public(kind))}
    wanted |= {argument for call in calls for argument in arguments(call)}
    missing = sorted(name for name in wanted if name.encode() + b"\0" not in library)
    assert not missing, f"not in {wheel}: {missing}"
    assert "def nptype(" in (module / "__init__.py").read_text()
    assert (b"FP16\0" in library) is not versions.types_come_from_the_file(fake)
    for flag in ("EXPLICIT_BATCH", "STRONGLY_TYPED"):
        assert (flag.encode() + b"\0" in library) is hasattr(fake.NetworkDefinitionCreationFlag, flag), flag


def test_cuda_calls_exist_with_these_arguments() -> None:
    if importlib.util.find_spec("cuda") is None or importlib.util.find_spec("cuda.bindings") is None:
        pytest.skip("pip install cuda-bindings")
    real = importlib.import_module("cuda.bindings.runtime")
    calls = {n: v for n, v in public(FakeCuda).items() if inspect.isfunction(v) and n not in ABOUT_THE_FAKE}
    assert len(calls) == 22
    for name, value in calls.items():
        assert arguments(value) == list(inspect.signature(getattr(real, name)).parameters), name
    for kind in ("cudaError_t", "cudaMemcpyKind", "cudaStreamCaptureMode"):
        for member in getattr(fake_cuda, kind):
            assert int(getattr(getattr(real, kind), member.name)) == int(member)

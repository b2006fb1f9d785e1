"""A model folder with drawn weights, and the fakes of GPU and TensorRT in place of the modules."""

import importlib.machinery
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_cuda import FakeCuda
from fake_tensorrt import make_fake

from echopilot_perception import grid
from echopilot_perception.model.manifest import Manifest, sha256


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """echopilot-edge with weights from a seed, as ONNX and as checkpoint."""
    pytest.importorskip("torch", reason="the training extra is not installed")
    import torch

    from echopilot_perception.model.network import build_network
    from echopilot_perception.training import DEFAULT_SPEC, checkpoint

    folder = tmp_path_factory.mktemp("drawn")
    state = checkpoint.to_fp16({"best": build_network(DEFAULT_SPEC, 3).state_dict()})
    network = build_network(DEFAULT_SPEC, 3)
    network.load_state_dict(checkpoint.from_fp16(state)["best"])
    names = list(network.heads)
    torch.onnx.export(
        network.eval(), (torch.zeros(1, 1, grid.IMAGE_CELLS, grid.IMAGE_CELLS),), str(folder / "model.onnx"),
        input_names=["image"], output_names=names, dynamic_axes={n: {0: "batch"} for n in ["image", *names]},
        opset_version=17, dynamo=False,
    )  # fmt: skip
    checkpoint.save(folder / "checkpoint.pt", state)
    return Manifest(folder, "drawn", "none", DEFAULT_SPEC, sha256(folder / "model.onnx"))


Install = Callable[..., FakeCuda]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Install:
    """Put a fake TensorRT of a version and a fake GPU where the real modules would be; the cache is private."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def act(version: str = "10.3.0", cuda: FakeCuda | None = None) -> FakeCuda:
        device = FakeCuda() if cuda is None else cuda
        package, bindings = ModuleType("cuda"), ModuleType("cuda.bindings")
        bindings.runtime = device  # type: ignore[attr-defined]
        package.__path__ = []
        for name, module in (
            ("tensorrt", make_fake(version, device)), ("cuda", package), ("cuda.bindings", bindings),
        ):  # fmt: skip
            module.__spec__ = importlib.machinery.ModuleSpec(name, None)
            monkeypatch.setitem(sys.modules, name, module)
        return device

    return act

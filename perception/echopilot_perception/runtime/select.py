"""Pick a runtime by name, or by what this machine has."""

from importlib.util import find_spec

from echopilot_core import EchoPilotError
from echopilot_perception.model.manifest import Manifest
from echopilot_perception.runtime.interface import Runtime

NAMES = ("auto", "onnxruntime", "torch")


def make_runtime(manifest: Manifest, name: str = "auto", threads: int = 1) -> Runtime:
    """Runtime for a model, not yet active; its metadata says what was picked and why.

    Raises EchoPilotError for a name that does not exist or when nothing can run the model.
    """
    if name not in NAMES:
        raise EchoPilotError(f"runtime {name!r} does not exist; choose one of: {', '.join(NAMES)}")
    has_onnx = find_spec("onnxruntime") is not None
    if name == "onnxruntime" or (name == "auto" and has_onnx):
        if not has_onnx:
            raise EchoPilotError("runtime onnxruntime is not installed: pip install onnxruntime")
        from echopilot_perception.runtime.onnx import OnnxRuntime

        return OnnxRuntime(manifest.onnx, threads, "asked for" if name != "auto" else "ONNX Runtime is installed; CPU")
    if name == "torch" or find_spec("torch") is not None:
        from echopilot_perception.runtime.torch import TorchRuntime

        reason = "asked for" if name == "torch" else "ONNX Runtime is missing, PyTorch is installed"
        return TorchRuntime(manifest.folder / "checkpoint.pt", manifest.spec, threads, reason)
    raise EchoPilotError("nothing can run the model: install onnxruntime or torch")

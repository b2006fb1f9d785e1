"""PyTorch from the shipped checkpoint: for comparison with the exported engine; torch is imported late."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.runtime.interface import Outputs, Runtime, RuntimeMetadata


class TorchRuntime(Runtime):
    """Runs the averaged weights of checkpoint.pt (stored in FP16) in float32."""

    def __init__(self, path: Path, spec: HeadSpec, threads: int = 1, reason: str = "asked for") -> None:
        self._path, self._spec, self._threads, self._reason = path, spec, threads, reason
        self._network: Any = None

    def activate(self) -> None:
        try:
            import torch
        except ImportError as error:
            raise EchoPilotError(
                "runtime torch needs PyTorch: install the extra `train`, or use onnxruntime"
            ) from error
        from echopilot_perception.model.network import build_network
        from echopilot_perception.training import checkpoint

        torch.set_num_threads(self._threads)
        self._network = build_network(self._spec, seed=0)
        self._network.load_state_dict(checkpoint.from_half(checkpoint.load(self._path))["best"])
        self._network.eval()

    def infer(self, image: NDArray[np.float32]) -> Outputs:
        if self._network is None:
            raise EchoPilotError("runtime torch is not active: call activate() first")
        import torch

        with torch.no_grad():
            outputs = self._network(torch.from_numpy(image))
        return {head.name: output.numpy() for head, output in zip(HEADS, outputs, strict=True)}

    def metadata(self) -> RuntimeMetadata:
        import torch

        return RuntimeMetadata("torch", torch.__version__, "cpu", self._threads, self._reason)

    def close(self) -> None:
        self._network = None

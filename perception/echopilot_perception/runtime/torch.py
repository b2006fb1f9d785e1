"""PyTorch runtime of the shipped checkpoint, for comparison with the exported model; torch is imported lazily."""

import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception import grid
from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.runtime.bindings import INPUT, Binding, check_input, not_active
from echopilot_perception.runtime.interface import Outputs, Precision, Runtime, RuntimeMetadata, Timing

IMAGE = Binding(INPUT, (None, 1, grid.IMAGE_CELLS, grid.IMAGE_CELLS), np.dtype(np.float32))


class TorchRuntime(Runtime):
    """Runs the averaged weights of checkpoint.pt (stored in FP16) in float32, on a CUDA device where torch sees one."""

    def __init__(self, path: Path, spec: HeadSpec, threads: int = 1, reason: str = "asked for") -> None:
        self._path, self._spec, self._threads, self._reason = path, spec, threads, reason
        self._network: Any = None
        self._device = "cpu"

    def activate(self) -> None:
        if self._network is not None:
            return
        try:
            import torch
        except ImportError as error:
            raise EchoPilotError(
                "runtime torch needs PyTorch: install the extra `train`, or use onnxruntime"
            ) from error
        from echopilot_perception.model.network import build_network
        from echopilot_perception.training import checkpoint

        torch.set_num_threads(self._threads)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        network = build_network(self._spec, seed=0)
        try:
            network.load_state_dict(checkpoint.from_fp16(checkpoint.load(self._path))["best"])
        except (KeyError, RuntimeError) as error:  # other keys or shapes; torch lists them over many lines
            raise EchoPilotError(f"checkpoint {self._path} is not of this version's network; train again") from error
        self._network = network.eval().to(self._device)

    def infer(self, image: NDArray[np.float32]) -> Outputs:
        if self._network is None:
            raise not_active("torch")
        check_input("torch", IMAGE, image)
        import torch

        begin = time.perf_counter()
        with torch.no_grad():
            outputs = self._network(torch.from_numpy(image).to(self._device))
            arrays = [output.cpu().numpy() for output in outputs]
        self.last_timing = Timing(0.0, time.perf_counter() - begin, 0.0)  # copies included: torch hides them
        return {head.name: array for head, array in zip(HEADS, arrays, strict=True)}

    def metadata(self) -> RuntimeMetadata:
        try:
            installed = version("torch")
        except PackageNotFoundError:
            installed = "not installed"
        return RuntimeMetadata("torch", installed, self._device, self._threads, Precision.FP32, self._reason)

    def close(self) -> None:
        self._network = None

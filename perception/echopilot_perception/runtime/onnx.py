"""ONNX Runtime on one CPU thread: the default everywhere."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception.runtime.interface import Outputs, Runtime, RuntimeMetadata


class OnnxRuntime(Runtime):
    """Runs model.onnx sequentially on `threads` threads, so that results repeat bit by bit."""

    def __init__(self, path: Path, threads: int = 1, reason: str = "asked for") -> None:
        self._path, self._threads, self._reason = path, threads, reason
        self._session: onnxruntime.InferenceSession | None = None

    def activate(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(self._path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises its own kinds
            raise EchoPilotError(f"ONNX Runtime cannot load {self._path}: {str(error).splitlines()[0]}") from error

    def infer(self, image: NDArray[np.float32]) -> Outputs:
        if self._session is None:
            raise EchoPilotError("runtime onnxruntime is not active: call activate() first")
        names = [output.name for output in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, {"image": image}), strict=True))

    def metadata(self) -> RuntimeMetadata:
        return RuntimeMetadata("onnxruntime", onnxruntime.__version__, "cpu", self._threads, self._reason)

    def close(self) -> None:
        self._session = None

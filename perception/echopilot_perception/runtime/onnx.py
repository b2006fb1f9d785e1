"""ONNX Runtime: on one CPU thread the default everywhere, on a CUDA device where its GPU build is installed."""

import time
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception.runtime.bindings import Binding, check_input, input_binding, not_active
from echopilot_perception.runtime.interface import Outputs, Precision, Runtime, RuntimeMetadata, Timing

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


class OnnxRuntime(Runtime):
    """Runs an ONNX file; on the CPU sequentially on `threads` threads, so that results repeat bit by bit."""

    def __init__(
        self,
        path: Path,
        threads: int = 1,
        reason: str = "asked for",
        precision: Precision = Precision.FP32,
        cuda: bool = False,
    ) -> None:
        self._path, self._threads, self._reason, self._precision = path, threads, reason, precision
        self._name, self._provider = ("cuda", CUDA) if cuda else ("onnxruntime", CPU)
        self._session: onnxruntime.InferenceSession | None = None
        self._input = Binding("", (), np.dtype(np.float32))
        self._outputs: list[str] = []

    def activate(self) -> None:
        if self._session is not None:
            return
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(str(self._path), options, providers=[self._provider])
        except Exception as error:  # onnxruntime raises its own kinds
            raise EchoPilotError(f"ONNX Runtime cannot load {self._path}: {str(error).splitlines()[0]}") from error
        if self._provider not in session.get_providers():  # it falls back in silence when a CUDA library is missing
            raise EchoPilotError("runtime cuda: ONNX Runtime cannot load its CUDA libraries; choose onnxruntime")
        self._input = input_binding(self._name, [_binding(i) for i in session.get_inputs()])
        self._outputs = [output.name for output in session.get_outputs()]
        self._session = session

    def infer(self, image: NDArray[np.float32]) -> Outputs:
        if self._session is None:
            raise not_active(self._name)
        check_input(self._name, self._input, image)
        begin = time.perf_counter()
        values = self._session.run(self._outputs, {self._input.name: image})
        self.last_timing = Timing(0.0, time.perf_counter() - begin, 0.0)
        return dict(zip(self._outputs, values, strict=True))

    def metadata(self) -> RuntimeMetadata:
        device = "cuda" if self._provider == CUDA else "cpu"
        version = onnxruntime.__version__
        return RuntimeMetadata(self._name, version, device, self._threads, self._precision, self._reason)

    def close(self) -> None:
        self._session = None


def _binding(value: onnxruntime.NodeArg) -> Binding:
    shape = tuple(n if isinstance(n, int) else None for n in value.shape)
    return Binding(value.name, shape, np.dtype(DTYPES.get(value.type, np.object_)))


def has_cuda() -> bool:
    """Whether the installed ONNX Runtime was built with CUDA; says nothing about a device."""
    return CUDA in onnxruntime.get_available_providers()

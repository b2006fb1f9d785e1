"""TensorRT runtime (8.6 to 11) on an NVIDIA GPU; tensorrt and cuda-bindings are imported lazily."""

import hashlib
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception.runtime import cache, cuda, versions
from echopilot_perception.runtime.bindings import check_input, not_active
from echopilot_perception.runtime.engine import Batches, Say, build_engine
from echopilot_perception.runtime.execution import Execution
from echopilot_perception.runtime.interface import Outputs, Precision, Runtime, RuntimeMetadata, Timing

BATCHES = Batches()


def to_stderr(line: str) -> None:
    """Print one line to standard error."""
    print(line, file=sys.stderr, flush=True)


class TensorRtRuntime(Runtime):
    """Builds an ONNX model into an engine once per GPU and version, keeps it, and runs it."""

    def __init__(
        self,
        path: Path,
        precision: Precision = Precision.FP16,
        reason: str = "asked for",
        folder: Path | None = None,
        say: Say = to_stderr,
    ) -> None:
        """`folder` keeps engines (None: `cache.default_folder()`); `say` gets progress and warnings, a line each."""
        self._path, self._precision, self._reason, self._say = path, precision, reason, say
        self._folder = cache.default_folder() if folder is None else folder
        self._execution: Execution | None = None
        self._device = "cuda"

    def activate(self) -> None:
        if self._execution is not None:
            return
        trt = versions.load_tensorrt()
        missing = cuda.why_no_device()
        if missing is not None:  # TensorRT itself ends the process there
            raise EchoPilotError(f"runtime tensorrt: {missing}; choose onnxruntime")
        device = cuda.device()
        self._device = device.name
        try:
            onnx_model = self._path.read_bytes()
        except OSError as error:
            raise EchoPilotError(f"runtime tensorrt: cannot read {self._path}: {error.strerror}") from error
        key = cache.EngineKey(
            onnx_sha256=hashlib.sha256(onnx_model).hexdigest(),
            tensorrt=str(trt.__version__),
            cuda=str(device.cuda_version),
            gpu=f"{device.name} {device.capability}",
            precision=self._precision.value,
            shapes=str(BATCHES),
        )
        logger = trt.Logger(trt.Logger.WARNING)
        runtime: Any = trt.Runtime(logger)
        engine = cache.load_or_build(
            self._folder,
            key,
            lambda: build_engine(trt, logger, onnx_model, self._precision, BATCHES, self._say),
            runtime.deserialize_cuda_engine,
            self._say,
        )
        self._execution = Execution(trt, engine, self._say)

    def infer(self, image: NDArray[np.float32]) -> Outputs:
        if self._execution is None:
            raise not_active("tensorrt")
        check_input("tensorrt", self._execution.input, image)
        parts = [self._execution.run(image[at : at + BATCHES.largest]) for at in range(0, len(image), BATCHES.largest)]
        times = [timing for _, timing in parts]
        self.last_timing = Timing(
            sum(t.to_device_s for t in times), sum(t.compute_s for t in times), sum(t.from_device_s for t in times)
        )
        return {name: np.concatenate([outputs[name] for outputs, _ in parts]) for name in parts[0][0]}

    def metadata(self) -> RuntimeMetadata:
        trt = sys.modules.get("tensorrt")
        installed = str(trt.__version__) if trt is not None else _installed()
        return RuntimeMetadata("tensorrt", installed, self._device, 1, self._precision, self._reason)

    def close(self) -> None:
        if self._execution is not None:
            self._execution.close()
            self._execution = None


def _installed() -> str:
    try:
        return version("tensorrt")
    except PackageNotFoundError:
        return "not installed"

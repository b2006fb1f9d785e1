"""Interface of a runtime: activate, infer, metadata, close; and its precision."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from types import TracebackType

import numpy as np
from numpy.typing import NDArray


class Precision(Enum):
    """FP32 everywhere, FP16 on TensorRT, INT8 where a model with quantize/dequantize nodes is at hand."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"


Outputs = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class RuntimeMetadata:
    """Name, version, device and precision of a runtime, and the reason for its selection."""

    name: str
    version: str
    device: str
    threads: int
    precision: Precision
    reason: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}, {self.precision.value} on {self.device} ({self.reason})"


@dataclass(frozen=True)
class Timing:
    """Times [s] of one `infer`; on a CPU nothing is copied."""

    to_device_s: float
    compute_s: float
    from_device_s: float


class Runtime(ABC):
    """A loaded model. Use it as a context manager, or call `activate` and `close`."""

    last_timing: Timing | None = None  # of the newest `infer`

    @abstractmethod
    def activate(self) -> None:
        """Load the model; raises EchoPilotError when that fails. A second call does nothing."""

    @abstractmethod
    def infer(self, image: NDArray[np.float32]) -> Outputs:
        """Run images (N, 1, H, W) float32 in 0..1, N >= 1, C-contiguous and finite; outputs by head name.

        The arrays belong to the caller. Raises EchoPilotError when not active and for any other image, with the
        name of the binding, what it expects and what it got.
        """

    @abstractmethod
    def metadata(self) -> RuntimeMetadata:
        """Describe this runtime, active or not."""

    @abstractmethod
    def close(self) -> None:
        """Free the model; a second call does nothing."""

    def __enter__(self) -> "Runtime":
        self.activate()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

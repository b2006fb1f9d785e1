"""What runs a model: activate, infer, metadata, close."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

Outputs = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class RuntimeMetadata:
    """What runs, on what, and why it was picked."""

    name: str
    version: str
    device: str
    threads: int
    reason: str


class Runtime(ABC):
    """A loaded model. Use it as a context manager, or call `activate` and `close`."""

    @abstractmethod
    def activate(self) -> None:
        """Load the model; raises EchoPilotError when that fails."""

    @abstractmethod
    def infer(self, image: NDArray[np.float32]) -> Outputs:
        """Run pictures (N, 1, 128, 128) float32 in 0..1; outputs by head name.

        Raises EchoPilotError when not active.
        """

    @abstractmethod
    def metadata(self) -> RuntimeMetadata:
        """Describe this runtime."""

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

"""Named tensors of a model, and validation of inputs before inference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError

INPUT = "image"


@dataclass(frozen=True)
class Binding:
    """One tensor of a model; None in `shape` is an axis of any length."""

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype[np.generic]

    def __str__(self) -> str:
        axes = ", ".join("N" if n is None else str(n) for n in self.shape)
        return f"{self.dtype.name} ({axes})"


def input_binding(runtime: str, found: Sequence[Binding]) -> Binding:
    """The image's binding; raises EchoPilotError unless it is the model's only input, float32 with 4 axes."""
    names = ", ".join(b.name for b in found) or "none"
    if len(found) != 1 or found[0].name != INPUT:
        raise EchoPilotError(f"runtime {runtime}: the model must have one input named {INPUT}, it has: {names}")
    if found[0].dtype != np.float32 or len(found[0].shape) != 4:
        raise EchoPilotError(f"runtime {runtime}: input {INPUT} must be float32 with 4 axes, the model has {found[0]}")
    return found[0]


def check_input(runtime: str, binding: Binding, image: NDArray[np.float32]) -> None:
    """Raise EchoPilotError unless `image` is what the binding takes: type, shape, N >= 1, layout, finite numbers."""
    if not isinstance(image, np.ndarray):
        raise EchoPilotError(f"runtime {runtime}: input {binding.name} must be an array, found {type(image).__name__}")
    fits = image.ndim == len(binding.shape) and all(
        have >= 1 if want is None else have == want for want, have in zip(binding.shape, image.shape, strict=True)
    )
    found = f"{image.dtype.name} {image.shape}"
    if not fits or image.dtype != binding.dtype:
        raise EchoPilotError(f"runtime {runtime}: input {binding.name} expects {binding}, found {found}")
    if not image.flags.c_contiguous:
        raise EchoPilotError(
            f"runtime {runtime}: input {binding.name} expects a C-contiguous array, found {found} with strides "
            f"{image.strides}; pass it through numpy.ascontiguousarray"
        )
    if not np.isfinite(image).all():
        raise EchoPilotError(f"runtime {runtime}: input {binding.name} holds NaN or infinite numbers")


def not_active(runtime: str) -> EchoPilotError:
    """The error that `infer` raises before `activate` and after `close`."""
    return EchoPilotError(f"runtime {runtime} is not active: call activate() first")

"""Exact checkpoints to resume a run from, and the small FP16 one that ships with a model."""

import os
from pathlib import Path
from typing import Any

import torch

from echopilot_core import EchoPilotError

State = dict[str, Any]
WORKING = ("network", "average", "scaler")  # of a run under way; a new run begins from the best weights


def save(path: Path, state: State) -> None:
    """Write `state` so that a crash leaves the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def load(path: Path) -> State:
    """Read a checkpoint; raises EchoPilotError with one line when it is missing or damaged."""
    try:
        state: State = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise EchoPilotError(f"checkpoint {path} does not exist") from error
    except Exception as error:  # torch raises many kinds for a damaged file
        raise EchoPilotError(f"checkpoint {path} cannot be read: {type(error).__name__}") from error
    return state


def to_half(state: State) -> State:
    """FP16 copy of what a new run begins from: best weights and moments, config and history.

    The second Adam moment travels as its root, which fits the range of FP16.
    """

    def shrink(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {k: shrink(v, k) for k, v in value.items()}
        if isinstance(value, torch.Tensor) and value.is_floating_point() and value.numel() > 1:
            return (value.sqrt() if key == "exp_avg_sq" else value).half()
        return value

    return {"half": True, **{k: shrink(v, k) for k, v in state.items() if k not in WORKING}}


def from_half(state: State) -> State:
    """Inverse of `to_half` up to the precision of FP16; exact states pass through unchanged."""
    if not state.get("half"):
        return state

    def grow(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {k: grow(v, k) for k, v in value.items()}
        if isinstance(value, torch.Tensor) and value.dtype == torch.float16:
            return value.float().square() if key == "exp_avg_sq" else value.float()
        return value

    return {k: grow(v, k) for k, v in state.items() if k != "half"}

"""Exact checkpoints for resuming a run, and the small FP16 one that is shipped with a model."""

import os
from pathlib import Path
from typing import Any

import torch

from echopilot_core import EchoPilotError, WriteError
from echopilot_core.guarded.bounded import one_line

State = dict[str, Any]
WORKING = ("network", "average", "moments", "scaler")  # of a running training; a new run starts from the best weights


def save(path: Path, state: State) -> None:
    """Write `state` so that a crash leaves the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    try:
        torch.save(state, partial)
    except RuntimeError as error:  # what torch makes of a full disk
        raise WriteError(f"{path} cannot be written: {one_line(error, 100)}") from error
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


def to_fp16(state: State) -> State:
    """FP16 copy of the state that a new run starts from: best weights, config and history."""
    best = {k: v.half() if v.is_floating_point() else v for k, v in state["best"].items()}
    return {"half": True, **{k: v for k, v in state.items() if k not in WORKING}, "best": best}


def from_fp16(state: State) -> State:
    """Inverse of `to_fp16` up to the precision of FP16; exact states pass through unchanged."""
    if not state.get("half"):
        return state
    best = {k: v.float() if v.is_floating_point() else v for k, v in state["best"].items()}
    return {**{k: v for k, v in state.items() if k != "half"}, "best": best}

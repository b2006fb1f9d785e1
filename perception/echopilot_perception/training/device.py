"""Where a run computes and in which precision."""

from contextlib import AbstractContextManager, nullcontext

import torch

from echopilot_core import EchoPilotError


def choose_device(wanted: str, local_rank: int = 0) -> torch.device:
    """`auto` is the GPU of this process where there is one; raises EchoPilotError for `cuda` without a GPU."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise EchoPilotError("training: device cuda is not there; choose auto or cpu")
    if wanted == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if local_rank >= torch.cuda.device_count():
        raise EchoPilotError(
            f"training: process {local_rank} has no GPU of its own, there are {torch.cuda.device_count()}; "
            "start as many processes as GPUs"
        )
    return torch.device("cuda", local_rank)


def choose_dtype(wanted: str, device: torch.device) -> torch.dtype:
    """Type of the forward pass: `auto` is bfloat16, on GPUs before Ampere float16; losses are always float32."""
    if wanted != "auto":
        chosen: torch.dtype = getattr(torch, wanted)
        return chosen
    has_bfloat16 = device.type != "cuda" or torch.cuda.get_device_capability(device)[0] >= 8
    return torch.bfloat16 if has_bfloat16 else torch.float16


def constants_on(device: torch.device) -> AbstractContextManager[object]:
    """Heads make the constants of their losses without naming a device; inside this they lie on `device`."""
    return nullcontext() if device.type == "cpu" else device

"""Device and precision of a run, and the process group that it may be distributed over.

`torchrun` (torch.distributed.run) starts the processes and describes them in the environment.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed as dist
from torch import nn

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


WAIT = timedelta(minutes=10)  # for a process that neither answers nor ends


@dataclass(frozen=True)
class ProcessGroup:
    """Rank of this process and number of processes; `local_rank` counts on this machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        """The first process writes files and shows progress."""
        return self.rank == 0


SINGLE_PROCESS = ProcessGroup()


def from_environment() -> ProcessGroup:
    """The process group that torchrun describes; a single process without it."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return SINGLE_PROCESS
    return ProcessGroup(*(int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")))


@contextmanager
def together(processes: ProcessGroup, device: torch.device) -> Iterator[None]:
    """Join the other processes for the time of a run: NCCL between GPUs, gloo between processors."""
    if processes.size == 1:
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=WAIT)
    try:
        yield
    finally:
        dist.destroy_process_group()


def replicate(network: nn.Module, processes: ProcessGroup, device: torch.device) -> nn.Module:
    """The network whose backward pass averages gradients over the processes; itself in a single process.

    Batch norm works on the images of one process (SyncBatchNorm does not run on processors, and a share of 16
    images or more is enough); `average_buffers` keeps its running figures the same everywhere.
    """
    if processes.size == 1:
        return network
    devices = [device.index] if device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(network, device_ids=devices, forward_sync_buffers=False)


def average_buffers(network: nn.Module, processes: ProcessGroup) -> None:
    """Replace in place every floating-point buffer (running means and variances) by its mean over the processes."""
    buffers = [b for b in network.buffers() if b.is_floating_point()]
    if processes.size == 1 or not buffers:
        return
    flat = torch.cat([b.flatten() for b in buffers])
    dist.all_reduce(flat)
    flat /= processes.size
    for buffer, mean in zip(buffers, flat.split([b.numel() for b in buffers]), strict=True):
        buffer.copy_(mean.view_as(buffer))


def gather(value: Any, processes: ProcessGroup) -> list[Any]:
    """Values of all processes in the order of ranks, on every process."""
    if processes.size == 1:
        return [value]
    values: list[Any] = [None] * processes.size
    dist.all_gather_object(values, value)
    return values


def share_of(count: int, processes: ProcessGroup, parts: int) -> int:
    """Rows of one process and part in a batch of `count`; raises EchoPilotError when they do not divide it."""
    rows, rest = divmod(count, processes.size * parts)
    if rest or rows < 1:
        raise EchoPilotError(
            f"training: a batch of {count} cannot be split among {processes.size} processes in {parts} parts each; "
            f"choose a multiple of {processes.size * parts}"
        )
    return rows

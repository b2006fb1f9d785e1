"""Several processes, one run: who this process is, and what the processes tell each other.

`torchrun` (torch.distributed.run) starts the processes and describes them in the environment.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed as dist
from torch import nn

from echopilot_core import EchoPilotError

WAIT = timedelta(minutes=10)  # for a process that neither answers nor ends


@dataclass(frozen=True)
class World:
    """This process among all; `local_rank` counts on this machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        """The first process writes files and shows progress."""
        return self.rank == 0


ALONE = World()


def from_environment() -> World:
    """The world that torchrun describes; a world of one without it."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return ALONE
    return World(*(int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")))


@contextmanager
def together(world: World, device: torch.device) -> Iterator[None]:
    """Join the other processes for the time of a run: NCCL between GPUs, gloo between processors."""
    if world.size == 1:
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=WAIT)
    try:
        yield
    finally:
        dist.destroy_process_group()


def replicate(network: nn.Module, world: World, device: torch.device) -> nn.Module:
    """The network whose backward pass averages gradients over the processes; itself in a world of one.

    Batch norm works on the pictures of one process (SyncBatchNorm does not run on processors, and a share of 16
    pictures or more is enough); `average_buffers` keeps its running figures the same everywhere.
    """
    if world.size == 1:
        return network
    devices = [device.index] if device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(network, device_ids=devices, forward_sync_buffers=False)


def average_buffers(network: nn.Module, world: World) -> None:
    """Replace in place every floating-point buffer (running means and variances) by its mean over the processes."""
    buffers = [b for b in network.buffers() if b.is_floating_point()]
    if world.size == 1 or not buffers:
        return
    flat = torch.cat([b.flatten() for b in buffers])
    dist.all_reduce(flat)
    flat /= world.size
    for buffer, mean in zip(buffers, flat.split([b.numel() for b in buffers]), strict=True):
        buffer.copy_(mean.view_as(buffer))


def gather(value: Any, world: World) -> list[Any]:
    """What every process gave, in the order of ranks, for every process."""
    if world.size == 1:
        return [value]
    values: list[Any] = [None] * world.size
    dist.all_gather_object(values, value)
    return values


def share_of(count: int, world: World, parts: int) -> int:
    """Rows of one process and part in a batch of `count`; raises EchoPilotError when they do not divide it."""
    rows, rest = divmod(count, world.size * parts)
    if rest or rows < 1:
        raise EchoPilotError(
            f"training: a batch of {count} cannot be split among {world.size} processes in {parts} parts each; "
            f"choose a multiple of {world.size * parts}"
        )
    return rows

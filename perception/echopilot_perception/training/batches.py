"""Batches of a run: in the same order for every process, prepared in threads during training.

Nothing here holds more than a few batches; the samples stay where they are and may be memory-mapped.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from echopilot_perception.training.config import TrainConfig
from echopilot_perception.training.distributed import ProcessGroup, share_of
from echopilot_perception.training.samples import Samples

AHEAD = 2  # batches made ready per worker
GPU_WORKERS = 6
Batch = dict[str, Tensor]


@dataclass(frozen=True)
class EpochPlan:
    """How many steps an epoch has and how many rows of each batch this process takes in each part."""

    samples: int
    steps: int
    rows: int


def plan(samples: int, config: TrainConfig, processes: ProcessGroup) -> EpochPlan:
    """Steps of whole batches; of fewer samples than a batch, as many as can be split evenly.

    Raises EchoPilotError when the batch cannot be split among the processes and parts.
    """
    pieces = processes.size * config.accumulate
    size = config.batch if samples >= config.batch else samples // pieces * pieces
    return EpochPlan(samples, max(samples // config.batch, 1), share_of(size, processes, config.accumulate))


def epoch_batches(
    data: Samples,
    epoch: int,
    cut: EpochPlan,
    config: TrainConfig,
    processes: ProcessGroup,
    workers: int,
    pinned: bool = False,
) -> Iterator[list[Batch]]:
    """The batches of one epoch for this process, each a list of `accumulate` parts; `pinned` in memory for a GPU.

    A pure function of seed, epoch and rank, however many `workers` (threads) make them.
    """
    order = np.random.default_rng((config.seed, epoch)).permutation(cut.samples)
    whole = cut.rows * config.accumulate * processes.size

    def make(step: int) -> list[Batch]:
        at = step * whole + processes.rank * cut.rows * config.accumulate
        index = order[at : at + cut.rows * config.accumulate]
        parts = [tensors(data.take(part)) for part in np.split(index, config.accumulate)]
        return [{name: tensor.pin_memory() for name, tensor in p.items()} for p in parts] if pinned else parts

    with ThreadPoolExecutor(workers) as pool:
        steps = iter(range(cut.steps))
        ready = deque(pool.submit(make, step) for step in islice(steps, AHEAD * workers))
        try:
            while ready:
                batch = ready.popleft().result()
                ready.extend(pool.submit(make, step) for step in islice(steps, 1))
                yield batch
        finally:
            for future in ready:
                future.cancel()


def tensors(rows: Samples) -> Batch:
    """Samples as tensors by field name, as they are."""
    return {f.name: torch.from_numpy(getattr(rows, f.name)) for f in fields(Samples)}


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on `device`, its `image` (N, 1, 256, 256) float32 in 0..1."""
    if device.type != "cpu":
        batch = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
    return {**batch, "image": batch["image"].float()[:, None] / 255.0}

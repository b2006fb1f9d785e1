"""Loss and metrics of a network on held-out samples, batch by batch."""

import numpy as np
import torch
from torch import Tensor, nn

from echopilot_perception.heads import HEADS
from echopilot_perception.training.batches import Batch, on_device, tensors
from echopilot_perception.training.distributed import SINGLE_PROCESS, ProcessGroup, constants_on, gather
from echopilot_perception.training.samples import Samples

Figures = dict[str, float]


def evaluate(network: nn.Module, data: Samples, batch: int = 64, processes: ProcessGroup = SINGLE_PROCESS) -> Figures:
    """Mean validation loss and head metrics, weighted by batch size, without augmentation; `loss` comes first.

    Processes share the batches and all get the same figures as one process would.
    """
    network.eval()
    device = next(network.parameters()).device
    starts = range(0, len(data), batch)
    own: dict[int, tuple[int, Figures]] = {}
    with torch.no_grad(), constants_on(device):
        for at in starts[processes.rank :: processes.size]:
            rows = on_device(tensors(data.take(np.arange(at, min(at + batch, len(data))))), device)
            own[at] = (len(rows["image"]), _figures(network(rows["image"]), rows))
    every = {at: found for part in gather(own, processes) for at, found in part.items()}
    sums: dict[str, list[tuple[int, float]]] = {}
    for at in starts:
        count, figures = every[at]
        for name, value in figures.items():
            sums.setdefault(name, []).append((count, value))
    means = {name: sum(n * v for n, v in rows) / sum(n for n, _ in rows) for name, rows in sums.items()}
    return {name: means[name] for name in sorted(means, key=lambda name: (name != "loss", name))}


def _figures(outputs: tuple[Tensor, ...], rows: Batch) -> Figures:
    figures = {"loss": 0.0}
    for head, output in zip(HEADS, outputs, strict=True):
        figures["loss"] += head.weight * float(head.loss(output.float(), rows))
        figures |= {name: value for name, value in head.metric(output, rows).items() if value == value}
    return figures

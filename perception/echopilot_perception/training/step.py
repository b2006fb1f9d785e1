"""One training step: forward pass in mixed precision, accumulated gradients, clipped update, moving average."""

import contextlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from echopilot_core import EchoPilotError
from echopilot_perception.training.augmentation import augmented
from echopilot_perception.training.batches import Batch, on_device
from echopilot_perception.training.config import share
from echopilot_perception.training.distill import Distillation
from echopilot_perception.training.distributed import ProcessGroup, average_buffers
from echopilot_perception.training.losses import LATTICE, Lattice, losses, total
from echopilot_perception.training.run import Run

MAX_GRADIENT = 5.0  # norm of the gradient of all weights


@dataclass(frozen=True)
class Stepper:
    """State shared by the steps of a run. `replica` is the run's network, or its DistributedDataParallel wrapper."""

    run: Run
    replica: nn.Module
    dtype: torch.dtype
    device: torch.device
    processes: ProcessGroup
    steps: int  # of the whole run
    distillation: Distillation | None = None

    def step(self, parts: list[Batch], number: int) -> dict[str, float]:
        """Learn from one batch in parts; gives this process's mean losses by name and their sum as `loss`.

        Raises EchoPilotError when the loss is not finite.
        """
        config, optimizer, scaler = self.run.config, self.run.optimizer, self.run.scaler
        rate = config.learning_rate * share(config.schedule, number, config.warmup_steps, self.steps)
        for group in optimizer.param_groups:
            group["lr"] = rate * group.get("lr_scale", 1.0)
        lattice = _lattice(config.seed, number)
        optimizer.zero_grad(set_to_none=True)
        means: dict[str, Tensor] = {}
        for i, part in enumerate(parts):
            with self._silent(i + 1 < len(parts)):
                found = self._forward(self._ready(part, number, i), lattice)
                scaler.scale(total(found) / len(parts)).backward()
            for name, loss in found.items():
                means[name] = means.get(name, 0.0) + loss.detach() / len(parts)
        figures = dict(zip(means, torch.stack(list(means.values())).tolist(), strict=True))
        figures["loss"] = sum(figures.values())
        if not torch.isfinite(torch.tensor(figures["loss"])):
            raise EchoPilotError(f"training: the loss is not finite at step {number}; lower learning_rate")
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(self.run.network.parameters(), MAX_GRADIENT)
        scaler.step(optimizer)
        scaler.update()
        average_buffers(self.run.network, self.processes)
        self.run.blend(number)
        return figures

    def _ready(self, part: Batch, number: int, at: int) -> Batch:
        """Part `at` of a step on the device, augmented at random by seed, step, process and part alone."""
        batch, config = on_device(part, self.device), self.run.config
        if not config.augmentation:
            return batch
        seed = int(np.random.SeedSequence((config.seed, number, self.processes.rank, at)).generate_state(1)[0])
        return augmented(batch, torch.Generator(self.device).manual_seed(seed))

    def _forward(self, batch: Batch, lattice: Lattice) -> dict[str, Tensor]:
        image = batch["image"].contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            outputs = self.replica(image)
        return losses(outputs, batch, lattice, self.distillation)

    def _silent(self, more: bool) -> contextlib.AbstractContextManager[object]:
        """Processes exchange gradients after the last part only."""
        return self.replica.no_sync() if more and self.processes.size > 1 else contextlib.nullcontext()


def _lattice(seed: int, number: int) -> Lattice:
    """All processes use the same lattice."""
    drawn = torch.randint(0, LATTICE, (2,), generator=torch.Generator().manual_seed(seed * 1_000_003 + number))
    row, column = drawn.tolist()
    return Lattice(row, column)

"""The training loop: deterministic, resumable, with averaged weights and early stopping."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor

from echopilot_core import EchoPilotError
from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.model.network import Network, build_network
from echopilot_perception.training import checkpoint
from echopilot_perception.training.augment import augment
from echopilot_perception.training.config import DEFAULT_SPEC, TrainConfig
from echopilot_perception.training.samples import Sample, Samples, stack

SEED_STRIDE = 1_000_003
LATTICE = 2


@dataclass(frozen=True)
class TrainResult:
    """Averaged weights of the best epoch, validation figures per epoch, and the state to go on from."""

    network: Network
    history: tuple[dict[str, float], ...]
    state: checkpoint.State


def train(
    samples: Iterable[Sample] | Samples,
    config: TrainConfig,
    validation: Iterable[Sample] | Samples | None = None,
    spec: HeadSpec = DEFAULT_SPEC,
    folder: Path | None = None,
    start: Path | None = None,
    stop_after_epochs: int | None = None,
) -> TrainResult:
    """Train the edge network on any iterable of samples.

    `folder` keeps `last.pt` after each epoch; when it is there already, the run goes on from it and ends with the
    same weights as an uninterrupted one. `start` gives weights to begin a new run from (a shipped checkpoint.pt).
    `stop_after_epochs` ends this call early. Raises EchoPilotError when there is no sample or a loss is not finite.
    """
    data = samples if isinstance(samples, Samples) else stack(samples)
    held_out = None if validation is None else validation if isinstance(validation, Samples) else stack(validation)
    torch.set_num_threads(config.threads)
    run = _Run(config, spec, len(data))
    last = None if folder is None else folder / "last.pt"
    if last is not None and last.exists():
        run.restore(checkpoint.load(last))
    elif start is not None:
        run.warm_start(checkpoint.from_half(checkpoint.load(start)))
    end = config.epochs if stop_after_epochs is None else min(config.epochs, run.epoch + stop_after_epochs)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        task = progress.add_task("training", total=end * run.steps_per_epoch, completed=run.epoch * run.steps_per_epoch)
        while run.epoch < end and run.stale < config.patience:
            loss = run.train_epoch(data, lambda: progress.advance(task))
            figures = evaluate(run.average, held_out, config.batch) if held_out is not None else {"loss": loss}
            run.finish_epoch({"train_loss": loss, **figures})
            line = " ".join(f"{k}={v:.3f}" for k, v in run.history[-1].items() if not k.startswith("dice."))
            progress.console.print(f"epoch {run.epoch}/{config.epochs} {line}")
            if last is not None:
                checkpoint.save(last, run.state())
    best = build_network(spec, config.seed)
    best.load_state_dict(run.best)
    best.eval()
    return TrainResult(best, tuple(run.history), run.state())


def evaluate(network: Network, data: Samples, batch: int = 64) -> dict[str, float]:
    """Mean validation loss and head metrics, weighted by batch size, without augmentation."""
    network.eval()
    sums: dict[str, list[float]] = {}
    with torch.no_grad():
        for at in range(0, len(data), batch):
            rows = _tensors(data, torch.arange(at, min(at + batch, len(data))))
            outputs = network(rows["image"])
            total = 0.0
            for head, output in zip(HEADS, outputs, strict=True):
                total += head.weight * float(head.loss(output, rows))
                for name, value in head.metric(output, rows).items():
                    sums.setdefault(name, []).append(value)
            sums.setdefault("loss", []).append(total)
    return {
        name: sum(values) / len(values) for name, values in sorted(sums.items(), key=lambda item: item[0] != "loss")
    }


class _Run:
    """Everything that changes while training."""

    def __init__(self, config: TrainConfig, spec: HeadSpec, samples: int) -> None:
        self.config, self.size = config, samples
        self.steps_per_epoch = max(samples // config.batch, 1)
        self.network = build_network(spec, config.seed).to(memory_format=torch.channels_last)
        self.average = build_network(spec, config.seed).to(memory_format=torch.channels_last)
        self.average.load_state_dict(self.network.state_dict())
        parameters = self.network.parameters()
        self.optimiser = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)
        self.epoch, self.stale, self.best_loss = 0, 0, math.inf
        self.best = {k: v.clone() for k, v in self.average.state_dict().items()}
        self.history: list[dict[str, float]] = []

    def train_epoch(self, data: Samples, advance: Any) -> float:
        self.network.train()
        generator = torch.Generator().manual_seed(self.config.seed * SEED_STRIDE + self.epoch)
        order = torch.randperm(self.size, generator=generator)
        total = 0.0
        for i in range(self.steps_per_epoch):
            index = order[i * self.config.batch : (i + 1) * self.config.batch]
            total += self.step(_tensors(data, index), self.epoch * self.steps_per_epoch + i, generator)
            advance()
        return total / self.steps_per_epoch

    def step(self, batch: dict[str, Tensor], step: int, generator: torch.Generator) -> float:
        config = self.config
        for group in self.optimiser.param_groups:
            group["lr"] = config.learning_rate * _schedule(
                step, config.warmup_steps, config.epochs * self.steps_per_epoch
            )
        if config.augmentation:
            batch["image"], batch["labels"] = augment(batch["image"], batch["labels"], generator)
        image = batch["image"].contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=config.bfloat16):
            outputs = self.network(image)
        loss = torch.zeros(())
        row, column = (int(v) for v in torch.randint(0, LATTICE, (2,), generator=generator))
        for head, output in zip(HEADS, outputs, strict=True):
            if head.dense:  # one of the four lattices in every step
                part = output[:, LATTICE * row + column :: LATTICE * LATTICE].float()
                rows = {**batch, "labels": batch["labels"][:, row::LATTICE, column::LATTICE]}
                loss = loss + head.weight * head.loss(part, rows)
            elif head.weight > 0:
                loss = loss + head.weight * head.loss(output.float(), batch)
        if not bool(torch.isfinite(loss)):
            raise EchoPilotError(f"training: the loss is not finite at step {step}; lower learning_rate")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        decay = min(config.ema_decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean, new in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(new, 1.0 - decay)
                else:
                    mean.copy_(new)
        return float(loss.detach())

    def finish_epoch(self, figures: dict[str, float]) -> None:
        self.epoch += 1
        self.history.append({k: float(v) for k, v in figures.items()})
        if figures["loss"] < self.best_loss:
            self.best_loss, self.stale = figures["loss"], 0
            self.best = {k: v.clone() for k, v in self.average.state_dict().items()}
        else:
            self.stale += 1

    def state(self) -> checkpoint.State:
        moments = {str(k): dict(v) for k, v in self.optimiser.state_dict()["state"].items()}
        return {
            "epoch": self.epoch,
            "stale": self.stale,
            "best_loss": self.best_loss,
            "config": self.config.as_dict(),
            "history": self.history,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "best": self.best,
            "moments": moments,
        }

    def restore(self, state: checkpoint.State) -> None:
        if state["config"] != self.config.as_dict():
            raise EchoPilotError("the checkpoint was made with another training config; use another folder or `start`")
        self.epoch, self.stale, self.best_loss = state["epoch"], state["stale"], state["best_loss"]
        self.history, self.best = list(state["history"]), state["best"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._restore_moments(state)

    def warm_start(self, state: checkpoint.State) -> None:
        """Begin at epoch 0 from shipped weights and moments."""
        weights = state["average"]
        self.network.load_state_dict(weights)
        self.average.load_state_dict(weights)
        self._restore_moments(state)

    def _restore_moments(self, state: checkpoint.State) -> None:
        groups = self.optimiser.state_dict()["param_groups"]
        moments = {int(k): v for k, v in state["moments"].items()}
        self.optimiser.load_state_dict({"state": moments, "param_groups": groups})


def _schedule(step: int, warmup: int, total: int) -> float:
    """Linear warm-up, then half a cosine down to 1 %."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1)))


def _tensors(data: Samples, index: Tensor) -> dict[str, Tensor]:
    rows = data.take(index.numpy())
    return {
        "image": torch.from_numpy(rows.image).float()[:, None] / 255.0,
        "labels": torch.from_numpy(rows.labels),
        "view": torch.from_numpy(rows.view),
        "quality": torch.from_numpy(rows.quality),
        "coupling": torch.from_numpy(rows.coupling),
        "guidance": torch.from_numpy(rows.guidance),
        "guidance_valid": torch.from_numpy(rows.guidance_valid),
    }

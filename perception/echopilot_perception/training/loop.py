"""The training loop: deterministic, resumable, in one process or several, with averaged weights and early stopping."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn

from echopilot_perception.heads import HeadSpec
from echopilot_perception.model.network import build_network
from echopilot_perception.training import batches, checkpoint
from echopilot_perception.training.config import DEFAULT_SPEC, TrainConfig
from echopilot_perception.training.distill import Distillation
from echopilot_perception.training.distributed import (
    choose_device,
    choose_dtype,
    from_environment,
    gather,
    replicate,
    together,
)
from echopilot_perception.training.evaluate import Figures, evaluate
from echopilot_perception.training.run import Groups, Loader, Run, all_parameters, load_exactly
from echopilot_perception.training.samples import Sample, Samples, stack
from echopilot_perception.training.step import Stepper
from echopilot_perception.training.tensorboard import Board

__all__ = ["TrainResult", "evaluate", "train"]

LAST, BOARD = "last.pt", "board"
COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)


@dataclass(frozen=True)
class TrainResult:
    """Averaged weights of the best epoch, validation figures per epoch, and the state to resume from."""

    network: nn.Module
    history: tuple[Figures, ...]
    state: checkpoint.State


def train(
    samples: Iterable[Sample] | Samples,
    config: TrainConfig,
    validation: Iterable[Sample] | Samples | None = None,
    spec: HeadSpec = DEFAULT_SPEC,
    folder: Path | None = None,
    start: Path | None = None,
    stop_after_epochs: int | None = None,
    *,
    load: Loader = load_exactly,
    network: Callable[[HeadSpec, int], nn.Module] = build_network,
    groups: Groups = all_parameters,
    distillation: Distillation | None = None,
    console: Console | None = None,
) -> TrainResult:
    """Train a network on any iterable of samples; under `torchrun`, all processes call this with the same arguments.

    Args:
        samples: any iterable of samples, or samples that are stacked already.
        config: of the run; it must be the same when the run is resumed, apart from the machine.
        validation: held-out samples for early stopping; None stops by the training loss.
        spec: of the heads.
        folder: keeps `last.pt` after each epoch and curves for TensorBoard in `board`; when `last.pt` exists, the run
            is resumed from it and ends with the same weights as an uninterrupted one.
        start: weights to start a new run from (a shipped checkpoint.pt).
        stop_after_epochs: end this call early.
        load: puts the weights of `start` into the network; `load_exactly` unless names or shapes may differ.
        network: makes any module with the outputs of HEADS from spec and seed.
        groups: gives the trained parameters and their learning rates.
        distillation: a teacher and the weights of its losses.
        console: for progress; None: standard output.

    Raises:
        EchoPilotError: there is no sample, a file does not fit, or a loss is not finite.
    """
    data = samples if isinstance(samples, Samples) else stack(samples)
    held_out = validation if validation is None or isinstance(validation, Samples) else stack(validation)
    torch.set_num_threads(config.threads)
    processes = from_environment()
    device = choose_device(config.device, processes.local_rank)
    dtype = choose_dtype(config.precision, device)
    run = Run(config, network(spec, config.seed), groups, device, scaled=dtype == torch.float16)
    last = None if folder is None else folder / LAST
    if last is not None and last.exists():
        run.restore(checkpoint.load(last))
    elif start is not None:
        run.warm_start(checkpoint.from_fp16(checkpoint.load(start)), load)
    end = config.epochs if stop_after_epochs is None else min(config.epochs, run.epoch + stop_after_epochs)
    cut = batches.plan(len(data), config, processes)
    keeps = folder is not None and processes.is_first
    with (
        together(processes, device),
        Board(str(folder / BOARD) if folder is not None and keeps else None) as board,
        Progress(*COLUMNS, console=console, disable=not processes.is_first) as progress,
    ):
        replica = replicate(run.network, processes, device)
        stepper = Stepper(run, replica, dtype, device, processes, config.epochs * cut.steps, distillation)
        task = progress.add_task("training", total=end * cut.steps, completed=run.epoch * cut.steps)
        while run.epoch < end and run.stale < config.patience:
            loss = _epoch(stepper, data, cut, board, lambda: progress.advance(task))
            figures = {"loss": loss} if held_out is None else evaluate(run.average, held_out, config.batch, processes)
            run.finish_epoch({"train_loss": loss, **figures})
            if processes.is_first:
                line = " ".join(f"{k}={v:.3f}" for k, v in run.history[-1].items() if "." not in k)
                progress.console.print(f"epoch {run.epoch}/{config.epochs} {line}")
            board.epoch(run.epoch, run.history[-1], run.average, held_out)
            if last is not None and keeps:
                checkpoint.save(last, run.state())
    best = copy.deepcopy(run.average).cpu()
    best.load_state_dict(run.best)
    best.eval()
    return TrainResult(best, tuple(run.history), run.state())


def _epoch(stepper: Stepper, data: Samples, cut: batches.EpochPlan, board: Board, advance: Callable[[], None]) -> float:
    """Train one epoch; the mean loss over steps and processes."""
    run, processes = stepper.run, stepper.processes
    stepper.replica.train()
    gpu = stepper.device.type == "cuda"
    workers = batches.GPU_WORKERS if gpu else 1
    losses = []
    for i, parts in enumerate(batches.epoch_batches(data, run.epoch, cut, run.config, processes, workers, gpu)):
        number = run.epoch * cut.steps + i
        figures = stepper.step(parts, number)
        losses.append(figures["loss"])
        board.step(number, figures, run.optimizer.param_groups[0]["lr"])
        advance()
    return sum(sum(own) for own in gather(losses, processes)) / (len(losses) * processes.size)

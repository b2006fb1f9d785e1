"""The pre-training loop: deterministic, resumable, in one process or several, stopped cleanly by a signal."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import distributed as dist

from echopilot_perception.pretraining.data.store import ImageStore
from echopilot_perception.pretraining.encoders.saved import ENCODER_FILE, save_encoder
from echopilot_perception.pretraining.recipe.recipe import PretrainRecipe
from echopilot_perception.pretraining.run.parts import parts_from, plan_steps
from echopilot_perception.pretraining.run.state import PretrainState
from echopilot_perception.pretraining.run.step import PretrainStepper
from echopilot_perception.pretraining.tree.label_tree import LabelTree
from echopilot_perception.pretraining.tree.targets import UNKNOWN, distinct_leaves
from echopilot_perception.training import checkpoint
from echopilot_perception.training.distributed import (
    ProcessGroup,
    choose_device,
    choose_dtype,
    from_environment,
    replicate,
    together,
)
from echopilot_perception.training.tensorboard import Board

LAST, BOARD = "last.pt", "board"
SPEED_OVER_S = 600.0  # that the time left is estimated from


@dataclass
class StopRequest:
    """Whether the run was asked to stop after the step in progress."""

    asked: bool = False


@dataclass(frozen=True)
class PretrainResult:
    """State at the end; `finished` is False where a signal or `stop_after_steps` ended the run early."""

    state: PretrainState
    finished: bool
    steps: int  # of the whole run


def pretrain(
    store: ImageStore,
    tree: LabelTree,
    recipe: PretrainRecipe,
    folder: Path,
    console: Console,
    start: Path | None = None,
    stop_after_steps: int | None = None,
) -> PretrainResult:
    """Pre-train an encoder; under `torchrun`, all processes call this with the same arguments.

    Args:
        store: of images.
        tree: of labels, that of the store.
        recipe: all settings.
        folder: keeps `last.pt`, from which the run goes on with the same result as if it had never stopped;
            `encoder.pth`, the encoder of the teacher; and curves for TensorBoard in `board`.
        console: for progress with the time left.
        start: encoder file to begin a new run from.
        stop_after_steps: end this call early.

    Raises:
        EchoPilotError: settings, files or data do not fit each other, or the loss is not finite.
    """
    torch.set_num_threads(recipe.threads)
    processes = from_environment()
    device = choose_device(recipe.device, processes.local_rank)
    dtype = choose_dtype(recipe.precision, device)
    plan = plan_steps(len(store), recipe, processes)
    last = folder / LAST
    begin = None if last.exists() else start
    run = PretrainState(recipe, tree, store.fingerprint, device, dtype == torch.float16, begin)
    if last.exists():
        run.restore(checkpoint.load(last), str(last))
    steps = recipe.epochs * plan.steps
    end = steps if stop_after_steps is None else min(steps, run.step + stop_after_steps)
    targets = usable_targets(store, console if processes.is_first else None)
    with (
        together(processes, device),
        stop_on_signals() as stop,
        Board(str(folder / BOARD) if processes.is_first else None) as board,
        _progress(console, processes) as progress,
    ):
        stepper = PretrainStepper(run, replicate(run.model, processes, device), plan, dtype, device)
        run.model.train()
        task = progress.add_task("pre-training", total=steps, completed=run.step)
        for parts in parts_from(store, targets, plan, run.step, end):
            figures = _means(stepper.step(parts), processes, device)
            run.curve.append(figures)
            board.step(run.step, figures, run.optimizer.param_groups[0]["lr"])
            progress.update(task, completed=run.step, description=_told(run, plan.steps))
            stopping = _anybody(stop.asked, processes, device)
            if processes.is_first and (stopping or run.step == end or run.step % recipe.save_every_steps == 0):
                checkpoint.save(last, run.saved())
            if stopping:
                break
        if processes.is_first:
            save_encoder(folder / ENCODER_FILE, run.teacher.encoder)
    return PretrainResult(run, run.step >= steps, steps)


def usable_targets(store: ImageStore, console: Console | None) -> NDArray[np.int8]:
    """Targets (N, V) of the store; where all labels are the same there is nothing to tell apart, and none count."""
    targets = np.array(store.targets)
    if distinct_leaves(targets) == 1:
        targets[:] = UNKNOWN
        if console is not None:
            console.print(
                "note: all labels are the same, so nothing is learned from them; images are told apart instead",
                highlight=False,
                soft_wrap=True,
            )
    return targets


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Let SIGINT, SIGTERM and SIGHUP ask for a stop after the step in progress; a second one ends at once."""
    stop, before = StopRequest(), {}

    def ask(number: int, _: FrameType | None) -> None:
        if stop.asked:
            raise SystemExit(128 + number)
        stop.asked = True

    if threading.current_thread() is threading.main_thread():
        before = {s: signal.signal(s, ask) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(console: Console, processes: ProcessGroup) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, disable=not processes.is_first, speed_estimate_period=SPEED_OVER_S)


def _told(run: PretrainState, steps_per_epoch: int) -> str:
    epoch = min((run.step - 1) // steps_per_epoch + 1, run.recipe.epochs)
    return f"epoch {epoch}/{run.recipe.epochs} loss {run.curve[-1]['loss']:.3f}"


def _means(figures: dict[str, float], processes: ProcessGroup, device: torch.device) -> dict[str, float]:
    """Losses averaged over the processes."""
    if processes.size == 1:
        return figures
    values = torch.tensor(list(figures.values()), dtype=torch.float64, device=device)
    dist.all_reduce(values)
    return dict(zip(figures, (values / processes.size).tolist(), strict=True))


def _anybody(asked: bool, processes: ProcessGroup, device: torch.device) -> bool:
    """Whether any process was asked to stop: all must end after the same step."""
    if processes.size == 1:
        return asked
    flag = torch.tensor([float(asked)], device=device)
    dist.all_reduce(flag, dist.ReduceOp.MAX)
    return bool(flag.item() > 0)

"""`echopilot pretrain` and `finetune`: learning from images as EchoCare does, and from labels of one's own."""

import os
from pathlib import Path
from typing import Annotated

import typer

from echopilot_lab.cli.shared import INTERRUPTED, JsonFile, console, one_line_errors, write_json


def add_learn_commands(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(one_line_errors(pretrain))
    app.command()(one_line_errors(finetune))


def pretrain(
    data: Annotated[Path, typer.Option(help="Folder of images, clips, folders named after organs, or shards.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; an interrupted one goes on.")],
    recipe: Annotated[
        str, typer.Option(help="smoke, tree, masked, latent or swin, or a YAML file (docs/pretraining.md).")
    ] = "tree",
    start: Annotated[
        Path | None, typer.Option(help="Encoder to begin from: encoder.pth of a run, or EchoCare's file.")
    ] = None,
    tree: Annotated[Path | None, typer.Option(help="Tree of labels instead of the shipped one.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Pre-train an encoder on unlabeled and labeled images; over several processes with torchrun."""
    from echopilot_lab.pretraining.run import run_pretraining

    figures = run_pretraining(data, recipe, out, console, start, tree)
    write_json(figures, json_file if figures["rank"] == 0 else None)
    if not figures["finished"]:
        raise typer.Exit(INTERRUPTED)


def finetune(
    task: Annotated[str, typer.Argument(help="segmentation, view, quality, landmarks, sizes or detection.")],
    labels: Annotated[Path, typer.Option(help="Folder with labels: masks, labels.csv or COCO (docs/finetuning.md).")],
    start: Annotated[
        Path | None,
        typer.Option("--from", help="encoder.pth of a pre-training, EchoCare's file, or checkpoint.pt of our network."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; by default out/finetune/TASK.")] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", help="CLASS=VALUE: a color R,G,B, gray level or category of a class; repeat it."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the images; by default 20, or more of few images.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, order and patients held out.")] = 1,
    name: Annotated[str, typer.Option(help="Name of the model, which its results carry.")] = "",
    threads: Annotated[int, typer.Option(min=1, help="Threads that train.")] = os.cpu_count() or 1,
    json_file: JsonFile = None,
) -> None:
    """Fine-tune an encoder on labels of your own; OUT/model is a model folder that the perception node runs.

    Interrupted, the same command goes on.
    """
    from echopilot_lab.finetuning.run import FinetunePlan, run_finetuning

    folder = Path("out/finetune") / task if out is None else out
    plan = FinetunePlan(task, labels, folder, start, tuple(classes or ()), epochs, seed, name, threads)
    write_json(run_finetuning(plan, console), json_file)

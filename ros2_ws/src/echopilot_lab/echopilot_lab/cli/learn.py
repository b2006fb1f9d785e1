"""`echopilot pretrain`: learning from images as EchoCare does."""

from pathlib import Path
from typing import Annotated

import typer

from echopilot_lab.cli.shared import INTERRUPTED, JsonFile, console, one_line_errors, write_json


def add_learn_commands(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(one_line_errors(pretrain))


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

"""`echopilot model`: checkpoints and engines; every command hands over to one module."""

from pathlib import Path
from typing import Annotated

import typer

from echopilot_lab.cli.shared import JsonFile, console, one_line_errors, results, write_json

model_app = typer.Typer(help="Checkpoints and engines.", no_args_is_help=True)


@model_app.command()
@one_line_errors
def verify(
    file: Annotated[Path, typer.Argument(help="An EchoCare encoder checkpoint, usually echocare_encoder.pth.")],
    json_file: JsonFile = None,
) -> None:
    """Load an EchoCare checkpoint safely and strictly, run it once, show hash, dtype, counts and map shapes."""
    from echopilot_lab.models.reports import verify_checkpoint

    write_json(verify_checkpoint(file, results), json_file)


@model_app.command()
@one_line_errors
def info(
    folder: Annotated[Path | None, typer.Argument(help="A model folder; by default the shipped one.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Check a model folder against its hashes and show its model.yaml."""
    from echopilot_lab.models.reports import show_model

    write_json(show_model(folder, results), json_file)


@model_app.command()
@one_line_errors
def export(
    echocare: Annotated[Path, typer.Option(help="An EchoCare encoder checkpoint.")],
    out: Annotated[Path, typer.Option(help="The ONNX file to write.")],
    json_file: JsonFile = None,
) -> None:
    """Export EchoCare's encoder to ONNX, compare ONNX Runtime with PyTorch, and write the file only when they agree."""
    from echopilot_lab.models.reports import export_checkpoint

    write_json(export_checkpoint(echocare, out, console), json_file)


@model_app.command()
@one_line_errors
def compare(
    a: Annotated[str, typer.Argument(help="A runtime (onnxruntime, tensorrt:fp16, ...), model folder or ONNX file.")],
    b: Annotated[str, typer.Argument(help="What to hold beside it.")],
    frames: Annotated[int, typer.Option(min=1, help="How many frames.")] = 24,
    clip: Annotated[str, typer.Option(help="A clip instead of a virtual patient: a file or 'default'.")] = "",
    model: Annotated[Path | None, typer.Option(help="Model folder for runtimes; by default the shipped one.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Run two runtimes or models on the same frames: differences by output, agreement, speed."""
    from echopilot_lab.models.compare import compare_models

    write_json(compare_models(a, b, frames, clip, model, console), json_file)

"""Reports of `echopilot model` on checkpoints and model folders."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from echopilot_core.guarded.yaml_input import read_yaml
from echopilot_perception.model import read_manifest
from echopilot_perception.model.echocare import require_libraries


def verify_checkpoint(file: Path, console: Console) -> dict[str, Any]:
    """Table of what an EchoCare checkpoint holds; raises EchoPilotError with one line for a wrong file."""
    require_libraries()
    from echopilot_perception.model.echocare.checkpoint import verify

    figures = asdict(verify(file))
    _show(console, f"EchoCare encoder {file.name}", figures | {"maps": "\n".join(_by(m) for m in figures["maps"])})
    return figures


def export_checkpoint(file: Path, out: Path, console: Console) -> dict[str, Any]:
    """Write the encoder of an EchoCare checkpoint as ONNX; raises EchoPilotError and leaves `out` as it was."""
    require_libraries()
    from echopilot_perception.model.echocare.checkpoint import load_encoder
    from echopilot_perception.model.echocare.export import export_encoder

    encoder = load_encoder(file)
    console.print("exporting the encoder and comparing ONNX Runtime with PyTorch: about a minute ...")
    report = export_encoder(encoder, out)
    figures = asdict(report)
    _show(console, str(out), figures | {"outputs": ", ".join(report.outputs), "batch": "free"})
    return figures


def show_model(folder: Path | None, console: Console) -> dict[str, Any]:
    """model.yaml of a folder whose files have been checked; raises EchoPilotError with one line for a bad folder."""
    manifest = read_manifest(folder)
    described: dict[str, Any] = read_yaml(manifest.folder / "model.yaml")
    _show(console, f"{manifest.folder} (files and hashes fit)", {key: _plain(v) for key, v in described.items()})
    return described


def _show(console: Console, title: str, rows: Mapping[str, object]) -> None:
    table = Table(title=escape(title), show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in rows.items():
        text = f"{value:,}" if isinstance(value, int) else f"{value:.2g}" if isinstance(value, float) else str(value)
        table.add_row(name.replace("_", " "), escape(text))
    console.print(table)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _plain(value: object) -> object:
    """Lists of words on one line, everything else as YAML."""
    if isinstance(value, list) and not any(isinstance(row, dict | list) for row in value):
        return ", ".join(map(str, value))
    return yaml.safe_dump(value, sort_keys=False).strip() if isinstance(value, dict | list) else value

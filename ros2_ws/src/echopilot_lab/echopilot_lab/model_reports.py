"""What `echopilot model` shows about checkpoints and model folders."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def verify_checkpoint(file: Path, console: Console) -> dict[str, Any]:
    """Table of what the checkpoint holds; raises EchoPilotError with one line for a wrong file."""
    from echopilot_perception.model.echocare.checkpoint import verify  # needs torch and MONAI

    report = verify(file)
    table = Table(title=f"EchoCare encoder {file.name}", show_header=False)
    for title, value in asdict(report).items():
        table.add_row(title.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, tuple) else str(value))
    console.print(table)
    return asdict(report)

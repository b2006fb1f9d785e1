"""What every group of commands shares: the console, the JSON option, errors as one line."""

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from echopilot_core import EchoPilotError

console = Console(stderr=True)

JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]


def one_line_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turn `EchoPilotError` and unusable files into one line and exit code 2, and Ctrl-C into 130."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (EchoPilotError, OSError) as error:
            console.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
            raise typer.Exit(2) from error
        except KeyboardInterrupt:
            console.print("interrupted")
            raise typer.Exit(130) from None

    return wrapped


def write_json(figures: object, path: Path | None) -> None:
    """Write figures as JSON to a file when one is asked for."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(figures, indent=2) + "\n")

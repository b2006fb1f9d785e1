"""Shared parts of all commands: consoles, JSON option, one-line errors, exit codes, notice of the first start."""

import errno
import json
import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import click
import typer
from rich.console import Console
from rich.markup import escape

from echopilot_core import EchoPilotError, WriteError
from echopilot_core.guarded.bounded import one_line
from echopilot_exam.record.files import replace_file
from echopilot_lab.util.parallel import unwound_by_signals

FIRST_RESERVED_SEED = 1_000_000
MAX_NUMBER = 1e12

console = Console(stderr=True)
"""Progress and errors."""
results = Console(width=None if sys.stdout.isatty() else 160)
"""What a command was asked for: tables, figures, lists."""

NOT_DONE, BAD_INPUT, ABORTED, INTERRUPTED = 1, 2, 3, 130
"""Exit codes beside 0, which says that the work was done."""
OUR_FAULT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE})
"""Errors of the system that are no bad input."""
STDOUT = "-"
PASSED_ON = (typer.Exit, typer.Abort, typer.BadParameter, click.exceptions.Exit, click.Abort, click.ClickException)
"""Exceptions by which commands end; those of typer are not click's in every version."""


def _checked_json(path: Path | None) -> Path | None:
    """Refuse a file that cannot be written before the work begins, not after it."""
    results.stderr = path is not None and str(path) == STDOUT  # standard output then holds nothing but the figures
    if path is None or str(path) == STDOUT:
        return path
    if path.is_dir():
        raise typer.BadParameter(f"{path} is a folder; give a file, or - for standard output")
    nearest = next(folder for folder in (path if path.exists() else path.parent, *path.parents) if folder.exists())
    if not os.access(nearest, os.W_OK):
        raise typer.BadParameter(f"{path} cannot be written")
    return path


JsonFile = Annotated[
    Path | None,
    typer.Option("--json", help="Write the figures to this file; - for standard output.", callback=_checked_json),
]


def png_only(path: Path | None) -> Path | None:
    """Callback of options that name an image to write: an existing file of another kind is not replaced."""
    if path is not None and path.exists() and not (path.is_file() and path.read_bytes()[:4] == b"\x89PNG"):
        raise typer.BadParameter(f"{path} exists and is no PNG; give another name")
    return path


PNG = typer.Option(callback=png_only, help="PNG for the plot.")


def one_line_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turn errors that a user can meet into one line and an exit code, Ctrl-C into 130, an error of ours into 1.

    SIGTERM and SIGHUP unwind the command as Ctrl-C does, so that nothing unfinished stays behind.
    ECHOPILOT_TRACEBACK=1 shows where an error of ours comes from.
    """

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            with unwound_by_signals():
                check_numbers(kwargs)
                command(*args, **kwargs)
        except (EchoPilotError, OSError) as error:
            console.print(
                f"[bold red]error:[/] {escape(one_line(_told(error), 1000))}", highlight=False, soft_wrap=True
            )
            raise typer.Exit(exit_code(error)) from error
        except KeyboardInterrupt:
            console.print("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except PASSED_ON:
            raise
        except Exception as error:
            if os.environ.get("ECHOPILOT_TRACEBACK"):
                raise
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}: {one_line(error)}"
            console.print(
                f"[bold red]error:[/] of EchoPilot itself, please report it: {escape(where)} "
                "(ECHOPILOT_TRACEBACK=1 shows more)",
                highlight=False,
                soft_wrap=True,
            )
            raise typer.Exit(NOT_DONE) from error

    return wrapped


def check_numbers(options: dict[str, Any]) -> None:
    """Raise EchoPilotError for numbers that no command can use; say which seeds are kept for independent checks."""
    for name, value in options.items():
        numbers = value if isinstance(value, list | tuple) else (value,)
        for number in numbers:
            if isinstance(number, int | float) and not abs(number) <= MAX_NUMBER:
                raise EchoPilotError(f"--{name.replace('_', '-')} is {one_line(number, 24)}; it must be a usual number")
    for name, count in (("seed", "patients"), ("seed", "runs"), ("replay", ""), ("error_seed", "error_patients")):
        first, many = options.get(name), options.get(count) or 1
        if isinstance(first, int) and isinstance(many, int) and first + many > FIRST_RESERVED_SEED:
            console.print(
                f"note: seeds from {FIRST_RESERVED_SEED} are kept for independent checks; develop on 500000 to 699999",
                highlight=False,
                soft_wrap=True,
            )
            return


def exit_code(error: EchoPilotError | OSError) -> int:
    """2 for bad input, 1 where the machine failed."""
    if isinstance(error, EchoPilotError):
        return error.exit_code
    return NOT_DONE if error.errno in OUR_FAULT else BAD_INPUT


def _told(error: Exception) -> str:
    """The message of an error; that of the system without its number."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def write_json(figures: object, path: Path | None) -> None:
    """Write figures as JSON to a file, or to standard output, when that is asked for.

    Where the file cannot be written they go to standard output, so that they are not lost, and the error is raised.
    """
    if path is None:
        return
    text = json.dumps(figures, indent=2) + "\n"
    if str(path) == STDOUT:
        typer.echo(text, nl=False)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a pipe, a device
            path.write_text(text)
        else:
            replace_file(path.resolve(), text.encode())
    except OSError as error:
        typer.echo(text, nl=False)
        raise WriteError(f"{path} cannot be written: {error.strerror or error}; the figures are above") from error


def say_first_start(console: Console) -> None:
    """Print one line where the simulator's kernels have still to be compiled, otherwise nothing."""
    from echopilot_sim.compile_hint import compile_hint

    if hint := compile_hint():
        console.print(f"first start: {hint}", highlight=False, soft_wrap=True)

"""Commands around the operator's page: passwords of its roles."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from echopilot_core import EchoPilotError
from echopilot_lab.cli.shared import console, one_line_errors

page_app = typer.Typer(help="The operator's page beside a running graph.", no_args_is_help=True)


@page_app.callback()
def page() -> None:
    """The operator's page beside a running graph."""


@page_app.command()
@one_line_errors
def password(
    role: Annotated[str, typer.Argument(help="viewer, operator or service.")],
    file: Annotated[Path | None, typer.Option(help="Password file; default: the user's own.")] = None,
) -> None:
    """Set the password of a role, for the next start of the page; asked for twice, or read as a line of stdin."""
    from echopilot_report.page.access.accounts import default_store, role_named, set_password

    chosen, store = role_named(role), file or default_store()
    if sys.stdin.isatty():
        text = getpass.getpass(f"new password for {chosen.value}: ")
        if getpass.getpass("again: ") != text:
            raise EchoPilotError("the two passwords differ")
    else:
        text = sys.stdin.readline().rstrip("\n")
    set_password(store, chosen, text)
    console.print(f"password of {chosen.value} set in {store}")

"""Interface between the page's server and the running graph."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from echopilot_report.page.access.roles import Action


@dataclass(frozen=True)
class PageRequest:
    """A permitted request; `by` is name and role, `protocol` and `patient` are set for START alone."""

    action: Action
    by: str
    protocol: str = ""
    patient: str = ""


@dataclass(frozen=True)
class RequestResult:
    """Whether a request was carried out, with one line for the user."""

    done: bool
    message: str


class Graph(Protocol):
    """The running graph; called in the server's event loop."""

    async def ask(self, request: PageRequest) -> RequestResult:
        """Carry out a request, or give the reason why not; returns within a few seconds."""
        ...

    @property
    def is_stopped(self) -> bool | None:
        """Whether a stop or a pause is in force; None before the graph has been heard."""
        ...

    @property
    def record_folder(self) -> Path | None:
        """Folder of the running exam's record; None without one on this machine."""
        ...

    @property
    def report(self) -> Path | None:
        """File of the report that was made last; None before there is one."""
        ...

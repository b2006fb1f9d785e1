"""What the page's server needs of the graph behind it."""

from dataclasses import dataclass
from typing import Protocol

from echopilot_report.page.roles import Action


@dataclass(frozen=True)
class Wish:
    """A request of somebody who may make it; `by` is name and role, `protocol` and `patient` belong to START."""

    action: Action
    by: str
    protocol: str = ""
    patient: str = ""


@dataclass(frozen=True)
class Answer:
    """What became of a wish, with one line for a person."""

    done: bool
    message: str


class Graph(Protocol):
    """The running graph; called in the server's loop."""

    async def ask(self, wish: Wish) -> Answer:
        """Carry out a wish, or say why not; returns within a few seconds in any case."""
        ...

"""Health of a node, as it is shown on /diagnostics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Severity(IntEnum):
    """Severity; the numbers are those of `diagnostic_msgs/DiagnosticStatus`."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3  # nothing is known: what it would be judged by has not come


@dataclass(frozen=True)
class Health:
    """State of one part of a node; `values` are shown with four digits, their keys name the unit."""

    message: str
    severity: Severity = Severity.OK
    values: Mapping[str, object] = field(default_factory=dict)

    def texts(self) -> dict[str, str]:
        """The values as they are shown."""
        return {key: f"{v:.4g}" if isinstance(v, float) else str(v) for key, v in self.values.items()}


def running() -> Health:
    """Health of a node that has nothing to tell but that it runs."""
    return Health("runs")

"""Messages to the page, as JSON without NaN."""

import json
import math
import time
from typing import Any


def rounded(value: float, digits: int) -> float | None:
    """None where there is no number."""
    return round(float(value), digits) if math.isfinite(value) else None


def message(kind: str, **content: Any) -> str:
    """One message; the page reads `kind` first."""
    return json.dumps({"kind": kind, **content}, separators=(",", ":"), allow_nan=False)


def log_line(text: str, level: str = "info") -> str:
    """A line for the page's log, with the wall time [s since 1970]; `level`: info, good, warn or alarm."""
    return message("log", at=round(time.time(), 3), text=text, level=level)

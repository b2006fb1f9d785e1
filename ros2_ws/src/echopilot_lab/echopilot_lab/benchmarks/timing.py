"""Timing of the benchmarks: percentiles, one thread, and the table of our times beside a peer's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

SEED = 600_000


def percentiles(milliseconds: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    """p50, p95 and p99."""
    return {f"p{p}": float(np.percentile(milliseconds, p)) for p in (50, 95, 99)}


def show(console: Console, title: str, figures: dict[str, Any]) -> None:
    """A small table: ours and the peer."""
    table = Table(title=title)
    for heading in ("", "p50 ms", "p95 ms"):
        table.add_column(heading)
    table.add_row("echopilot", f"{figures['ms']['p50']:.2f}", f"{figures['ms']['p95']:.2f}")
    peer = figures.get("peer")
    if peer:
        table.add_row(peer["name"], f"{peer['ms']['p50']:.2f}", f"{peer['ms']['p95']:.2f}")
    console.print(table)


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV on one thread for a while; the kernels use one anyway."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)

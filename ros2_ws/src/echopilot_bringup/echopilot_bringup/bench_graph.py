"""`echopilot bench graph`: latency from image to command and dropped frames of the live graph in real time."""

import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from echopilot_bringup.processes import (
    check_exit,
    config_file,
    free_domain,
    graph_environment,
    run_foreground,
    supervised,
)
from echopilot_core.guarded.json_input import read_json

SEED = 600_008


def bench_graph(seconds: float, console: Console) -> dict[str, Any]:
    """Run an aorta exam in real time and measure `seconds` of it from outside the graph."""
    with tempfile.TemporaryDirectory(prefix="echopilot-bench-") as folder:
        environment = graph_environment(
            Path(folder), free_domain(), config_file("bench.yaml"), {"ECHOPILOT_SEED": str(SEED)}
        )
        out = Path(folder) / "graph.json"
        with (
            console.status(f"runs the graph in real time for {seconds:.0f} s"),
            supervised("supervisord.conf", environment) as supervisor,
        ):
            arguments = ["--seconds", str(seconds), "--out", str(out), "--session", str(supervisor.pid)]
            code = run_foreground("echopilot_bringup.graph_probe", arguments, environment)
        check_exit(code, "measuring the live graph", Path(folder) / "log")
        figures: dict[str, Any] = read_json(out, finite=False)
    table = Table(title="live graph, lockstep off, real time")
    for heading in ("", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(heading)
    for name, row in (
        ("image acquired to command", figures["ms"]),
        ("image acquired to result", figures["image_to_result_ms"]),
        (figures["peer"]["name"], figures["peer"]["ms"]),
    ):
        table.add_row(name, *("-" if row[p] is None else f"{row[p]:.1f}" for p in ("p50", "p95", "p99")))
    console.print(table)
    console.print("cores: " + ", ".join(f"{name} {share:.2f}" for name, share in figures["shares"].items()))
    console.print(", ".join(f"{key} {value:.0f}" for key, value in figures["frames"].items()))
    return figures

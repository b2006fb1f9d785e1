"""`echopilot bench hardware`: exams over a driver in wall time, and whether safety held for anything."""

import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

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
PROTOCOL = """
title: Looks, one after the other
steps:
  - {view: AORTA_TRANS, kind: acquire, preset: abdomen, force_n: 8.0, timeout_s: 20, beats: 1, gate: AORTA_TRANS}
"""


def bench_hardware(minutes: float, rate_hz: int, console: Console) -> dict[str, Any]:
    """Run exams for so many minutes over a driver that tells `rate_hz` samples per second."""
    with tempfile.TemporaryDirectory(prefix="echopilot-bench-") as folder:
        extra = {"ECHOPILOT_SEED": str(SEED), "ECHOPILOT_RATE": f"{rate_hz:.1f}"}
        environment = graph_environment(Path(folder), free_domain(), config_file("hardware.yaml"), extra)
        protocol, out = Path(folder) / "bench.yaml", Path(folder) / "hardware.json"
        protocol.write_text(PROTOCOL)
        with (
            console.status(f"runs exams over a driver of {rate_hz} Hz for {minutes:g} min"),
            supervised("supervisord.hardware.conf", environment) as supervisor,
        ):
            arguments = ["--seconds", str(60.0 * minutes), "--protocol", str(protocol)]
            arguments += ["--out", str(out), "--session", str(supervisor.pid)]
            code = run_foreground("echopilot_bringup.hardware.probe", arguments, environment)
        check_exit(code, "measuring the graph of hardware", Path(folder) / "log")
        figures: dict[str, Any] = {"rate_hz": rate_hz, "minutes": minutes, **read_json(out, finite=False)}
    held, faults = figures["held_ticks"], figures["faults_s"]
    console.print(
        f"{len(figures['exams'])} exams, {figures['ticks']} ticks ({figures['lost_ticks']} lost), "
        f"{figures['ticks_in_contact']} in contact, at most {figures['force']['max_n']:.1f} N; age of a state "
        f"{figures['age_ms']['p50']:.1f} ms (median), {figures['age_ms']['p99']:.1f} ms (p99); samples "
        f"were late by {figures['driver_late_ms']:.0f} ms at most"
    )
    console.print("held for: " + (", ".join(f"{name} ({n} ticks)" for name, n in held.items()) or "nothing"))
    console.print("faults of the bridge: " + ("; ".join(faults) or "none"))
    return figures

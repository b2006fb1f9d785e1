"""`echopilot bench hardware`: exams over a driver in wall time, and whether safety held for anything."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from echopilot_bringup.hardware.holds import ENOUGH_NS, Gap, SafetyHold, by_reason, cause
from echopilot_bringup.hardware.machine_watch import MachineWatch
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
NOT_GRANTED = "; SCHED_FIFO was not granted: they may be the graph's own, and explain no hold"
PROTOCOL = """
title: Looks, one after the other
steps:
  - {view: AORTA_TRANS, kind: acquire, preset: abdomen, force_n: 8.0, timeout_s: 20, beats: 1, gate: AORTA_TRANS}
"""


def bench_hardware(minutes: float, rate_hz: int, console: Console) -> dict[str, Any]:
    """Run exams for so many minutes over a driver that tells `rate_hz` samples per second, and watch the machine."""
    with tempfile.TemporaryDirectory(prefix="echopilot-bench-") as folder:
        extra = {"ECHOPILOT_SEED": str(SEED), "ECHOPILOT_RATE": f"{rate_hz:.1f}"}
        environment = graph_environment(Path(folder), free_domain(), config_file("hardware.yaml"), extra)
        protocol, out = Path(folder) / "bench.yaml", Path(folder) / "hardware.json"
        protocol.write_text(PROTOCOL)
        with (
            console.status(f"runs exams over a driver of {rate_hz} Hz for {minutes:g} min"),
            supervised("supervisord.hardware.conf", environment) as supervisor,
            MachineWatch() as machine,
        ):
            arguments = ["--seconds", str(60.0 * minutes), "--protocol", str(protocol)]
            arguments += ["--out", str(out), "--session", str(supervisor.pid)]
            code = run_foreground("echopilot_bringup.hardware.probe", arguments, environment)
        check_exit(code, "measuring the graph of hardware", Path(folder) / "log")
        measured = read_json(out, finite=False)
    began_ns = measured.pop("began_ns")
    gaps = [gap for gap in machine.gaps if gap.end_ns >= began_ns]
    holds = [SafetyHold(begin, end, tuple(reasons)) for begin, end, reasons in measured.pop("holds")]
    figures = {"rate_hz": rate_hz, "minutes": minutes, **measured, **judged(holds, gaps, machine.granted, began_ns)}
    figures["machine"]["cores"] = len(machine.cores)
    tell(figures, console)
    return figures


def judged(holds: Sequence[SafetyHold], gaps: Sequence[Gap], granted: bool, began_ns: int) -> dict[str, Any]:
    """Figures of the holds and of the machine; without SCHED_FIFO for the watchers no gap explains anything."""
    causes = [cause(hold, gaps) if granted else None for hold in holds]
    ours = [hold for hold, gap in zip(holds, causes, strict=True) if gap is None]
    return {
        "holds": {
            "without_cause": by_reason(ours),
            "by_machine": by_reason([hold for hold, gap in zip(holds, causes, strict=True) if gap is not None]),
            "list": [
                {
                    "at_s": 1e-9 * (hold.begin_ns - began_ns),
                    "lasted_s": 1e-9 * (hold.end_ns - hold.begin_ns),
                    "reasons": hold.reasons,
                    "gap_ms": None if gap is None else 1e-6 * gap.length_ns,
                }
                for hold, gap in zip(holds, causes, strict=True)
            ],
        },
        "machine": {
            "sched_fifo": granted,
            "gaps": len(gaps),
            "longest_gap_ms": 1e-6 * max((gap.length_ns for gap in gaps), default=0),
            "enough_ms": 1e-6 * ENOUGH_NS,
            "gaps_enough": sum(gap.length_ns >= ENOUGH_NS for gap in gaps),
            "list": [[round(1e-9 * (g.begin_ns - began_ns), 4), g.core, round(1e-6 * g.length_ns, 1)] for g in gaps],
        },
    }


def tell(figures: Mapping[str, Any], console: Console) -> None:
    """Print what was found, in five lines."""
    machine, holds, faults = figures["machine"], figures["holds"], figures["faults_s"]
    console.print(
        f"{len(figures['exams'])} exams ({figures['exams_finished']} finished), {figures['ticks']} ticks "
        f"({figures['lost_ticks']} lost), {figures['ticks_in_contact']} in contact, at most "
        f"{figures['force']['max_n']:.1f} N; age of a state {figures['age_ms']['p50']:.1f} ms (median), "
        f"{figures['age_ms']['p99']:.1f} ms (p99); samples were late by {figures['driver_late_ms']:.0f} ms at most"
    )
    console.print(
        f"machine: {machine['gaps']} gaps of more than 10 ms on {machine['cores']} cores, "
        f"{machine['longest_gap_ms']:.0f} ms the longest, {machine['gaps_enough']} of {machine['enough_ms']:.0f} ms or "
        "more, which make a state too old" + ("" if machine["sched_fifo"] else NOT_GRANTED)
    )
    console.print("holds without a cause: " + (_listed(holds["without_cause"]) or "none"))
    console.print("holds by the machine: " + (_listed(holds["by_machine"]) or "none"))
    console.print(f"resets by the operator of the bench: {len(figures['resets'])}")
    console.print("faults of the bridge: " + ("; ".join(faults) or "none"))


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({n})" for name, n in counts.items())
